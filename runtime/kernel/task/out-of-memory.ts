/**
 * The OOM killer of a cgroup (Documentation/admin-guide/cgroup-v2.rst, memory.events): a page could not be
 * charged, so the process with the most pages under the cgroup that is full dies.
 */
import { Signal } from "../abi/signal.ts";
import type { Cgroup } from "../cgroup.ts";
import { PAGE_BYTES } from "../mm/region.ts";
import { LogLevel } from "../kernel-log.ts";
import type { Process } from "./process.ts";
import { endProcess } from "./send-signal.ts";
import type { Task } from "./task.ts";

export function outOfMemory(task: Task): void {
  const full = fullGroup(task.cgroup);
  for (const group of upwards(full)) group.events.oom += 1;
  const victim = largest(task, full);
  for (const group of upwards(victim.leader.cgroup)) group.events.oomKill += 1;
  note(victim);
  endProcess(victim, Signal.SIGKILL);
}

/** As oom_kill_process says it. */
function note({ leader, oomScoreAdjustment }: Process): void {
  const { kernel, addressSpace, tid, comm, credentials } = leader;
  const kb = (bytes: number): string => `${Math.floor(bytes / 1024)}kB`;
  const resident = kb(addressSpace.resident.count * PAGE_BYTES);
  kernel.note(
    LogLevel.error,
    `Memory cgroup out of memory: Killed process ${tid} (${comm}) total-vm:${kb(addressSpace.sizeBytes)}, ` +
      `anon-rss:${resident}, file-rss:0kB, shmem-rss:0kB, UID:${credentials.uid} oom_score_adj:${oomScoreAdjustment}`,
  );
}

/** The group at its limit; above all of them the machine's own memory. */
function fullGroup(group: Cgroup): Cgroup {
  return upwards(group).find((at) => at.memoryBytes + PAGE_BYTES > at.memoryMax) ?? group;
}

/** The group and those above it. */
function upwards(group: Cgroup): Cgroup[] {
  const groups: Cgroup[] = [];
  for (let at: Cgroup | undefined = group; at !== undefined; at = at.parent) groups.push(at);
  return groups;
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
  return upwards(cgroup).includes(group);
}
