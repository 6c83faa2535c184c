/**
 * exec in a process with several threads (fs/exec.c: de_thread): all others end, and the caller takes the
 * leader's place and number.
 */
import { exitTask } from "./exit.ts";
import { abandon } from "../syscalls/dispatch.ts";
import type { Task } from "./task.ts";

export function endOtherTasks(task: Task): void {
  const { process } = task;
  const old = process.leader;
  if (old !== task) takeIdentity(task, old);
  process.leader = task;
  for (const other of [...process.tasks]) {
    if (other === task) continue;
    abandon(other);
    exitTask(other, 0);
  }
}

/** The two tasks change numbers: what gettid and kill see is the leader's. */
function takeIdentity(task: Task, leader: Task): void {
  const [own, leaders] = [task.pids, leader.pids];
  let namespace: Task["pidNamespace"] | undefined = task.pidNamespace;
  for (; namespace !== undefined; namespace = namespace.parent) {
    namespace.assign(leaders[namespace.level] ?? 0, task);
    namespace.assign(own[namespace.level] ?? 0, leader);
  }
  task.pids = leaders;
  leader.pids = own;
}
