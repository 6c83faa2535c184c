// Builds the processor: generates AssemblyScript from the rows and compiles it with asc to
// .build/runtime/cpu/interpreter.wasm and interpreter-unchecked.wasm. A stamp of all inputs says when
// there is nothing to do. Run after `tsc -b`; tests pass their own `generate`.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import asc from "assemblyscript/asc";

const root = fileURLToPath(new URL("../..", import.meta.url));
const assembly = join(root, "runtime/cpu/assembly");
export const outputFolder = join(root, ".build/runtime/cpu");

// -O1 does what matters (the switch becomes a br_table); the engine optimises the rest.
const OPTIMIZE = process.env.CPU_OPTIMIZE ?? "-O1";

const TRANSFORM = join(root, "runtime/cpu/switch-table.mjs");

function readSources() {
  const names = readdirSync(assembly).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  return new Map(names.sort().map((name) => [name, readFileSync(join(assembly, name), "utf8")]));
}

/** Compiles one variant; answers the path of the module. */
export async function buildInterpreter({ generate, rows, dataStart, isChecked = true, log = () => {} }) {
  const sources = readSources();
  const generated = generate({ rows, sources, isChecked });
  const files = new Map([...sources, ...generated.files]);
  const hash = createHash("sha256").update(readFileSync(TRANSFORM)).update(OPTIMIZE);
  for (const [name, text] of files) hash.update(`${name}\0${text}\0`);
  const stamp = hash.digest("hex");
  const name = isChecked ? "interpreter" : "interpreter-unchecked";
  const target = join(outputFolder, `${name}.wasm`);
  const stampFile = join(outputFolder, `${name}.stamp`);
  if (existsSync(target) && existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return target;
  const folder = join(outputFolder, `assembly-${name}`);
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of files) writeFileSync(join(folder, file), text);
  const started = Date.now();
  const temporary = join(outputFolder, `${name}.${process.pid}.wasm`);
  const { error, stderr } = await asc.main([
    join(folder, "index.ts"), "--outFile", temporary, OPTIMIZE, "--noAssert", "--runtime", "stub",
    "--importMemory", "--initialMemory", "63", "--maximumMemory", "65536", "--memoryBase", String(dataStart),
    "--enable", "simd", "--enable", "bulk-memory", "--enable", "sign-extension", "--enable", "nontrapping-f2i",
    "--disable", "mutable-globals", "--transform", TRANSFORM,
    ...(process.env.CPU_TEXT ? ["--textFile", join(outputFolder, `${name}.wat`)] : []),
  ]);
  if (error) throw new Error(`asc: ${error.message}\n${stderr.toString()}`);
  renameSync(temporary, target);
  writeFileSync(stampFile, stamp);
  log(`${name}.wasm: ${readFileSync(target).length} bytes, ${Date.now() - started} ms; ` +
    `not implemented: ${generated.missing.join(" ") || "nothing"}`);
  return target;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const built = (name) => import(pathToFileURL(join(outputFolder, "spec", name)).href);
  const [{ generate }, { ROWS }, { LAYOUT }] = await Promise.all([built("generate.js"), built("rows.js"), built("layout.js")]);
  for (const isChecked of [true, false]) {
    await buildInterpreter({ generate, rows: ROWS, dataStart: LAYOUT.DATA, isChecked, log: (line) => console.log(line) });
  }
}
