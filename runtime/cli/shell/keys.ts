/**
 * What a terminal sends, as keys: text, control characters, escape sequences of xterm, bracketed paste.
 * Sequences may be cut anywhere; what is incomplete waits for the rest.
 */

export type Key =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "paste"; readonly text: string }
  /** "enter", "tab", "up", "ctrl-a", "alt-b", "ctrl-left"… */
  | { readonly kind: "key"; readonly name: string };

/** Final bytes of CSI and SS3 sequences. */
const FINALS: Readonly<Record<string, string>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  H: "home",
  F: "end",
  Z: "shift-tab",
};
/** Numbers of "CSI n ~" sequences. */
const NUMBERS: Readonly<Record<string, string>> = {
  1: "home",
  3: "delete",
  4: "end",
  5: "page-up",
  6: "page-down",
  7: "home",
  8: "end",
};
const CONTROLS: Readonly<Record<number, string>> = {
  8: "backspace",
  9: "tab",
  10: "enter",
  13: "enter",
  27: "escape",
  127: "backspace",
};
const PASTE_START = "\x1b[200~";
const PASTE_END = "\x1b[201~";

export class KeyDecoder {
  readonly #decoder = new TextDecoder();
  #rest = "";

  /** The keys that `bytes` complete. */
  feed(bytes: Uint8Array): Key[] {
    const isLoneEscape = bytes.length === 1 && bytes[0] === 27 && this.#rest === "";
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    if (isLoneEscape) {
      this.#rest = "";
      return [{ kind: "key", name: "escape" }];
    }
    const keys: Key[] = [];
    for (let key = this.#next(); key !== undefined; key = this.#next()) keys.push(key);
    return keys;
  }

  #next(): Key | undefined {
    const text = this.#rest;
    if (text === "") return undefined;
    if (text.startsWith(PASTE_START)) return this.#paste();
    if (text.startsWith("\x1b")) return this.#escape();
    const code = text.charCodeAt(0);
    if (code < 32 || code === 127) {
      this.#rest = text.slice(1);
      const letter = String.fromCharCode(code + 96);
      return {
        kind: "key",
        name: CONTROLS[code] ?? `ctrl-${code >= 1 && code <= 26 ? letter : String.fromCharCode(code + 64)}`,
      };
    }

    const run = /^[^\x00-\x1f\x7f]+/.exec(text)?.[0] ?? text;
    this.#rest = text.slice(run.length);
    return { kind: "text", text: run };
  }

  #paste(): Key | undefined {
    const end = this.#rest.indexOf(PASTE_END);
    if (end < 0) return undefined;
    const text = this.#rest.slice(PASTE_START.length, end).replaceAll("\r\n", "\n").replaceAll("\r", "\n");
    this.#rest = this.#rest.slice(end + PASTE_END.length);
    return { kind: "paste", text };
  }

  #escape(): Key | undefined {
    const sequence = /^\x1b(?:\[([0-9;]*)([@-~])|O([@-~]))/.exec(this.#rest);
    if (sequence !== null) {
      this.#rest = this.#rest.slice(sequence[0].length);
      return { kind: "key", name: sequenceName(sequence[1] ?? "", sequence[2] ?? sequence[3] ?? "") };
    }

    if (/^\x1b(?:\[[0-9;]*|O)?$/.test(this.#rest)) return undefined;
    const letter = Array.from(this.#rest)[1] ?? "";
    this.#rest = this.#rest.slice(1 + letter.length);
    return { kind: "key", name: letter === "\x7f" || letter === "\b" ? "alt-backspace" : `alt-${letter}` };
  }
}

function sequenceName(parameters: string, final: string): string {
  const [first = "", modifier = ""] = parameters.split(";");
  const base = final === "~" ? NUMBERS[first] : FINALS[final];
  if (base === undefined) return `unknown-${parameters}${final}`;
  const bits = modifier === "" ? 0 : Number(modifier) - 1;
  return `${(bits & 4) !== 0 ? "ctrl-" : ""}${(bits & 2) !== 0 ? "alt-" : ""}${base}`;
}
