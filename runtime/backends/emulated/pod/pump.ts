/**
 * Keeps a kernel running: slices of guest time with the worker's messages heard in between, sleep until the
 * next timer when nobody is ready. One hard idea: whatever comes from outside (a key, a signal, room in a
 * pipe) is a plain call into the kernel between two slices, and the kernel asks for the next by `wake`.
 */
import type { Clock } from "../../../../layers/base/clock.ts";
import type { Disposable } from "../../../../layers/base/disposable.ts";
import type { Kernel } from "../../../kernel/kernel.ts";

/** A key typed into a busy container waits at most this long. */
const SLICE_MS = 8;
const NS_PER_MS = 1_000_000;
/** Longest delay a timer of the host takes (2^31 ms). */
const DELAY_MS_MAX = 2_000_000_000;

export class Pump implements Disposable {
  readonly #soon: (callback: () => void) => void;
  readonly #clock: Clock;
  readonly #onCrash: (thrown: unknown) => void;
  readonly #afterSlice: () => void;
  #kernel: Kernel | undefined;
  #timer: Disposable | undefined;
  #isScheduled = false;
  #isDisposed = false;

  /** `onCrash` hears of our own mistakes: the kernel threw. `afterSlice` comes before anybody sees what was done. */
  constructor(
    clock: Clock,
    soon: (callback: () => void) => void,
    onCrash: (thrown: unknown) => void,
    afterSlice: () => void,
  ) {
    this.#clock = clock;
    this.#soon = soon;
    this.#onCrash = onCrash;
    this.#afterSlice = afterSlice;
  }

  /** The kernel that is kept running; once. */
  attach(kernel: Kernel): void {
    this.#kernel = kernel;
  }

  /** Runs a slice soon. */
  wake(): void {
    if (this.#isScheduled || this.#isDisposed) return;
    this.#isScheduled = true;
    this.#timer?.dispose();
    this.#timer = undefined;
    this.#soon(() => this.#slice());
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#timer?.dispose();
  }

  #slice(): void {
    this.#isScheduled = false;
    const kernel = this.#kernel;
    if (kernel === undefined || this.#isDisposed) return;
    try {
      const idleness = kernel.run(SLICE_MS);
      this.#afterSlice();
      if (idleness.kind === "busy") this.wake();
      else if (idleness.untilNs !== undefined) this.#sleep((idleness.untilNs - kernel.monotonicNs()) / NS_PER_MS);
    } catch (thrown) {
      this.dispose();
      this.#onCrash(thrown);
    }
  }

  #sleep(delayMs: number): void {
    if (this.#isScheduled) return;
    this.#timer?.dispose();
    this.#timer = this.#clock.after(Math.min(Math.max(0, delayMs), DELAY_MS_MAX), () => this.#slice());
  }
}
