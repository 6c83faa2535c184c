/**
 * What `docker stats` knows of a guest: memory and processor time, in shared memory that the pod can
 * read while the guest computes. The guest's worker notes the time at every border between guest and
 * host, so time spent in the SDK and asleep is not counted; a guest that never calls out is still
 * seen, because the start of its current slice is there too.
 */

/** Float64 slots. */
const SLOT = { memoryBytes: 0, cpuMs: 1, sliceStartMs: 2 } as const;
const SLOTS = 3;

/** Milliseconds on a clock that all workers share. */
function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

export function createGauges(): SharedArrayBuffer {
  return new SharedArrayBuffer(SLOTS * Float64Array.BYTES_PER_ELEMENT);
}

/** The guest worker's side. */
export class GaugeWriter {
  readonly #slots: Float64Array;

  constructor(gauges: SharedArrayBuffer) {
    this.#slots = new Float64Array(gauges);
  }

  enterGuest(): void {
    this.#slots[SLOT.sliceStartMs] = nowMs();
  }

  leaveGuest(memoryBytes: number): void {
    const started = this.#slots[SLOT.sliceStartMs] ?? 0;
    if (started > 0) this.#slots[SLOT.cpuMs] = (this.#slots[SLOT.cpuMs] ?? 0) + (nowMs() - started);
    this.#slots[SLOT.sliceStartMs] = 0;
    this.#slots[SLOT.memoryBytes] = memoryBytes;
  }
}

/** The pod's side. */
export function readGauges(gauges: SharedArrayBuffer): { memoryBytes: number; cpuMs: number } {
  const slots = new Float64Array(gauges);
  const started = slots[SLOT.sliceStartMs] ?? 0;
  const current = started > 0 ? Math.max(0, nowMs() - started) : 0;
  return { memoryBytes: slots[SLOT.memoryBytes] ?? 0, cpuMs: (slots[SLOT.cpuMs] ?? 0) + current };
}
