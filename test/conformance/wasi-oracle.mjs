// Runs one WASI program under Node's own WASI: the oracle. argv: module, root directory, then the
// program's arguments; environment as given, stdio inherited.
import { readFileSync } from "node:fs";
import { WASI } from "node:wasi";

const [, , module, root, ...args] = process.argv;
const wasi = new WASI({
  version: "preview1",
  args,
  env: JSON.parse(process.env.GUEST_ENV),
  preopens: { "/": root },
  returnOnExit: true,
});
const compiled = new WebAssembly.Module(readFileSync(module));
process.exitCode = wasi.start(new WebAssembly.Instance(compiled, wasi.getImportObject()));
