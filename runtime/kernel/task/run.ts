/**
 * One turn of a task: signals first, then the guest until it makes a call, faults or has used its fuel.
 * A turn is bounded twice, by instructions and by calls, so that neither a tight loop nor a tight row of
 * cheap calls keeps the others waiting.
 */
import { unreachable } from "../../../layers/base/assert.ts";
import { Stop } from "../../cpu/machine.ts";
import { abandon, dispatch, resume } from "../syscalls/dispatch.ts";
import { raiseFault } from "./faults.ts";
import { deliverSignals } from "./deliver-signals.ts";
import { exitTask, notifyParent } from "./exit.ts";
import { abortSequence } from "./rseq.ts";
import type { Task } from "./task.ts";
import { fireCpuAlarms } from "./timers.ts";

/** About two milliseconds of interpreted code. */
const FUEL = 500_000;
/** Calls and faults in one turn: about two milliseconds of cheap ones. */
const STOPS_MAX = 1000;

export function runTask(task: Task): void {
  for (let stops = 0; stops < STOPS_MAX; stops++) {
    if (task.state === "dead" || isHeld(task)) return;
    if (task.process.exitStatus !== undefined) {
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
    if (task.deliverable !== 0n || task.isInterrupted) {
      // All of them before the guest goes on, as Linux does: the last one's handler runs first.
      while (task.parking === undefined && (task.deliverable !== 0n || task.isInterrupted)) {
        deliverSignals(task);
        if (isEnding(task) || isHeld(task)) break;
      }
    } else restoreMask(task);
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
  const stop = addressSpace.space.run(task.context, FUEL);
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
  return task.state === "running" || (task.state === "blocked" && task.deliverable !== 0n) || isEnding(task);
}

/** A deadly signal or exit_group: asked anew each time, because others end processes too. */
function isEnding(task: Task): boolean {
  return task.process.exitStatus !== undefined;
}

/** Stopped by a signal, frozen by its cgroup or waiting for the disk; whoever ends that makes the task ready again. */
function isHeld(task: Task): boolean {
  return task.process.exitStatus === undefined && (task.process.isStopped || task.cgroup.isFrozen || task.isWaitingForDisk);
}

/** A call with a mask of its own (ppoll) ended without a signal: the task's mask comes back. */
function restoreMask(task: Task): void {
  if (task.savedMask === undefined || task.parking !== undefined) return;
  task.blockedSignals = task.savedMask;
  task.savedMask = undefined;
}
