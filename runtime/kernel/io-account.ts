/**
 * What a control group moves to and from the machine's disk (io.stat), and how fast it may (io.max). One hard
 * idea: a transfer is never refused, it is paid for afterwards. Each limited direction is a clock that runs ahead
 * by what the transfer costs at its rate; whoever made it goes on when the clock has been reached.
 */
const NS_PER_S = 1_000_000_000;

export type Direction = "read" | "write";

export interface IoLimits {
  /** rbps, wbps, riops, wiops of io.max; infinite without a limit. */
  readBytes: number;
  writeBytes: number;
  reads: number;
  writes: number;
}

export class IoAccount {
  readonly limits: IoLimits = {
    readBytes: Number.POSITIVE_INFINITY,
    writeBytes: Number.POSITIVE_INFINITY,
    reads: Number.POSITIVE_INFINITY,
    writes: Number.POSITIVE_INFINITY,
  };
  /** io.weight: kept, for there is one disk and every transfer is done at once. */
  weight = 100;
  readBytes = 0;
  writtenBytes = 0;
  reads = 0;
  writes = 0;
  #readPaidNs = 0;
  #writePaidNs = 0;

  /** One transfer; until when its maker waits, 0 when it need not. */
  charge(direction: Direction, bytes: number, nowNs: number): number {
    const { limits } = this;
    if (direction === "read") {
      this.readBytes += bytes;
      this.reads += 1;
      const costNs = cost(bytes, limits.readBytes, limits.reads);
      if (costNs === 0) return 0;
      this.#readPaidNs = Math.max(this.#readPaidNs, nowNs) + costNs;
      return this.#readPaidNs;
    }
    this.writtenBytes += bytes;
    this.writes += 1;
    const costNs = cost(bytes, limits.writeBytes, limits.writes);
    if (costNs === 0) return 0;
    this.#writePaidNs = Math.max(this.#writePaidNs, nowNs) + costNs;
    return this.#writePaidNs;
  }
}

/** The slower of the two limits decides. */
function cost(bytes: number, bytesPerS: number, transfersPerS: number): number {
  return Math.max(bytes / bytesPerS, 1 / transfersPerS) * NS_PER_S;
}
