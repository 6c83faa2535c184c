/**
 * Memories of spaces that ended, kept for the next: a browser allows about 125 live ones in a process,
 * and pages once touched are five times cheaper to clear than to get anew.
 */

const WASM_PAGE_BYTES = 0x1_0000;
/** The low range: everything below guest SPACE_START. */
const LOW_PAGES = 63;
const MAXIMUM_PAGES = 65_535;
/** Enough for a shell's pipeline; more would only hold memory. */
const POOLED_MAX = 8;
/** Bigger ones are given back to the host. */
const POOLED_PAGES_MAX = 2048;

export class MemoryPool {
  readonly #free: WebAssembly.Memory[] = [];

  /** A zero-filled memory of at least the low range. */
  take(): WebAssembly.Memory {
    const pooled = this.#free.pop();
    if (pooled === undefined) return new WebAssembly.Memory({ initial: LOW_PAGES, maximum: MAXIMUM_PAGES });
    new Uint8Array(pooled.buffer).fill(0);
    return pooled;
  }

  give(memory: WebAssembly.Memory): void {
    const pages = memory.buffer.byteLength / WASM_PAGE_BYTES;
    if (this.#free.length < POOLED_MAX && pages <= POOLED_PAGES_MAX) this.#free.push(memory);
  }

  clear(): void {
    this.#free.length = 0;
  }
}
