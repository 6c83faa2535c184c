/**
 * How a guest that trapped looks from outside: Linux would have killed it by a signal, so it exits
 * with 128 + that signal, and what the WebAssembly engine said goes to stderr, as a runtime's panic
 * would. The engines word their traps differently; both are recognised here.
 */

const SIGABRT = 6;
const SIGFPE = 8;
const SIGSEGV = 11;

/** V8's and SpiderMonkey's words, and the signal a native program would have got. */
const SIGNALS: readonly (readonly [words: RegExp, signal: number])[] = [
  [/out of bounds|Maximum call stack|too much recursion|null (function|reference)|dereferenc/i, SIGSEGV],
  [/divide by zero|integer (divide|overflow)|remainder by zero|unrepresentable/i, SIGFPE],
  [/unreachable|signature mismatch|indirect call/i, SIGABRT],
];

export interface Trap {
  readonly exitCode: number;
  /** Lines for stderr. */
  readonly text: string;
}

/** Reads the SDK's failure: "command execution failed: RuntimeError: js: …", then a stack. */
export function readTrap(failure: string): Trap {
  const [first = "", ...rest] = failure.replace(/^command execution failed: /, "").split("\n");
  const words = first.replace("RuntimeError: js: ", "").replace(/^RuntimeError: /, "");
  const signal = SIGNALS.find(([pattern]) => pattern.test(words))?.[1] ?? SIGABRT;
  const frames = guestFrames(rest);
  return { exitCode: 128 + signal, text: [`wasm trap: ${words}`, ...frames, ""].join("\n") };
}

/** The guest's part of the stack: what is above the SDK's glue, without addresses of our own files. */
function guestFrames(lines: readonly string[]): string[] {
  const frames: string[] = [];
  for (const line of lines) {
    if (/wasmer_sdk|browser-worker/.test(line) && !/wasm-function/.test(line)) break;
    const found = /^\s*(?:at )?(?:([^\s@(]+)[ @])?.*wasm-function\[(\d+)\]:(0x[0-9a-f]+)/.exec(line);
    const [, name = "?", index, offset] = found ?? [];
    if (index !== undefined && offset !== undefined) frames.push(`    at ${name} (function ${index}, offset ${offset})`);
  }
  return frames;
}
