/** fork, exec, exit, wait and numbers of processes: clone(2), execve(2), wait4(2), getpid(2), setpgid(2). */
import { decodeName } from "../../../layers/fs/names.ts";
import { CLONE_VFORK, CLONE_VM, CSIGNAL } from "../abi/clone.ts";
import { Errno } from "../abi/errno.ts";
import { Signal } from "../abi/signal.ts";
import { cloneTask } from "../task/clone.ts";
import { execute } from "../task/exec.ts";
import { exitTask, reap } from "../task/exit.ts";
import type { Process } from "../task/process.ts";
import { endProcess } from "../task/send-signal.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { Blocked } from "../task/wait.ts";
import { PATH_BYTES_MAX } from "../vfs/walk.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

const WNOHANG = 1;
const WUNTRACED = 2;
const WCONTINUED = 8;
const STOPPED = 0x7f;
const CONTINUED = 0xffff;
/** MAX_ARG_STRINGS is 2^31; the sizes of exec refuse long before. */
const STRINGS_MAX = 0x2_0000;
const STRING_BYTES_MAX = 131_072;

function sysClone(task: Task, flags: number, stack: number, parentTid: number, childTid: number, tls: number): Result {
  return cloneTask(task, { flags: flags & ~CSIGNAL, exitSignal: flags & CSIGNAL, stack, tls, parentTid, childTid });
}

function sysFork(task: Task): Result {
  return sysClone(task, Signal.SIGCHLD, 0, 0, 0, 0);
}

function sysVfork(task: Task): Result {
  return sysClone(task, CLONE_VFORK | CLONE_VM | Signal.SIGCHLD, 0, 0, 0, 0);
}

function readStrings(task: Task, address: number): readonly Uint8Array[] {
  if (address === 0) return [];
  const strings: Uint8Array[] = [];
  for (let at = address; strings.length < STRINGS_MAX; at += 8) {
    const pointer = task.memory.readInteger(at);
    if (pointer === 0) return strings;
    strings.push(task.memory.readCString(pointer, STRING_BYTES_MAX, Errno.E2BIG));
  }
  return strings;
}

function sysExecve(task: Task, path: number, args: number, env: number): Result {
  const name = decodeName(task.memory.readCString(path, PATH_BYTES_MAX));
  return execute(task, { path: name, args: readStrings(task, args), env: readStrings(task, env) });
}

function sysExit(task: Task, status: number): Result {
  exitTask(task, (status & 0xff) << 8);
  return 0;
}

function sysExitGroup(task: Task, status: number): Result {
  endProcess(task.process, (status & 0xff) << 8);
  return 0;
}

function sysWait4(task: Task, pid: number, status: number, options: number): Result {
  if ((options & ~(WNOHANG | WUNTRACED | WCONTINUED | 0xe000_0000)) !== 0) return -Errno.EINVAL;
  const attempt = (): Result => {
    const wanted = [...task.process.children].filter((child) => isWanted(task, child, pid));
    if (wanted.length === 0) return -Errno.ECHILD;
    for (const child of wanted) {
      const report = reportOf(child, options);
      if (report === undefined) continue;
      const number = child.leader.tidIn(task.pidNamespace);
      if (status !== 0) task.memory.writeU32(status, report);
      if (child.isZombie) reap(child);
      return number;
    }
    if ((options & WNOHANG) !== 0) return 0;
    return new Blocked({ queues: [task.process.childQueue], retry: attempt, reason: "do_wait" });
  };
  return attempt();
}

function isWanted(task: Task, child: Process, pid: number): boolean {
  if (pid > 0) return child.leader.tidIn(task.pidNamespace) === pid;
  if (pid === -1) return true;
  const group = pid === 0 ? task.process.group : undefined;
  return group === undefined ? child.group.founder.tidIn(task.pidNamespace) === -pid : child.group === group;
}

/** The status wait reports of a child now, once; undefined when there is nothing. */
function reportOf(child: Process, options: number): number | undefined {
  if (child.isZombie) return child.exitStatus ?? 0;
  if (child.stateChange === "stopped" && (options & WUNTRACED) !== 0) {
    child.stateChange = undefined;
    return (child.stopSignal << 8) | STOPPED;
  }
  if (child.stateChange === "continued" && (options & WCONTINUED) !== 0) {
    child.stateChange = undefined;
    return CONTINUED;
  }
  return undefined;
}

export const PROCESS_CALLS: readonly SyscallRow[] = [
  call(39, "getpid", "", (task) => task.process.leader.ownTid),
  call(56, "clone", "flags:clone, address, address, address, address", sysClone),
  call(57, "fork", "", sysFork),
  call(58, "vfork", "", sysVfork),
  call(59, "execve", "path, strings, strings", sysExecve),
  call(60, "exit", "int", sysExit),
  call(61, "wait4", "pid, address, flags:wait, address", sysWait4, "rusage is not written"),
  call(110, "getppid", "", (task) => task.process.parent?.leader.tidIn(task.pidNamespace) ?? 0),
  call(186, "gettid", "", (task) => task.ownTid),
  call(231, "exit_group", "int", sysExitGroup),
];
