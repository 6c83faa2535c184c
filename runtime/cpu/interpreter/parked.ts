/**
 * What is kept of a space while another uses its memory: hosts allow only so many memories (a Chromium tab about
 * 125), and a pod may have more processes than that. One hard idea: a memory is all the state there is, and
 * the page map knows which of it was ever used; so what is kept is a few ranges, as for a fork.
 */
import { clean, contentRanges } from "./contents.ts";
import type { Body } from "./pool.ts";

const WASM_PAGE_BYTES = 0x1_0000;

export class Parked {
  /** Of the memory: it never shrinks for the guest. */
  readonly sizeBytes: number;
  readonly #pieces: readonly { readonly start: number; readonly bytes: Uint8Array }[];
  readonly #touched: Uint8Array;

  constructor(body: Body) {
    const bytes = new Uint8Array(body.memory.buffer);
    this.sizeBytes = bytes.length;
    this.#touched = body.touched.slice();
    this.#pieces = contentRanges(bytes, body.touched).map(([start, end]) => ({ start, bytes: bytes.slice(start, end) }));
  }

  /** Puts everything into `body`. @throws RangeError when the host cannot make it large enough. */
  moveInto(body: Body): void {
    const missing = Math.ceil((this.sizeBytes - body.memory.buffer.byteLength) / WASM_PAGE_BYTES);
    if (!body.isFresh) clean(new Uint8Array(body.memory.buffer), body.touched);
    if (missing > 0) body.memory.grow(missing);
    const bytes = new Uint8Array(body.memory.buffer);
    for (const piece of this.#pieces) bytes.set(piece.bytes, piece.start);
    body.touched.set(this.#touched);
  }
}
