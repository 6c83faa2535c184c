/** Pending signals, actions and the alternate stack: what a task and its process know of signals (signal(7)). */
import { SIG_DFL, SIG_IGN, Signal, SIGNAL_MAX, SIGRTMIN, signalBit } from "../abi/signal.ts";

/** siginfo_t: the fields that its code gives meaning to (sigaction(2)). */
export interface SignalInfo {
  readonly signal: number;
  readonly code: number;
  readonly errno?: number;
  /** Of the sender: in global numbers until it is queued, then as the receiver sees it. */
  readonly pid?: number;
  readonly uid?: number;
  readonly status?: number;
  readonly address?: bigint;
  readonly value?: bigint;
  readonly timerId?: number;
  /** A POSIX timer starts again when its signal is taken; answers the overrun. */
  readonly timer?: { taken(): number };
  readonly overrun?: number;
  /** SIGSYS: the call's number and address. */
  readonly syscall?: number;
  /** Caused by an instruction: kills even an init. */
  readonly isForced?: boolean;
  readonly band?: number;
  readonly fd?: number;
}

export interface SignalAction {
  /** SIG_DFL, SIG_IGN or the handler's address. */
  readonly handler: number;
  readonly flags: number;
  readonly restorer: number;
  readonly mask: bigint;
}

export const DEFAULT_ACTION: SignalAction = { handler: SIG_DFL, flags: 0, restorer: 0, mask: 0n };

/** What happens without a handler (signal(7), "Standard signals"). */
export type DefaultAction = "terminate" | "ignore" | "core" | "stop" | "continue";

const IGNORED = new Set<number>([Signal.SIGCHLD, Signal.SIGURG, Signal.SIGWINCH]);
const STOPPING = new Set<number>([Signal.SIGSTOP, Signal.SIGTSTP, Signal.SIGTTIN, Signal.SIGTTOU]);
const CORE = new Set<number>([
  Signal.SIGQUIT, Signal.SIGILL, Signal.SIGTRAP, Signal.SIGABRT, Signal.SIGBUS, Signal.SIGFPE, Signal.SIGSEGV,
  Signal.SIGXCPU, Signal.SIGXFSZ, Signal.SIGSYS,
]);

export function defaultActionOf(signal: number): DefaultAction {
  if (IGNORED.has(signal)) return "ignore";
  if (STOPPING.has(signal)) return "stop";
  if (signal === Signal.SIGCONT) return "continue";
  return CORE.has(signal) ? "core" : "terminate";
}

/** Signals that can be neither caught, blocked nor ignored. */
export const UNBLOCKABLE = signalBit(Signal.SIGKILL) | signalBit(Signal.SIGSTOP);
/** Signals an instruction caused: delivered before all others, fatal when blocked or ignored. */
export const SYNCHRONOUS =
  signalBit(Signal.SIGSEGV) | signalBit(Signal.SIGBUS) | signalBit(Signal.SIGILL) | signalBit(Signal.SIGTRAP) |
  signalBit(Signal.SIGFPE) | signalBit(Signal.SIGSYS);

/** struct sighand_struct: shared by the threads of a process. */
export class SignalHandlers {
  readonly #actions: SignalAction[] = Array.from({ length: SIGNAL_MAX + 1 }, () => DEFAULT_ACTION);
  #references = 1;

  action(signal: number): SignalAction {
    return this.#actions[signal] ?? DEFAULT_ACTION;
  }

  setAction(signal: number, action: SignalAction): void {
    this.#actions[signal] = action;
  }

  isIgnored(signal: number): boolean {
    const { handler } = this.action(signal);
    return handler === SIG_IGN || (handler === SIG_DFL && defaultActionOf(signal) === "ignore");
  }

  /** exec: handlers fall back to the default, ignored signals stay ignored. */
  resetForExec(): void {
    for (let signal = 1; signal <= SIGNAL_MAX; signal++) {
      const { handler } = this.action(signal);
      this.#actions[signal] = handler === SIG_IGN ? { ...DEFAULT_ACTION, handler: SIG_IGN } : DEFAULT_ACTION;
    }
  }

  clone(): SignalHandlers {
    const copy = new SignalHandlers();
    for (let signal = 1; signal <= SIGNAL_MAX; signal++) copy.setAction(signal, this.action(signal));
    return copy;
  }

  acquire(): this {
    this.#references += 1;
    return this;
  }

  release(): void {
    this.#references -= 1;
  }

  get isShared(): boolean {
    return this.#references > 1;
  }
}

/** Signals waiting for one task or for a whole process. */
export class PendingSignals {
  #set = 0n;
  #queue: SignalInfo[] = [];

  get set(): bigint {
    return this.#set;
  }

  /** Queues `info`; a standard signal that is pending already is not queued twice. */
  add(info: SignalInfo): void {
    const bit = signalBit(info.signal);
    if (info.signal < SIGRTMIN && (this.#set & bit) !== 0n) return;
    this.#set |= bit;
    this.#queue.push(info);
  }

  /** Takes the next signal that `mask` does not block: synchronous ones first, then by number. */
  take(mask: bigint): SignalInfo | undefined {
    const ready = this.#set & ~mask;
    if (ready === 0n) return undefined;
    const signal = lowestSignal((ready & SYNCHRONOUS) === 0n ? ready : ready & SYNCHRONOUS);
    return this.takeSignal(signal);
  }

  takeSignal(signal: number): SignalInfo | undefined {
    const index = this.#queue.findIndex((info) => info.signal === signal);
    if (index < 0) return undefined;
    const [info] = this.#queue.splice(index, 1);
    if (!this.#queue.some((other) => other.signal === signal)) this.#set &= ~signalBit(signal);
    return info;
  }

  /** Drops every pending signal of `set`: ignored ones, and SIGCONT against the stop signals. */
  drop(set: bigint): void {
    this.#queue = this.#queue.filter((info) => (signalBit(info.signal) & set) === 0n);
    this.#set &= ~set;
  }

  /** Whether a signal of this timer is waiting to be taken. */
  holds(timer: object): boolean {
    return this.#queue.some((info) => info.timer === timer);
  }

  count(): number {
    return this.#queue.length;
  }
}

export function lowestSignal(set: bigint): number {
  const low = Number(set & 0xffff_ffffn);
  if (low !== 0) return 32 - Math.clz32(low & -low);
  const high = Number((set >> 32n) & 0xffff_ffffn);
  return 64 - Math.clz32(high & -high);
}

/** sigaltstack(2). */
export interface AlternateStack {
  readonly address: number;
  readonly sizeBytes: number;
  readonly flags: number;
}
