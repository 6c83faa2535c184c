/**
 * The limit on what a compressed stream may expand to, so that a few kilobytes from a hostile registry
 * cannot fill the disk. Two measures: the ratio, once there is enough output for a ratio to mean
 * anything, and an absolute size.
 */
import { fail } from "../base/errors.ts";

/**
 * Output over input. Deflate cannot exceed 1032 and reaches it only on one repeated byte; layers stay
 * below 20, so that 800 refuses what was made to expand and nothing else.
 */
export const EXPANSION_RATIO_MAX = 800;

/** Below this much output any ratio is harmless: an ordinary small image holds more. */
export const EXPANSION_FLOOR_BYTES = 64 * 1024 * 1024;

/** More than any layer seen in public registries, and more than a browser's quota. */
export const EXPANDED_BYTES_MAX = 64 * 1024 * 1024 * 1024;

export class ExpansionLimit {
  readonly #sizeBytesMax: number;
  #inputBytes = 0;
  #outputBytes = 0;

  constructor(sizeBytesMax: number = EXPANDED_BYTES_MAX) {
    this.#sizeBytesMax = sizeBytesMax;
  }

  get outputBytes(): number {
    return this.#outputBytes;
  }

  took(sizeBytes: number): void {
    this.#inputBytes += sizeBytes;
  }

  /** @throws SlipwayError `resourceExhausted` when the output has passed a limit. */
  gave(sizeBytes: number): void {
    this.#outputBytes += sizeBytes;
    if (this.#outputBytes > this.#sizeBytesMax) {
      throw fail("resourceExhausted", `decompressed data exceeds ${this.#sizeBytesMax} bytes`);
    }
    if (
      this.#outputBytes > EXPANSION_FLOOR_BYTES &&
      this.#outputBytes > this.#inputBytes * EXPANSION_RATIO_MAX
    ) {
      throw fail(
        "resourceExhausted",
        `compressed data expands more than ${EXPANSION_RATIO_MAX} times ` +
          `(${this.#outputBytes} bytes from ${this.#inputBytes}): refused`,
      );
    }
  }
}
