/**
 * Memories of spaces that ended, with the interpreter instantiated on them, kept for the next. The hard
 * idea: what a fork costs is the host's page faults (a microsecond or more for each 4 KiB never touched),
 * so a memory whose pages are resident is worth ten times its size in copying. It is made clean only when
 * it is taken, because then it is known what will be overwritten anyway.
 */
import { GROUPS } from "./contents.ts";
import { createCore } from "./core.ts";
import type { Core, CoreImports } from "./core.ts";

/** The low range: everything below guest SPACE_START. */
const LOW_PAGES = 63;
const MAXIMUM_PAGES = 65_535;
/** Enough for a shell's pipeline; a browser allows about 125 live memories in a process. */
const POOLED_MAX = 8;
/** Resident bytes of one, and of all together: an idle container should not hold what it once used. */
const RESIDENT_BYTES_MAX = 16 * 1024 * 1024;
const RESIDENT_TOTAL_BYTES_MAX = 32 * 1024 * 1024;

/** A memory and the interpreter on it. */
export interface Body {
  readonly memory: WebAssembly.Memory;
  readonly core: Core;
  /** The hooks of the space that owns it now. */
  readonly imports: CoreImports;
  /** By group of pages: 1 where a page may have had access (contents.ts). */
  readonly touched: Uint8Array;
  /** How much of it the host holds, about, since it was given back. */
  residentBytes: number;
  isFresh: boolean;
}

export class BodyPool {
  readonly #module: WebAssembly.Module;
  readonly #counter: () => number;
  #free: Body[] = [];
  #residentBytes = 0;

  constructor(module: WebAssembly.Module, counter: () => number) {
    this.#module = module;
    this.#counter = counter;
  }

  /** One that holds at least the low range; if not fresh, the taker cleans it. */
  take(): Body {
    const pooled = this.#free.pop();
    if (pooled !== undefined) {
      this.#residentBytes -= pooled.residentBytes;
      return pooled;
    }
    const memory = new WebAssembly.Memory({ initial: LOW_PAGES, maximum: MAXIMUM_PAGES });
    const imports: CoreImports = { reserve: () => 0, counter: this.#counter };
    const core = createCore(this.#module, memory, imports);
    return { memory, imports, core, touched: new Uint8Array(GROUPS), residentBytes: 0, isFresh: true };
  }

  give(body: Body, residentBytes: number): void {
    body.isFresh = false;
    body.residentBytes = residentBytes;
    body.imports.reserve = () => 0;
    if (residentBytes > RESIDENT_BYTES_MAX) return;
    this.#free.push(body);
    this.#residentBytes += residentBytes;
    while (this.#free.length > POOLED_MAX || this.#residentBytes > RESIDENT_TOTAL_BYTES_MAX) {
      this.#residentBytes -= this.#free.shift()?.residentBytes ?? 0;
    }
  }

  clear(): void {
    this.#free = [];
    this.#residentBytes = 0;
  }
}
