/**
 * A system call as data: its number, name, parameters as strace shows them, how much of it there is, and
 * its handler. The table feeds dispatch, --strace, the ledger of what is missing, and the README.
 */
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";

/**
 * How strace prints a parameter. "path" and "buffer" are read from the program's memory; "fd", "signal",
 * "mode", "flags:open" and their like by their names.
 */
export type Parameter = string;

/** full: all that Linux does and programs use; partial: `note` says what is missing; none: answers ENOSYS. */
export type Level = "full" | "partial" | "none";

/**
 * Arguments are signed 64-bit words as numbers, those that are an int in C cut to one, as SYSCALL_DEFINE does;
 * a handler declares as many as it needs.
 */
export type Handler = (task: Task, a: number, b: number, c: number, d: number, e: number, f: number) => Result;

export interface SyscallRow {
  /** asm/unistd_64.h. */
  readonly number: number;
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** Bit n: parameter n is an int, whatever the upper half of its register holds. */
  readonly integers?: number;
  /** Bits of the parameters that are unsigned int in C. */
  readonly halves?: number;
  readonly level: Level;
  /** What is missing, for "partial". */
  readonly note?: string;
  readonly handler?: Handler;
}

/** Rows by number. */
export interface Syscalls {
  readonly rows: readonly SyscallRow[];
  get(number: number): SyscallRow | undefined;
}

export function syscallsOf(rows: readonly SyscallRow[]): Syscalls {
  const byNumber: (SyscallRow | undefined)[] = [];
  for (const row of rows) byNumber[row.number] = row;
  return { rows, get: (number) => byNumber[number] };
}

/** Kinds whose C type is int, and flags: of flags, only these are an unsigned long. */
const INTEGERS = new Set<Parameter>([
  "fd", "dirfd", "pid", "signal", "int", "clock", "whence", "family", "socktype", "shutdown", "epollctl", "futex", "advice",
]);
const LONG_FLAGS = new Set<Parameter>(["flags:clone", "flags:prot", "flags:map", "flags:mremap", "flags:mount"]);

/** What is unsigned in C, and half a register: -1 may come as it is or as 2^32 - 1. */
const HALVES = new Set<Parameter>(["mode", "uid", "gid", "command:fcntl", "request", "rlimit-resource", "unsigned"]);

function halvesOf(parameters: readonly Parameter[]): number {
  return parameters.reduce((bits, kind, index) => (HALVES.has(kind) ? bits | (1 << index) : bits), 0);
}

function integersOf(parameters: readonly Parameter[]): number {
  let bits = 0;
  parameters.forEach((kind, index) => {
    const isFlags = kind.startsWith("flags") && !LONG_FLAGS.has(kind);
    if (isFlags || INTEGERS.has(kind)) bits |= 1 << index;
  });
  return bits;
}

/** A row that is all there: `call(0, "read", "fd, buffer, size", sysRead)`. */
export function call(number: number, name: string, parameters: string, handler: Handler, note?: string): SyscallRow {
  const list = parameters === "" ? [] : parameters.split(", ");
  const level: Level = note === undefined ? "full" : "partial";
  const widths = { integers: integersOf(list), halves: halvesOf(list) };
  const row = { number, name, parameters: list, ...widths, level, handler };
  return note === undefined ? row : { ...row, note };
}
