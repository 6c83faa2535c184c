/**
 * The kernels of test/fixtures/cpu: compiled once, run natively and on the interpreter as functions. A
 * kernel returns to a page with one `syscall` in it, which is how its end is seen.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { InterpreterMachine } from "../../runtime/cpu/interpreter/machine.ts";
import { BIAS, PageAccess, Stop } from "../../runtime/cpu/machine.ts";
import type { Context, Space } from "../../runtime/cpu/machine.ts";

const FIXTURES = new URL("../fixtures/cpu/", import.meta.url).pathname;
const CACHE = new URL("../../.cache/cpu-kernels/", import.meta.url).pathname;
const FLAGS = [
  "-O2", "-fno-tree-vectorize", "-fno-stack-protector", "-fno-tree-loop-distribute-patterns",
  "-fno-asynchronous-unwind-tables", "-fcf-protection=none",
];
const [RAX, RSP, RDI] = [0, 4, 7] as const;
const STACK = 0x0200_0000;
const RETURN = STACK + 0x1_0000;
/** As a kernel would: the engine replaces code only where it is entered anew. */
const FUEL = 2_000_000;

/** Arguments of a run that is timed, and of one that is only checked. */
export const KERNELS: readonly (readonly [name: string, timed: number, checked: number])[] = [
  ["sieve", 20, 1], ["chase", 200, 2], ["copy", 2000, 5], ["bytes", 1000, 3], ["sha", 2000, 3],
  ["fib", 32, 16], ["vm", 20, 1], ["qsort", 8, 1], ["nbody", 400_000, 1000], ["hash", 30, 1],
];

export function missingForKernels(): string | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") return "needs Linux on x86-64";
  return spawnSync("gcc", ["--version"]).status === 0 ? undefined : "needs gcc";
}

interface Programs {
  readonly guest: string;
  readonly native: string;
}

function compile(): Programs {
  const source = readFileSync(join(FIXTURES, "kernels.c"));
  const main = readFileSync(join(FIXTURES, "kernels-native.c"));
  const digest = createHash("sha256").update(source).update(main).update(FLAGS.join()).digest("hex").slice(0, 16);
  const folder = join(CACHE, digest);
  const programs = { guest: join(folder, "guest"), native: join(folder, "native") };
  if (existsSync(folder)) return programs;
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  const object = join(unfinished, "kernels.o");
  execFileSync("gcc", [...FLAGS, "-c", join(FIXTURES, "kernels.c"), "-o", object]);
  const layout = ["-Wl,-Ttext-segment=0x400000", "-Wl,-e,k_sieve", "-Wl,--build-id=none"];
  execFileSync("gcc", ["-nostdlib", "-static", "-no-pie", ...layout, object, "-o", join(unfinished, "guest")]);
  execFileSync("gcc", ["-O2", join(FIXTURES, "kernels-native.c"), object, "-o", join(unfinished, "native")]);
  renameSync(unfinished, folder);
  return programs;
}

export interface KernelRun {
  readonly result: string;
  readonly bestMs: number;
}

/** Each kernel with its argument, `repeats` times, in one process. */
export function runNative(runs: readonly (readonly [name: string, argument: number])[], repeats: number): KernelRun[] {
  const words = runs.flatMap(([name, argument]) => [name, String(argument), String(repeats)]);
  const output = execFileSync(compile().native, words, { encoding: "utf8" });
  return output.trim().split("\n").map((line) => {
    const [result = "", ms = ""] = line.split(" ");
    return { result, bestMs: Number(ms) };
  });
}

/** Loads a static ELF file: maps its segments, answers its functions. */
function loadElf(file: Uint8Array, space: Space): ReadonlyMap<string, number> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const u64 = (at: number): number => Number(view.getBigUint64(at, true));
  for (let index = 0; index < view.getUint16(56, true); index++) {
    const at = u64(32) + index * view.getUint16(54, true);
    if (view.getUint32(at, true) !== 1) continue;
    const [offset, address, bytes, size] = [u64(at + 8), u64(at + 16), u64(at + 32), u64(at + 40)];
    space.grow(address + size);
    space.setAccess(address & ~4095, (address + size + 4095) & ~4095, PageAccess.read | PageAccess.write | PageAccess.execute);
    space.bytes.set(file.subarray(offset, offset + bytes), address - BIAS);
  }
  const symbols = new Map<string, number>();
  const section = (index: number): number => u64(40) + index * 64;
  for (let index = 0; index < view.getUint16(60, true); index++) {
    const at = section(index);
    if (view.getUint32(at + 4, true) !== 2) continue;
    const names = u64(section(view.getUint32(at + 40, true)) + 24);
    for (let entry = u64(at + 24); entry < u64(at + 24) + u64(at + 32); entry += 24) {
      const start = names + view.getUint32(entry, true);
      const end = file.indexOf(0, start);
      symbols.set(Buffer.from(file.subarray(start, end)).toString(), u64(entry + 8));
    }
  }
  return symbols;
}

export class KernelMachine {
  readonly #space: Space;
  readonly #context: Context;
  readonly #symbols: ReadonlyMap<string, number>;

  constructor(module: WebAssembly.Module) {
    this.#space = new InterpreterMachine({ module, counterNs: () => 0 }).createSpace({ reserve: () => 0 });
    this.#space.grow(RETURN + 0x1000);
    this.#space.setAccess(STACK, RETURN, PageAccess.read | PageAccess.write);
    this.#space.setAccess(RETURN, RETURN + 0x1000, PageAccess.read | PageAccess.execute);
    this.#space.bytes.set([0x0f, 0x05], RETURN - BIAS);
    this.#symbols = loadElf(readFileSync(compile().guest), this.#space);
    this.#context = this.#space.createContext();
  }

  get executed(): number {
    return this.#space.executed;
  }

  /** Calls a kernel; its result in hexadecimal. */
  call(name: string, argument: number): string {
    const context = this.#context;
    const top = RETURN - 8;
    this.#space.view.setBigUint64(top - BIAS, BigInt(RETURN), true);
    context.setRegister(RSP, BigInt(top));
    context.setRegister(RDI, BigInt(argument));
    context.rip = this.#symbols.get(`k_${name}`) ?? 0;
    for (;;) {
      const stop = this.#space.run(context, FUEL);
      if (stop === Stop.syscall) return context.register(RAX).toString(16);
      if (stop === Stop.fault) throw new Error(`${name}: ${JSON.stringify(this.#space.fault)} at ${context.rip.toString(16)}`);
    }
  }
}
