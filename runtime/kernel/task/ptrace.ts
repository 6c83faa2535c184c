/**
 * Being traced (kernel/ptrace.c, and the stops of kernel/signal.c). One hard idea: a tracee stops in the middle of
 * what the kernel does for it, and nothing here can wait; so what is still to be done is left behind as steps, which
 * are taken, one after the other, whenever the tracer lets it go on. A step may stop it again.
 */
import * as abi from "../abi/ptrace.ts";
import { CLD_TRAPPED, SA_NOCLDSTOP, SI_USER, Signal } from "../abi/signal.ts";
import type { Process } from "./process.ts";
import { endProcess, kernelSignal, sendToProcess, sendToTask } from "./send-signal.ts";
import type { SignalInfo } from "./signal-state.ts";
import type { Task } from "./task.ts";

export type StopKind = "signal" | "entry" | "exit" | "event" | "group" | "end";

export interface PtraceStop {
  readonly kind: StopKind;
  /** The upper bits of the wait status: a signal, and an event above it. */
  readonly code: number;
  /** PTRACE_GETSIGINFO; of a signal stop what will be delivered. */
  info: SignalInfo;
  /** wait has told the tracer. */
  isReported: boolean;
}

/** How it runs until the next stop. */
export type RunMode = "free" | "calls" | "step";

export class Ptrace {
  tracer: Task;
  readonly isSeized: boolean;
  /** PTRACE_O_ bits. */
  options: number;
  mode: RunMode = "free";
  stop: PtraceStop | undefined;
  /** PTRACE_GETEVENTMSG. */
  message = 0;
  /** What a signal that was let through is delivered as, without a further stop. */
  injected: SignalInfo | undefined;
  /** A stop that comes as soon as it can. */
  trap: { readonly kind: "event" | "group"; readonly code: number } | undefined;
  /** It stands in a call, or right behind one: orig_rax is its number. */
  isInCall = false;
  /** The group stop under way was told; PTRACE_CONT runs through it. */
  hasSeenGroupStop = false;
  /** PTRACE_LISTEN: it stays stopped, but is no longer the tracer's to ask. */
  isListening = false;
  readonly #steps: (() => void)[] = [];

  constructor(tracer: Task, isSeized: boolean, options: number) {
    this.tracer = tracer;
    this.isSeized = isSeized;
    this.options = options;
  }

  has(option: number): boolean {
    return (this.options & option) !== 0;
  }

  get hasSteps(): boolean {
    return this.#steps.length > 0;
  }

  /** Done now, or when the stops before it are over. */
  afterwards(step: () => void): void {
    if (this.stop === undefined && this.#steps.length === 0) step();
    else this.#steps.push(step);
  }

  /** Takes the next step. */
  takeStep(): void {
    this.#steps.shift()?.();
  }
}

/** Makes `task` a tracee of `tracer`. */
export function linkTracee(task: Task, tracer: Task, isSeized: boolean, options: number): Ptrace {
  const ptrace = new Ptrace(tracer, isSeized, options);
  task.ptrace = ptrace;
  tracer.process.tracees.add(task);
  task.addressSpace.space.noteFlags(true);
  return ptrace;
}

/** Lets go: it runs on as if it had never been traced. */
export function unlinkTracee(task: Task): void {
  const { ptrace, process } = task;
  if (ptrace === undefined) return;
  ptrace.tracer.process.tracees.delete(task);
  ptrace.stop = undefined;
  // What was under way is finished first.
  while (ptrace.hasSteps && task.state !== "dead") ptrace.takeStep();
  if (ptrace.injected !== undefined) sendToTask(task, ptrace.injected);
  task.ptrace = undefined;
  if (process.isZombie) process.onUntraced?.();
  else task.kernel.makeReady(task);
}

/** Stops `task` until its tracer says more. */
export function stopTracee(task: Task, kind: StopKind, code: number, info?: SignalInfo): void {
  const { ptrace } = task;
  if (ptrace === undefined) return;
  const own: SignalInfo = { signal: Signal.SIGTRAP, code, pid: task.ownTid, uid: task.credentials.uid };
  ptrace.stop = { kind, code, info: info ?? own, isReported: false };
  ptrace.isListening = false;
  notifyTracer(task, CLD_TRAPPED, code & 0x7f);
}

/** SIGCHLD to the tracer, and its waits look again (do_notify_parent_cldstop). */
export function notifyTracer(task: Task, code: number, status: number): void {
  const tracer = task.ptrace?.tracer.process;
  if (tracer === undefined || tracer.isZombie) return;
  const { flags } = tracer.leader.handlers.action(Signal.SIGCHLD);
  if ((flags & SA_NOCLDSTOP) === 0 || code !== CLD_TRAPPED) {
    sendToProcess(tracer, { signal: Signal.SIGCHLD, code, status, pid: task.tid, uid: task.credentials.uid });
  }
  tracer.childQueue.wake();
}

/** A stop for one of the events that the tracer asked for. */
export function stopForEvent(task: Task, event: number, message: number): void {
  const { ptrace } = task;
  if (ptrace === undefined) return;
  ptrace.afterwards(() => {
    ptrace.message = message;
    stopTracee(task, event === abi.PTRACE_EVENT_EXIT ? "end" : "event", (event << 8) | Signal.SIGTRAP);
  });
}

/** A signal is about to be delivered: the tracer decides what becomes of it. */
export function stopForSignal(task: Task, info: SignalInfo): void {
  task.ptrace?.afterwards(() => stopTracee(task, "signal", info.signal, info));
}

/** Whether a call is to be stopped at, and how its stop reads. */
export function callStopCode({ options }: Ptrace): number {
  return Signal.SIGTRAP | ((options & abi.PTRACE_O_TRACESYSGOOD) !== 0 ? 0x80 : 0);
}

/** PTRACE_CONT and its kin: goes on, with `signal` in the place of the one it stopped for. */
export function resumeTracee(task: Task, mode: RunMode, signal: number): void {
  const { ptrace } = task;
  const stop = ptrace?.stop;
  if (ptrace === undefined || stop === undefined) return;
  ptrace.mode = mode;
  ptrace.stop = undefined;
  if (stop.kind === "group") ptrace.hasSeenGroupStop = true;
  if (signal !== 0) {
    const isSame = stop.info.signal === signal;
    const { tracer } = ptrace;
    const other = {
      signal,
      code: SI_USER,
      pid: tracer.tidIn(task.pidNamespace),
      uid: tracer.credentials.uid,
    };
    if (stop.kind === "signal") ptrace.injected = isSame ? stop.info : other;
    // Behind a call a signal is sent like any other (ptrace_report_syscall).
    else if (stop.kind === "entry" || stop.kind === "exit") sendToTask(task, kernelSignal(signal));
  }
  task.kernel.makeReady(task);
}

/** The tracee's group has stopped, or it was seized in a stopped one: its own stop. */
export function stopWithGroup(task: Task): void {
  const { ptrace, process } = task;
  if (ptrace === undefined) return;
  const event = ptrace.isSeized ? abi.PTRACE_EVENT_STOP << 8 : 0;
  stopTracee(task, "group", event | process.stopSignal);
}

/** What a stop asked for from outside is, if one is due. */
export function takeTrap(task: Task): boolean {
  const { ptrace } = task;
  const trap = ptrace?.trap;
  if (ptrace === undefined || trap === undefined) return false;
  ptrace.trap = undefined;
  stopTracee(task, trap.kind, trap.code);
  return true;
}

/** The tracer's process ends: its tracees die or go free. */
export function releaseTracees(process: Process): void {
  for (const task of [...process.tracees]) {
    if (task.ptrace?.has(abi.PTRACE_O_EXITKILL) === true) endProcess(task.process, Signal.SIGKILL);
    unlinkTracee(task);
  }
}

/** A new task of a tracee is traced as well, when the tracer wants that (ptrace_init_task). */
export function inheritTracer(task: Task, child: Task, event: number): void {
  const { ptrace } = task;
  if (ptrace === undefined || !ptrace.has(1 << event)) return;
  const own = linkTracee(child, ptrace.tracer, ptrace.isSeized, ptrace.options);
  if (ptrace.isSeized) own.trap = { kind: "event", code: (abi.PTRACE_EVENT_STOP << 8) | Signal.SIGTRAP };
  else sendToTask(child, kernelSignal(Signal.SIGSTOP));
}
