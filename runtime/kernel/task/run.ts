/**
 * One turn of a task: signals first, then the guest until it makes a call, faults or has used its fuel.
 * A turn is bounded twice, by instructions and by calls, so that neither a tight loop nor a tight row of
 * cheap calls keeps the others waiting.
 */
import { unreachable } from "../../../layers/base/assert.ts";
import { Stop } from "../../cpu/machine.ts";
import { abandon, dispatch, resume } from "../syscalls/dispatch.ts";
import { PTRACE_EVENT_EXIT, PTRACE_O_TRACEEXIT } from "../abi/ptrace.ts";
import { Signal, TRAP_TRACE } from "../abi/signal.ts";
import { raiseFault } from "./faults.ts";
import { deliverSignals } from "./deliver-signals.ts";
import { exitTask, notifyParent } from "./exit.ts";
import type { Ptrace } from "./ptrace.ts";
import { stopForEvent, stopWithGroup } from "./ptrace.ts";
import { abortSequence } from "./rseq.ts";
import { forceSignal } from "./send-signal.ts";
import type { Task } from "./task.ts";
import { fireCpuAlarms } from "./timers.ts";

/** About two milliseconds of interpreted code. */
const FUEL = 500_000;
/** Calls and faults in one turn: about two milliseconds of cheap ones. */
const STOPS_MAX = 1000;

export function runTask(task: Task): void {
  for (let stops = 0; stops < STOPS_MAX; stops++) {
    if (task.state === "dead") return;
    if (task.ptrace !== undefined && isStoppedByTracer(task, task.ptrace)) return;
    if (isHeld(task)) return;
    if (task.process.exitStatus !== undefined) {
      if (task.ptrace !== undefined && stopsBeforeEnd(task, task.ptrace)) return;
      abandon(task);
      exitTask(task, task.process.exitStatus);
      return;
    }
    if (task.process.hasContinued) {
      task.process.hasContinued = false;
      notifyParent(task.process, "continued");
    }
    if (task.process.cpuAlarms.size > 0) fireCpuAlarms(task.process);
    if (task.parking !== undefined) resume(task, task.parking);
    if (isInStop(task)) continue;
    if (hasSignals(task)) {
      // All of them before the guest goes on, as Linux does: the last one's handler runs first.
      while (task.parking === undefined && hasSignals(task)) {
        deliverSignals(task);
        if (isEnding(task) || isHeld(task) || isInStop(task)) break;
      }
    } else restoreMask(task);
    if (isInStop(task)) continue;
    if (isEnding(task)) continue;
    if (task.state !== "running" || isHeld(task)) return;
    if (!step(task)) return;
  }
  task.kernel.scheduler.enqueue(task);
}

/** Runs the guest until it wants something; false when the turn is over. */
function step(task: Task): boolean {
  const { addressSpace } = task;
  addressSpace.enter();
  const { ptrace } = task;
  const isStepping = ptrace?.mode === "step";
  if (isStepping !== addressSpace.isSteppedSingly) {
    addressSpace.isSteppedSingly = isStepping;
    addressSpace.space.stepSingly(isStepping);
  }
  const stop = addressSpace.space.run(task.context, isStepping ? 0 : FUEL);
  if (ptrace !== undefined) ptrace.isInCall = stop === Stop.syscall;
  if (isStepping && stop !== Stop.fault) {
    if (stop === Stop.syscall) dispatch(task);
    ptrace.afterwards(() => {
      if (ptrace.mode !== "step") return;
      forceSignal(task, { signal: Signal.SIGTRAP, code: TRAP_TRACE, address: BigInt(task.context.rip) });
    });
    return true;
  }
  switch (stop) {
    case Stop.syscall:
      dispatch(task);
      break;
    case Stop.fault:
      raiseFault(task, addressSpace.space.fault);
      break;
    case Stop.fuel:
      abortSequence(task);
      task.involuntarySwitches += 1;
      task.kernel.scheduler.enqueue(task);
      return false;
    default:
      unreachable(stop);
  }
  // A call that parked while a signal was waiting is interrupted at once.
  const isWanted = task.deliverable !== 0n || task.ptrace?.trap !== undefined;
  return task.state === "running" || (task.state === "blocked" && isWanted) || isEnding(task);
}

/** Asked anew each time: a call, a signal and a fault may each stop it. */
function isInStop({ ptrace }: Task): boolean {
  return ptrace?.stop !== undefined;
}

function hasSignals(task: Task): boolean {
  const { ptrace } = task;
  const isAsked = ptrace !== undefined && (ptrace.injected !== undefined || ptrace.trap !== undefined);
  return task.deliverable !== 0n || task.isInterrupted || isAsked;
}

/** In a stop, or about to be in one; what was left behind by the one before is done first. */
function isStoppedByTracer(task: Task, ptrace: Ptrace): boolean {
  const isKilled = task.process.exitStatus !== undefined && ptrace.stop?.kind !== "end";
  if (isKilled) {
    ptrace.stop = undefined;
    return false;
  }
  while (ptrace.stop === undefined && ptrace.hasSteps) ptrace.takeStep();
  if (task.state === "dead") return true;
  if (ptrace.stop !== undefined) return true;
  if (!task.process.isStopped) ptrace.hasSeenGroupStop = false;
  else if (!ptrace.hasSeenGroupStop && task.process.exitStatus === undefined) {
    stopWithGroup(task);
    return true;
  }
  return false;
}

/** PTRACE_EVENT_EXIT, once. */
function stopsBeforeEnd(task: Task, ptrace: Ptrace): boolean {
  if (!ptrace.has(PTRACE_O_TRACEEXIT)) return false;
  ptrace.options &= ~PTRACE_O_TRACEEXIT;
  abandon(task);
  stopForEvent(task, PTRACE_EVENT_EXIT, task.process.exitStatus ?? 0);
  return true;
}

/** A deadly signal or exit_group: asked anew each time, because others end processes too. */
function isEnding(task: Task): boolean {
  return task.process.exitStatus !== undefined;
}

/** Stopped by a signal, frozen by its cgroup or waiting for the disk; whoever ends that makes the task ready again. */
function isHeld(task: Task): boolean {
  return (
    task.process.exitStatus === undefined &&
    ((task.process.isStopped && task.ptrace === undefined) || task.cgroup.isFrozen || task.isWaitingForDisk)
  );
}

/** A call with a mask of its own (ppoll) ended without a signal: the task's mask comes back. */
function restoreMask(task: Task): void {
  if (task.savedMask === undefined || task.parking !== undefined) return;
  task.blockedSignals = task.savedMask;
  task.savedMask = undefined;
}
