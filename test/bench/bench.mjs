// `npm run bench -- NAME [arguments]`: runs the default export of test/bench/NAME.ts, which measures
// one thing as a ratio to the same work done natively in the same run. Without a name, lists them.
import { readdirSync } from "node:fs";
import { runnerImport } from "vite";

const folder = new URL(".", import.meta.url).pathname;
// A bench is a module in this folder with a default export; its parts lie in folders beside it.
const names = readdirSync(folder).filter((file) => file.endsWith(".ts")).map((file) => file.slice(0, -3));
const [name, ...parameters] = process.argv.slice(2);

if (name === undefined || !names.includes(name)) {
  console.log(`usage: npm run bench -- NAME [arguments]\nnames: ${names.join(", ")}`);
  process.exitCode = name === undefined ? 0 : 2;
} else {
  const { module } = await runnerImport(`${folder}${name}.ts`, { configFile: false, logLevel: "error" });
  process.exitCode = (await module.default(parameters)) ?? 0;
}
