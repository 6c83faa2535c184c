/** Bytes in order, first in, first out: a ring that doubles as it fills and is given back when empty. */

const START_BYTES = 4096;
/** A ring larger than this is not kept once it is empty. */
const KEPT_BYTES = 65_536;

export class ByteQueue {
  #ring = new Uint8Array(0);
  #start = 0;
  #count = 0;

  get length(): number {
    return this.#count;
  }

  push(source: Uint8Array): void {
    this.#reserve(this.#count + source.length);
    const at = (this.#start + this.#count) % this.#ring.length;
    const first = Math.min(source.length, this.#ring.length - at);
    this.#ring.set(source.subarray(0, first), at);
    this.#ring.set(source.subarray(first), 0);
    this.#count += source.length;
  }

  /** Copies into `target` from `skip` on without taking: how many. */
  peek(target: Uint8Array, skip = 0): number {
    const count = Math.max(0, Math.min(target.length, this.#count - skip));
    if (count === 0) return 0;
    const at = (this.#start + skip) % this.#ring.length;
    const first = Math.min(count, this.#ring.length - at);
    target.set(this.#ring.subarray(at, at + first));
    target.set(this.#ring.subarray(0, count - first), first);
    return count;
  }

  take(target: Uint8Array): number {
    const count = this.peek(target);
    this.drop(count);
    return count;
  }

  /** The next bytes that lie together, at most `sizeBytes`; good until the queue changes. */
  head(sizeBytes: number): Uint8Array {
    const count = Math.min(sizeBytes, this.#count, this.#ring.length - this.#start);
    return this.#ring.subarray(this.#start, this.#start + count);
  }

  drop(sizeBytes: number): void {
    this.#count -= sizeBytes;
    if (this.#count === 0) {
      this.#start = 0;
      if (this.#ring.length > KEPT_BYTES) this.#ring = new Uint8Array(0);
    } else this.#start = (this.#start + sizeBytes) % this.#ring.length;
  }

  clear(): void {
    this.drop(this.#count);
  }

  #reserve(needed: number): void {
    if (needed <= this.#ring.length) return;
    let size = Math.max(START_BYTES, this.#ring.length);
    while (size < needed) size *= 2;
    const larger = new Uint8Array(size);
    this.peek(larger.subarray(0, this.#count));
    this.#ring = larger;
    this.#start = 0;
  }
}
