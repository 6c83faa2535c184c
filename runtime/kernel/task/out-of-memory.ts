/**
 * The OOM killer of a cgroup (Documentation/admin-guide/cgroup-v2.rst, memory.events): a page could not be
 * charged, so the process with the most pages under the cgroup that is full dies.
 */
import { Signal } from "../abi/signal.ts";
import type { Cgroup } from "../cgroup.ts";
import type { Process } from "./process.ts";
import { endProcess } from "./send-signal.ts";
import type { Task } from "./task.ts";

export function outOfMemory(task: Task): void {
  const full = fullGroup(task.cgroup);
  full.events.oom += 1;
  const victim = largest(task, full);
  full.events.oomKill += 1;
  endProcess(victim, Signal.SIGKILL);
}

function fullGroup(group: Cgroup): Cgroup {
  for (let at: Cgroup | undefined = group; at !== undefined; at = at.parent) {
    if (Number.isFinite(at.memoryMax)) return at;
  }
  return group; // The host itself has no more.
}

function largest(task: Task, group: Cgroup): Process {
  let victim = task.process;
  for (const other of task.kernel.rootPids.tasks()) {
    if (!isInside(other.cgroup, group) || other.process.exitStatus !== undefined) continue;
    if (other.addressSpace.resident.count > victim.leader.addressSpace.resident.count) victim = other.process;
  }
  return victim;
}

function isInside(cgroup: Cgroup, group: Cgroup): boolean {
  for (let at: Cgroup | undefined = cgroup; at !== undefined; at = at.parent) if (at === group) return true;
  return false;
}
