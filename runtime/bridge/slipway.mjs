#!/usr/bin/env node
// The `slipway` command. Plain JavaScript so that npx can start it before anything is built.
import { existsSync } from "node:fs";

const compiled = new URL("../../.build/runtime/bridge/command.js", import.meta.url);
if (!existsSync(compiled)) {
  console.error("slipway is not built yet: run `npm ci && npm run build` first (or `npm start`).");
  process.exit(1);
}
const { main } = await import(compiled.href);
process.exitCode = await main(process.argv.slice(2));
