/**
 * The interpreter as a `Machine`: a compiled module, a clock for rdtsc, and the pool of memories. The
 * composition root compiles `.build/runtime/cpu/interpreter.wasm` and passes the module; this room
 * fetches nothing.
 */
import type { Identity, Machine, Space, SpaceOptions } from "../machine.ts";
import { FEATURES, IDENTITY } from "../spec/features.ts";
import { BodyPool } from "./pool.ts";
import { InterpreterSpace } from "./space.ts";

/**
 * Compiled once, and shared between workers: the engine's optimised code comes along. A WebAssembly.Module;
 * opaque, because hosts that pass it on need not know that type.
 */
export type InterpreterModule = object;

/** `bytes` are `.build/runtime/cpu/interpreter.wasm`. */
export function compileInterpreter(bytes: Uint8Array<ArrayBuffer>): Promise<InterpreterModule> {
  return WebAssembly.compile(bytes);
}

export interface InterpreterOptions {
  readonly module: InterpreterModule;
  /** Nanoseconds by a clock that never goes back: the time stamp counter. */
  readonly counterNs: () => number;
}

export class InterpreterMachine implements Machine {
  readonly features: readonly string[] = FEATURES;
  readonly identity: Identity = IDENTITY;
  readonly #pool: BodyPool;

  constructor(options: InterpreterOptions) {
    this.#pool = new BodyPool(options.module, options.counterNs);
  }

  createSpace(options: SpaceOptions): Space {
    return new InterpreterSpace(this.#pool, options);
  }

  dispose(): void {
    this.#pool.clear();
  }
}
