/**
 * The keys that leave an attached container running: ctrl-p,ctrl-q unless told otherwise
 * (moby term/ascii.go and term/proxy.go). Keys of an unfinished sequence are held back, since they
 * may yet turn out to be the program's.
 */
import { fail } from "../../../layers/base/errors.ts";

const DEFAULT_KEYS = [16, 17]; // ctrl-p, ctrl-q.
const CONTROL_SYMBOLS: Readonly<Record<string, number>> = { "@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, _: 31 };

/** Codes of "ctrl-p,ctrl-q", "a,b", "ctrl-\\"; Docker's own when empty. */
export function parseDetachKeys(text: string): readonly number[] {
  if (text === "") return DEFAULT_KEYS;
  return text.split(",").map((key) => {
    if (key.length === 1) return key.charCodeAt(0);
    const control = /^ctrl-(.)$/i.exec(key)?.[1]?.toLowerCase();
    const code = control === undefined ? undefined : codeOf(control);
    if (code === undefined) throw fail("invalidParameter", `Invalid detach keys (${text}) provided`);
    return code;
  });
}

function codeOf(control: string): number | undefined {
  if (/^[a-z]$/.test(control)) return control.charCodeAt(0) - 96;
  return CONTROL_SYMBOLS[control];
}

export class DetachKeys {
  readonly #keys: readonly number[];
  #matched = 0;

  constructor(keys: readonly number[]) {
    this.#keys = keys;
  }

  /** What of `piece` goes on to the program, and whether the sequence is complete. */
  filter(piece: Uint8Array): { readonly bytes: Uint8Array; readonly isDetached: boolean } {
    const passed: number[] = [];
    for (const byte of piece) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched += 1;
        if (this.#matched === this.#keys.length) {
          this.#matched = 0;
          return { bytes: Uint8Array.from(passed), isDetached: true };
        }
        continue;
      }
      // Not the sequence after all: what was held back belongs to the program.
      passed.push(...this.#keys.slice(0, this.#matched));
      this.#matched = byte === this.#keys[0] ? 1 : 0;
      if (this.#matched === 0) passed.push(byte);
    }
    return { bytes: Uint8Array.from(passed), isDetached: false };
  }
}
