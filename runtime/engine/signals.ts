/**
 * Linux signal names and numbers (x86-64, signal(7)), as `docker kill --signal` and `STOPSIGNAL`
 * take them: with or without SIG, or as a number.
 */
import { fail } from "../../layers/base/errors.ts";

const NUMBERS: Readonly<Record<string, number>> = {
  ABRT: 6, ALRM: 14, BUS: 7, CHLD: 17, CLD: 17, CONT: 18, FPE: 8, HUP: 1, ILL: 4, INT: 2, IO: 29,
  IOT: 6, KILL: 9, PIPE: 13, POLL: 29, PROF: 27, PWR: 30, QUIT: 3, SEGV: 11, STKFLT: 16, STOP: 19,
  SYS: 31, TERM: 15, TRAP: 5, TSTP: 20, TTIN: 21, TTOU: 22, URG: 23, USR1: 10, USR2: 12, VTALRM: 26,
  WINCH: 28, XCPU: 24, XFSZ: 25,
};

export const SIGKILL = 9;
export const SIGTERM = 15;

/** First and last real-time signal a program may use: glibc keeps 32 and 33 for itself. */
const SIGRTMIN = 34;
const SIGRTMAX = 64;

/** Number of a signal by name or number. */
export function parseSignal(text: string): number {
  if (/^-?\d+$/.test(text)) {
    const number = Number(text);
    if (number === 0) throw fail("invalidParameter", `invalid signal: ${text}`);
    return number;
  }
  const name = text.toUpperCase().replace(/^SIG/, "");
  const number = NUMBERS[name] ?? realTime(name);
  if (number === undefined) throw fail("invalidParameter", `invalid signal: ${text}`);
  return number;
}

/** Whether Linux knows signal `number`. */
export function isValidSignal(number: number): boolean {
  return (number >= SIGRTMIN && number <= SIGRTMAX) || Object.values(NUMBERS).includes(number);
}

function realTime(name: string): number | undefined {
  const match = /^RTM(?:IN(?:\+(\d+))?|AX(?:-(\d+))?)$/.exec(name);
  if (match === null) return undefined;
  const number = name.startsWith("RTMIN") ? SIGRTMIN + Number(match[1] ?? 0) : SIGRTMAX - Number(match[2] ?? 0);
  return number >= SIGRTMIN && number <= SIGRTMAX ? number : undefined;
}
