/**
 * Numbers of processes that travel in messages: kept by namespace level, shown as the receiver's pid
 * namespace counts (pid_namespaces(7)). A process outside of it is 0.
 */
import type { Task } from "../task/task.ts";

/** `pids` is Task.pids of the process meant. */
export function pidSeenBy(pids: readonly number[], viewer: Task): number {
  const { pidNamespace } = viewer;
  const pid = pids[pidNamespace.level] ?? 0;
  // The same global number means the same process; one that is gone keeps the number it had.
  const known = pidNamespace.task(pid);
  return known === undefined || known.pids[0] === pids[0] ? pid : 0;
}
