/**
 * From the `syscall` instruction to an answer in rax. Errors that were thrown below become numbers here
 * and nowhere else; a `Blocked` answer parks the task; what is missing is counted and answers ENOSYS.
 */
import { isFsError } from "../../../layers/fs/errors.ts";
import { Errno, ERESTARTSYS } from "../abi/errno.ts";
import { callStopCode, stopTracee } from "../task/ptrace.ts";
import { seccompVerdict } from "../task/seccomp.ts";
import { SYSCALL_NAMES } from "../abi/syscall-names.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { Parking } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { Blocked } from "../task/wait.ts";

const RAX = 0;
const HALVES_SHIFT = 6;
const [RDI, RSI, RDX, R10, R8, R9] = [7, 6, 2, 10, 8, 9] as const;

/** Answers the call `task` has stopped at; it may be parked, replaced by exec, or dead afterwards. */
export function dispatch(task: Task): void {
  const { context, ptrace } = task;
  task.syscallNumber = context.integer(RAX);
  if (ptrace?.mode !== "calls") {
    answer(task, task.syscallNumber);
    return;
  }
  context.setInteger(RAX, -Errno.ENOSYS);
  stopTracee(task, "entry", callStopCode(ptrace));
  ptrace.afterwards(() => {
    // The tracer may have put another number there, or none.
    if (task.syscallNumber >= 0) answer(task, task.syscallNumber);
    else answered(task);
  });
}

function answer(task: Task, number: number): void {
  const { seccomp, tracer } = task;
  if (tracer !== undefined) tracer.entered(task, number);
  if (seccomp !== undefined) {
    const answer = seccompVerdict(task, seccomp, number);
    if (answer === "killed") return;
    if (answer !== undefined) {
      finish(task, answer);
      return;
    }
  }
  finish(task, guarded(() => invoke(task, number)));
}

function invoke(task: Task, number: number): Result {
  const { context, kernel } = task;
  const row = kernel.syscalls.get(number);
  if (row?.handler !== undefined) {
    const { integers = 0, halves = 0, handler, parameters } = row;
    // A register that nobody looks at is not read: getpid's six were a tenth of its time.
    const count = Math.max(parameters.length, handler.length - 1);
    const a = count > 0 ? context.integer(RDI) : 0;
    const b = count > 1 ? context.integer(RSI) : 0;
    const c = count > 2 ? context.integer(RDX) : 0;
    const d = count > 3 ? context.integer(R10) : 0;
    const e = count > 4 ? context.integer(R8) : 0;
    const f = count > 5 ? context.integer(R9) : 0;
    const ints = integers | (halves << HALVES_SHIFT);
    if (ints === 0) return handler(task, a, b, c, d, e, f);
    return handler(
      task,
      fit(task, ints, 0, RDI, a), fit(task, ints, 1, RSI, b), fit(task, ints, 2, RDX, c),
      fit(task, ints, 3, R10, d), fit(task, ints, 4, R8, e), fit(task, ints, 5, R9, f),
    );
  }
  countMissing(task, row?.name ?? SYSCALL_NAMES.get(number) ?? `syscall_${number}`);
  return -Errno.ENOSYS;
}

/** Parameter `index`, cut to what it is in C: bit `index` of `ints` for an int, HALVES_SHIFT higher for an unsigned. */
function fit(task: Task, ints: number, index: number, register: number, value: number): number {
  if ((ints & (1 << index)) !== 0) return low(task, register, value);
  if ((ints & (1 << (index + HALVES_SHIFT))) === 0) return value;
  return value > 0xffff_ffff || value < -0x8000_0000 ? low(task, register, value) >>> 0 : value;
}

/** The low half of a register as an int: what is above may be anything, beyond what a number holds exactly. */
function low(task: Task, register: number, value: number): number {
  return Number.isSafeInteger(value) ? value | 0 : Number(BigInt.asIntN(32, task.context.register(register)));
}

/** Notes something programs ask for that is not there: `docker inspect` shows it. */
export function countMissing(task: Task, name: string): void {
  task.cgroup.diagnostics.countMissing(name);
}

/** Runs `call` with errors as numbers. */
export function guarded(call: () => Result): Result {
  try {
    return call();
  } catch (thrown) {
    if (thrown instanceof SyscallError) return -thrown.errno;
    if (isFsError(thrown)) return -Errno[thrown.code];
    throw thrown;
  }
}

/** Goes on with a call that was parked: tries again, times out, or is interrupted. */
export function resume(task: Task, parking: Parking): void {
  unpark(task, parking);
  const { options } = parking.blocked;
  const result = guarded(options.retry);
  if (!(result instanceof Blocked)) {
    finish(task, result);
    return;
  }
  const isInterrupted = options.isKillable === true ? task.process.exitStatus !== undefined : hasCause(task);
  if (isInterrupted) {
    task.isInterrupted = true;
    finish(task, options.interrupt?.() ?? -ERESTARTSYS);
  } else if (parking.isTimedOut) finish(task, guarded(options.timeout ?? (() => 0)));
  else park(task, result);
}

/** A signal, or a stop the tracer asks for. */
function hasCause(task: Task): boolean {
  return task.deliverable !== 0n || task.ptrace?.trap !== undefined;
}

/** Ends a wait without an answer: the task is about to die. */
export function abandon(task: Task): void {
  const { parking } = task;
  if (parking === undefined) return;
  unpark(task, parking);
  parking.blocked.options.abandon?.();
}

function finish(task: Task, result: Result): void {
  if (result instanceof Blocked) park(task, result);
  else if (task.state !== "dead") {
    if (task.tracer !== undefined && task.process.exitStatus === undefined) task.tracer.answered(task, result);
    if (task.keepsRegisters) task.keepsRegisters = false;
    else task.context.setInteger(RAX, result);
    if (task.ptrace !== undefined) answered(task);
  }
}

/** The stop behind a call. */
function answered(task: Task): void {
  const { ptrace } = task;
  ptrace?.afterwards(() => {
    const isEnding = task.process.exitStatus !== undefined;
    if (ptrace.mode === "calls" && !isEnding) stopTracee(task, "exit", callStopCode(ptrace));
  });
}

function park(task: Task, blocked: Blocked): void {
  const { kernel } = task;
  const { queues, deadlineNs } = blocked.options;
  const waiter = { wake: () => kernel.makeReady(task) };
  const parking: Parking = { blocked, waiter, timer: undefined, isTimedOut: false };
  task.parking = parking;
  task.state = "blocked";
  task.voluntarySwitches += 1;
  for (const queue of queues) queue.add(waiter);
  if (deadlineNs === undefined) return;
  parking.timer = kernel.scheduler.addTimer(deadlineNs, () => {
    parking.isTimedOut = true;
    kernel.makeReady(task);
  });
}

function unpark(task: Task, parking: Parking): void {
  task.parking = undefined;
  task.state = "running";
  for (const queue of parking.blocked.options.queues) queue.remove(parking.waiter);
  if (parking.timer !== undefined) parking.timer.isCancelled = true;
}
