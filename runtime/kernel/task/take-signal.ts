/** Taking a pending signal: for a handler, sigtimedwait, a signalfd. A task's own come before its process's. */
import type { SignalInfo } from "./signal-state.ts";
import type { Task } from "./task.ts";

/** The next signal that `mask` does not hold back. */
export function takeSignal(task: Task, mask: bigint): SignalInfo | undefined {
  const info = task.pending.take(mask) ?? task.process.pending.take(mask);
  if (info?.timer === undefined) return info;
  return { ...info, overrun: info.timer.taken() };
}
