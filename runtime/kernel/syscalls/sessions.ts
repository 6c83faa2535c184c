/** Sessions and process groups: setsid(2), setpgid(2), getpgid(2), getsid(2). */
import { Errno } from "../abi/errno.ts";
import type { Process } from "../task/process.ts";
import { groupIdIn, ProcessGroup, Session } from "../task/process.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** The process `pid` names, the caller's own for 0. */
function processOf(task: Task, pid: number): Process | undefined {
  return pid === 0 ? task.process : task.pidNamespace.task(pid)?.process;
}

function sysSetsid(task: Task): Result {
  const { process } = task;
  const isTaken = [...process.session.groups].some((group) => group.id === process.id);
  if (isTaken || process.session.leader === process) return -Errno.EPERM;
  moveTo(process, new ProcessGroup(process, new Session(process)));
  process.terminal = undefined;
  return process.leader.tidIn(task.pidNamespace);
}

function sysGetsid(task: Task, pid: number): Result {
  const session = processOf(task, pid)?.session;
  return session === undefined ? -Errno.ESRCH : session.leader.leader.pids[task.pidNamespace.level] ?? 0;
}

function sysGetpgid(task: Task, pid: number): Result {
  const group = processOf(task, pid)?.group;
  return group === undefined ? -Errno.ESRCH : groupIdIn(group, task.pidNamespace);
}

function sysSetpgid(task: Task, pid: number, groupId: number): Result {
  if (groupId < 0) return -Errno.EINVAL;
  const { process, pidNamespace } = task;
  const target = pidNamespace.task(pid === 0 ? process.leader.tidIn(pidNamespace) : pid);
  if (target === undefined) return -Errno.ESRCH;
  if (!target.isLeader) return -Errno.EINVAL;
  const moved = target.process;
  if (moved.parent === process) {
    if (moved.session !== process.session) return -Errno.EPERM;
    if (moved.hasExeced) return -Errno.EACCES;
  } else if (moved !== process) return -Errno.ESRCH;
  if (moved.session.leader === moved) return -Errno.EPERM;
  const own = target.tidIn(pidNamespace);
  const wanted = groupId === 0 ? own : groupId;
  const known = [...moved.session.groups].find((group) => groupIdIn(group, pidNamespace) === wanted);
  if (known === undefined && wanted !== own) return -Errno.EPERM;
  if (known !== moved.group) moveTo(moved, known ?? new ProcessGroup(moved, moved.session));
  return 0;
}

function moveTo(process: Process, group: ProcessGroup): void {
  process.group.remove(process);
  process.group = group;
  group.add(process);
}

export const SESSION_CALLS: readonly SyscallRow[] = [
  call(109, "setpgid", "pid, pid", sysSetpgid),
  call(111, "getpgrp", "", (task) => groupIdIn(task.process.group, task.pidNamespace)),
  call(112, "setsid", "", sysSetsid),
  call(121, "getpgid", "pid", sysGetpgid),
  call(124, "getsid", "pid", sysGetsid),
];
