/**
 * The compiled interpreter as TypeScript sees it: a module with an imported memory, a handful of
 * functions, and cells at known addresses. Instances hold no state of their own: everything is in the
 * memory, so copying a memory copies the machine.
 */
import { must } from "../../../layers/base/assert.ts";

export interface Core {
  initialize(): void;
  run(budget: number): number;
  rflags(): number;
  setRflags(value: number): void;
  /** Linear addresses. */
  invalidate(start: number, end: number): void;
  flush(): void;
  decode(address: number): number;
  /** Where the module's static data ends. */
  dataEnd(): number;
  forceCold(isForced: boolean): void;
  exactFlags(isExact: boolean): void;
  oneByOne(isSingle: boolean): void;
  enableAvx(isThere: boolean): void;
  /** x87 state to and from an fxsave image at a linear address. */
  saveImage(address: number): void;
  restoreImage(address: number): number;
}

export interface CoreImports {
  /** Linear start of a further arena, or 0; asks whoever owns the memory now. */
  reserve: (bytes: number) => number;
  /** Nanoseconds, for rdtsc. */
  readonly counter: () => number;
}

/** Instantiates the interpreter on `memory`. */
export function createCore(module: WebAssembly.Module, memory: WebAssembly.Memory, imports: CoreImports): Core {
  const env = {
    memory,
    reserve: (bytes: number) => imports.reserve(bytes),
    counter: () => imports.counter(),
    abort: () => must(undefined, "the interpreter aborted"),
  };
  const { exports } = new WebAssembly.Instance(module, { env });
  // The module is ours: its exports are those of assembly/index.ts.
  return exports as unknown as Core;
}
