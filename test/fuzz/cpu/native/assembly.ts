/**
 * The assembly of runtime/cpu alone, compiled by asc for a test. The hard idea: functions that take v128
 * cannot be called from JavaScript, so an entry file of exported wrappers can be given as text.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";

const ROOT = new URL("../../../../", import.meta.url).pathname;
const SOURCES = join(ROOT, "runtime/cpu/assembly");
const CACHE = join(ROOT, ".cache/cpu-native");
const COMPILER = join(ROOT, "node_modules/assemblyscript/bin/asc.js");
const OPTIONS = ["-O3", "--noAssert", "--runtime", "stub", "--enable", "simd", "--initialMemory", "16"];

export interface Assembly {
  readonly memory: WebAssembly.Memory;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** An exported function; numbers in, a number out (64-bit values as bigint). */
  readonly call: (name: string) => (...values: (number | bigint)[]) => number;
}

/** Free for tests: above what the module uses itself. */
export const TEST_MEMORY = 0x8_0000;

/** Compiles `entry` (AssemblyScript that may import "./name" of the room) once per change of anything. */
export async function compileAssembly(entry: string, options: readonly string[] = []): Promise<Assembly> {
  const hash = createHash("sha256").update(entry).update([...OPTIONS, ...options].join(" "));
  for (const name of readdirSync(SOURCES).filter((file) => /^(f80|vector)/.test(file)).sort()) {
    hash.update(name).update(readFileSync(join(SOURCES, name)));
  }
  const stem = join(CACHE, `assembly-${hash.digest("hex").slice(0, 16)}`);
  if (!existsSync(`${stem}.wasm`)) {
    mkdirSync(CACHE, { recursive: true });
    const source = `${stem}.${process.pid}.ts`;
    writeFileSync(source, entry.replaceAll('from "./', `from "../../runtime/cpu/assembly/`));
    const unfinished = `${stem}.${process.pid}.wasm`;
    execFileSync(process.execPath, [COMPILER, source, ...OPTIONS, ...options, "-o", unfinished], { cwd: ROOT, stdio: "pipe" });
    renameSync(unfinished, `${stem}.wasm`);
  }
  const module = await WebAssembly.compile(readFileSync(`${stem}.wasm`));
  const abort = (): never => { throw new Error("the assembly aborted"); };
  const { exports } = await WebAssembly.instantiate(module, { env: { abort } });
  const memory = exports["memory"];
  if (!(memory instanceof WebAssembly.Memory)) throw new Error("the assembly exports no memory");
  const call = (name: string): ((...values: (number | bigint)[]) => number) => {
    const found = exports[name];
    if (typeof found !== "function") throw new Error(`the assembly exports no ${name}`);
    // An exported wasm function of numbers; TypeScript knows it only as Function.
    return found as (...values: (number | bigint)[]) => number;
  };
  return { memory, bytes: new Uint8Array(memory.buffer), view: new DataView(memory.buffer), call };
}
