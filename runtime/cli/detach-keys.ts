/**
 * The keys that leave a container running (moby/term: proxy.go): bytes that may begin the sequence are
 * held back until it is clear that they do not.
 */
import { concatBytes } from "../../layers/base/bytes.ts";
import { fail } from "../../layers/base/errors.ts";

export const DETACH_KEYS_DEFAULT = "ctrl-p,ctrl-q";

/** "ctrl-p,ctrl-q" as bytes. @throws SlipwayError invalidParameter */
export function parseDetachKeys(text: string): Uint8Array {
  const codes = text.split(",").map((key) => {
    const found = /^ctrl-([a-z@[\\\]^_])$/i.exec(key);
    if (found?.[1] !== undefined) return found[1].toUpperCase().charCodeAt(0) & 0x1f;
    if (key.length === 1) return key.charCodeAt(0);
    throw fail("invalidParameter", `Unknown character: '${key}'`);
  });
  return Uint8Array.from(codes);
}

export class DetachKeys {
  readonly #keys: Uint8Array;
  #matched = 0;

  constructor(text: string) {
    this.#keys = parseDetachKeys(text === "" ? DETACH_KEYS_DEFAULT : text);
  }

  /** What of `bytes` is for the container, and whether the sequence is complete. */
  feed(bytes: Uint8Array): { readonly bytes: Uint8Array; readonly isDetached: boolean } {
    const parts: Uint8Array[] = [];
    for (const byte of bytes) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched++;
        if (this.#matched === this.#keys.length) return { bytes: concatBytes(parts), isDetached: true };
        continue;
      }
      parts.push(this.#keys.slice(0, this.#matched));
      this.#matched = byte === this.#keys[0] ? 1 : 0;
      if (this.#matched === 0) parts.push(Uint8Array.of(byte));
    }
    return { bytes: concatBytes(parts), isDetached: false };
  }
}
