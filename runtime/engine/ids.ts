/**
 * Identifiers: 64 random hexadecimal digits, shown as their first twelve, and found again by any
 * unambiguous prefix.
 */
import { toHex } from "../../layers/base/bytes.ts";
import type { Rng } from "../../layers/base/clock.ts";

/** A fresh identifier. One whose first twelve digits are all decimal would read as a number: drawn again. */
export function randomId(rng: Rng): string {
  for (;;) {
    const id = toHex(rng.fill(new Uint8Array(32)));
    if (!/^\d+$/.test(id.slice(0, 12))) return id;
  }
}

/** The short form Docker prints: twelve digits, without a digest's algorithm. */
export function truncateId(id: string): string {
  const colon = id.indexOf(":");
  return id.slice(colon + 1, colon + 13);
}
