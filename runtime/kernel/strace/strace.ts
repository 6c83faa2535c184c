/**
 * Calls as `strace -f -o FILE` writes them. One hard idea: a line stays open from a call's entry to its answer;
 * when another task has something to say meanwhile it is closed as unfinished, and resumed later.
 */
import { encodeUtf8 } from "../../../layers/base/bytes.ts";
import { errnoName } from "../abi/errno.ts";
import { SI_KERNEL, SI_TKILL, SI_USER, Signal } from "../abi/signal.ts";
import { SYSCALL_NAMES } from "../abi/syscall-names.ts";
import { guarded } from "../syscalls/dispatch.ts";
import type { SignalInfo } from "../task/signal-state.ts";
import type { Task } from "../task/task.ts";
import type { Tracer } from "../task/tracer.ts";
import { ADDRESS_ANSWERS } from "./calls.ts";
import { ERRNO_TEXT, RESTART_TEXT } from "./errno-text.ts";
import { hex, pointer, signalName } from "./names.ts";
import { parametersOf, printParameter, printSpecial, shownCount } from "./parameters.ts";
import type { Call, Special } from "./parameters.ts";
import { quoteWhole } from "./quote.ts";
import { polledFds, strings, variables } from "./structures.ts";

/** Answers are in this column, as strace has them. */
const COLUMN = 40;
const RSP = 4;
const WORD_BYTES = 8;
const ARGUMENTS = [7, 6, 2, 10, 8, 9] as const;
const RESTART_CODES_MIN = 512;
const ERRNO_MAX = 4095;
const CODES: Readonly<Record<number, string>> = {
  [SI_USER]: "SI_USER",
  [SI_KERNEL]: "SI_KERNEL",
  [SI_TKILL]: "SI_TKILL",
  [-1]: "SI_QUEUE",
  [-2]: "SI_TIMER",
};
const CODES_BY_SIGNAL: Readonly<Record<number, readonly string[]>> = {
  [Signal.SIGCHLD]: ["CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED"],
  [Signal.SIGSEGV]: ["SEGV_MAPERR", "SEGV_ACCERR"],
  [Signal.SIGBUS]: ["BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR"],
  [Signal.SIGFPE]: [
    "FPE_INTDIV",
    "FPE_INTOVF",
    "FPE_FLTDIV",
    "FPE_FLTOVF",
    "FPE_FLTUND",
    "FPE_FLTRES",
    "FPE_FLTINV",
  ],
  [Signal.SIGILL]: ["ILL_ILLOPC", "ILL_ILLOPN"],
  [Signal.SIGTRAP]: ["TRAP_BRKPT", "TRAP_TRACE"],
  [Signal.SIGSYS]: ["SYS_SECCOMP"],
};

interface OpenCall extends Call {
  readonly kinds: readonly string[];
  readonly shown: number;
  /** Parameters already written. */
  readonly written: number;
  readonly special: Special | undefined;
}

export class Strace implements Tracer {
  readonly #sink: (text: string) => void;
  readonly #calls = new Map<Task, OpenCall>();
  /** Whose line is unfinished, and its text so far. */
  #line: { readonly task: Task; text: string } | undefined;

  /** `sink` gets whole lines. */
  constructor(sink: (text: string) => void) {
    this.#sink = sink;
  }

  /** The exec that started a container's first program: nobody saw its entry. */
  started(task: Task, path: string): void {
    const stack = task.context.integer(RSP);
    const count = task.memory.readInteger(stack);
    const [args, env] = [stack + WORD_BYTES, stack + WORD_BYTES * (count + 2)];
    const shown = [quoteWhole(encodeUtf8(path)), strings(task.memory, args), variables(task.memory, env)];
    this.#open(task, `execve(${shown.join(", ")}`);
    this.#close(task, "0");
  }

  entered(task: Task, number: number): void {
    const args = ARGUMENTS.map((register) => task.context.integer(register));
    const row = task.kernel.syscalls.get(number);
    const name = row?.name ?? SYSCALL_NAMES.get(number) ?? `syscall_${hex(number)}`;
    const call = { task, name, args };
    const kinds = parametersOf(name, row?.parameters ?? args.map(() => "hex"));
    let special: Special | undefined;
    guarded(() => {
      special = printSpecial(call);
      return 0;
    });
    const shown = special === undefined ? shownCount(call, kinds) : 0;
    const first = kinds.findIndex((kind) => kind.startsWith(">"));
    const written = first < 0 ? shown : Math.min(first, shown);
    const texts = kinds
      .slice(0, written)
      .map((kind, index) => printParameter(call, kind, index, Number.POSITIVE_INFINITY));
    const isMore = written < shown && written > 0 && kinds[written] !== ">polled";
    const text = `${name}(${special?.entry ?? texts.join(", ")}${isMore ? ", " : ""}`;
    this.#calls.set(task, { ...call, kinds, shown, written, special });
    this.#open(task, text);
  }

  answered(task: Task, result: number): void {
    const call = this.#calls.get(task);
    if (call === undefined) return;
    this.#calls.delete(task);
    const { kinds, shown, written } = call;
    let note = "";
    const texts: string[] = [];
    for (let index = written; index < shown; index++) {
      const kind = kinds[index] ?? "";
      if (kind === ">polled") note = polledNote(call, result);
      else texts.push(printParameter(call, kind, index, result));
    }
    this.#resume(call, `${texts.join(", ")}${call.special?.exit(result) ?? ""}`);
    this.#close(call.task, `${answerText(call.name, result)}${note}`);
  }

  signalled(task: Task, info: SignalInfo): void {
    this.#write(task, `--- ${signalName(info.signal)} ${signalText(task, info)} ---`);
  }

  ended(task: Task, status: number): void {
    const call = this.#calls.get(task);
    this.#calls.delete(task);
    if (call !== undefined) {
      this.#resume(call, "");
      this.#close(task, "?");
    }
    const signal = status & 0x7f;
    const core = (status & 0x80) !== 0 ? " (core dumped)" : "";
    const how =
      signal === 0 ? `exited with ${(status >> 8) & 0xff}` : `killed by ${signalName(signal)}${core}`;
    this.#write(task, `+++ ${how} +++`);
  }

  #open(task: Task, text: string): void {
    this.#flush();
    this.#line = { task, text: `${prefix(task)}${text}` };
  }

  /** Goes on with the line of a call, which may have been closed as unfinished. */
  #resume(call: OpenCall, rest: string): void {
    if (this.#line?.task !== call.task) this.#open(call.task, `<... ${call.name} resumed>`);
    if (this.#line !== undefined) this.#line.text += rest;
  }

  #close(task: Task, answer: string): void {
    if (this.#line?.task !== task) return;
    this.#sink(`${`${this.#line.text}) `.padEnd(COLUMN)}= ${answer}\n`);
    this.#line = undefined;
  }

  #write(task: Task, text: string): void {
    this.#flush();
    this.#sink(`${prefix(task)}${text}\n`);
  }

  #flush(): void {
    if (this.#line === undefined) return;
    this.#sink(`${this.#line.text} <unfinished ...>\n`);
    this.#line = undefined;
  }
}

function prefix(task: Task): string {
  return `${String(task.ownTid).padEnd(5)} `;
}

function answerText(name: string, result: number): string {
  if (result >= 0 || result < -ERRNO_MAX) return ADDRESS_ANSWERS.has(name) ? hex(result) : String(result);
  const code = -result;
  if (code >= RESTART_CODES_MIN && RESTART_TEXT[code] !== undefined) return `? ${RESTART_TEXT[code]}`;
  return `-1 ${errnoName(code)} (${ERRNO_TEXT[code] ?? "Unknown error"})`;
}

/** What poll found, behind its answer. */
function polledNote(call: OpenCall, result: number): string {
  if (result === 0) return " (Timeout)";
  if (result < 0) return "";
  let text = "";
  guarded(() => {
    const [at = 0, count = 0] = call.args;
    text = ` (${polledFds(call.task.memory, at, count)})`;
    return 0;
  });
  return text;
}

function signalText(task: Task, info: SignalInfo): string {
  const { signal, code } = info;
  const named = code > 0 && code !== SI_KERNEL ? CODES_BY_SIGNAL[signal]?.[code - 1] : CODES[code];
  const fields = [`si_signo=${signalName(signal)}`, `si_code=${named ?? code}`];
  if (info.address !== undefined) fields.push(`si_addr=${pointer(Number(info.address))}`);
  else if (code === SI_USER || code < 0 || signal === Signal.SIGCHLD) {
    fields.push(`si_pid=${info.pid ?? 0}`, `si_uid=${info.uid ?? 0}`);
  }
  if (signal === Signal.SIGCHLD && code > 0) {
    const status = code === 1 ? String(info.status ?? 0) : signalName(info.status ?? 0);
    fields.push(`si_status=${status}`, "si_utime=0", "si_stime=0");
  }
  return `{${fields.join(", ")}}`;
}

/** Traces a task that stands before its first instruction, and all that it brings forth. */
export function attachStrace(task: Task, path: string, sink: (text: string) => void): void {
  const strace = new Strace(sink);
  task.tracer = strace;
  strace.started(task, path);
}
