/** Numbers and the first registers of a new task: what clone and the start of a container share. */
import { Errno } from "../abi/errno.ts";
import type { Context } from "../../cpu/machine.ts";
import type { Kernel } from "../kernel.ts";
import type { PidNamespace } from "./pid-namespace.ts";
import { Task } from "./task.ts";
import type { TaskParts } from "./task.ts";

/** A task with a number in every namespace from `namespace` up; or -EAGAIN, -ENOMEM. Nothing is kept then. */
export function createTask(
  kernel: Kernel,
  namespace: PidNamespace,
  parts: TaskParts,
  context: Context,
  comm: string,
): Task | number {
  if (namespace.isDead) return -Errno.ENOMEM;
  if (!parts.cgroup.chargeTask()) return -Errno.EAGAIN;
  const levels: PidNamespace[] = [];
  for (let at: PidNamespace | undefined = namespace; at !== undefined; at = at.parent) levels.unshift(at);
  const pids: number[] = [];
  const task = new Task(kernel, pids, namespace, parts, context, comm);
  for (const level of levels) {
    const pid = level.allocate(task);
    if (pid === undefined) {
      levels.slice(0, pids.length).forEach((done, index) => done.free(pids[index] ?? 0));
      parts.cgroup.unchargeTask();
      return -Errno.EAGAIN;
    }
    pids.push(pid);
  }
  return task;
}
