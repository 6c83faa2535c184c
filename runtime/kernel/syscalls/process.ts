/** fork, exec, exit and numbers of processes: clone(2), clone3(2), execve(2), exit_group(2), getpid(2). */
import { decodeName } from "../../../layers/fs/names.ts";
import * as abi from "../abi/clone.ts";
import { Errno } from "../abi/errno.ts";
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW } from "../abi/fcntl.ts";
import { Signal, SIGNAL_MAX } from "../abi/signal.ts";
import { cloneTask } from "../task/clone.ts";
import { execute } from "../task/exec.ts";
import { exitTask } from "../task/exit.ts";
import { endProcess } from "../task/send-signal.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { PATH_BYTES_MAX } from "../vfs/walk.ts";
import { fileOf, locate } from "./paths.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** MAX_ARG_STRINGS is 2^31; the sizes of exec refuse long before. */
const STRINGS_MAX = 0x2_0000;
const STRING_BYTES_MAX = 131_072;
const PAGE_BYTES = 4096;

function sysClone(
  task: Task,
  flags: number,
  stack: number,
  parentTid: number,
  childTid: number,
  tls: number,
): Result {
  const request = { stack, tls, parentTid, childTid, pidfd: parentTid };
  return cloneTask(task, { ...request, flags: flags & ~abi.CSIGNAL, exitSignal: flags & abi.CSIGNAL });
}

function sysFork(task: Task): Result {
  return sysClone(task, Signal.SIGCHLD, 0, 0, 0, 0);
}

function sysVfork(task: Task): Result {
  return sysClone(task, abi.CLONE_VFORK | abi.CLONE_VM | Signal.SIGCHLD, 0, 0, 0, 0);
}

/** struct clone_args (linux/sched.h): flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, ... */
function sysClone3(task: Task, address: number, sizeBytes: number): Result {
  if (sizeBytes > PAGE_BYTES) return -Errno.E2BIG;
  if (sizeBytes < abi.CLONE_ARGS_BYTES_VER0) return -Errno.EINVAL;
  const given = task.memory.copyIn(address, sizeBytes);
  if (given.subarray(abi.CLONE_ARGS_BYTES).some((byte) => byte !== 0)) return -Errno.E2BIG;
  const bytes = new Uint8Array(abi.CLONE_ARGS_BYTES);
  bytes.set(given.subarray(0, abi.CLONE_ARGS_BYTES));
  const view = new DataView(bytes.buffer);
  const word = (index: number): number => Number(view.getBigUint64(index * 8, true));
  const [flags, high] = [view.getUint32(0, true), view.getUint32(4, true)];
  const [exitSignal, stack, stackBytes] = [word(4), word(5), word(6)];
  if ((high & ~(abi.CLONE_HIGH_CLEAR_SIGHAND | abi.CLONE_HIGH_INTO_CGROUP)) !== 0) return -Errno.EINVAL;
  if ((flags & (abi.CLONE_DETACHED | (abi.CSIGNAL & ~abi.CLONE_NEWTIME))) !== 0) return -Errno.EINVAL;
  if (exitSignal > SIGNAL_MAX || (stack === 0) !== (stackBytes === 0)) return -Errno.EINVAL;
  if (exitSignal !== 0 && (flags & (abi.CLONE_THREAD | abi.CLONE_PARENT)) !== 0) return -Errno.EINVAL;
  const clearsHandlers = (high & abi.CLONE_HIGH_CLEAR_SIGHAND) !== 0;
  if (clearsHandlers && (flags & abi.CLONE_SIGHAND) !== 0) return -Errno.EINVAL;
  // set_tid and cgroup: for checkpoint and systemd, refused as a kernel without them does.
  if (word(8) !== 0 || word(9) !== 0 || (high & abi.CLONE_HIGH_INTO_CGROUP) !== 0) return -Errno.EINVAL;
  return cloneTask(task, {
    flags,
    exitSignal,
    stack: stack === 0 ? 0 : stack + stackBytes,
    tls: word(7),
    parentTid: word(3),
    childTid: word(2),
    pidfd: word(1),
    clearsHandlers,
  });
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

function sysExecveat(task: Task, fd: number, path: number, args: number, env: number, flags: number): Result {
  if ((flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) !== 0) return -Errno.EINVAL;
  const name = decodeName(task.memory.readCString(path, PATH_BYTES_MAX));
  if (name === "" && (flags & AT_EMPTY_PATH) === 0) return -Errno.ENOENT;
  const isNamed = name.startsWith("/") || (fd | 0) === AT_FDCWD;
  const isOpened = name === "" && (fd | 0) !== AT_FDCWD;
  const isFollowed = (flags & AT_SYMLINK_NOFOLLOW) === 0;
  const location = isOpened ? fileOf(task, fd | 0).location : locate(task, fd | 0, name, { isFollowed });
  if (location === undefined) return -Errno.EACCES;
  if (
    !isFollowed &&
    location.dentry.superblock.filesystem.attributes(location.dentry.node).type === "symlink"
  )
    return -Errno.ELOOP;
  const shown = isNamed ? name : name === "" ? `/dev/fd/${fd | 0}` : `/dev/fd/${fd | 0}/${name}`;
  return execute(task, { path: shown, location, args: readStrings(task, args), env: readStrings(task, env) });
}

function sysExit(task: Task, status: number): Result {
  exitTask(task, (status & 0xff) << 8);
  return 0;
}

function sysExitGroup(task: Task, status: number): Result {
  endProcess(task.process, (status & 0xff) << 8);
  return 0;
}

export const PROCESS_CALLS: readonly SyscallRow[] = [
  call(39, "getpid", "", (task) => task.process.leader.ownTid),
  call(56, "clone", "flags:clone, address, address, address, address", sysClone),
  call(57, "fork", "", sysFork),
  call(58, "vfork", "", sysVfork),
  call(59, "execve", "path, strings, strings", sysExecve),
  call(60, "exit", "int", sysExit),
  call(110, "getppid", "", (task) => task.process.parent?.leader.tidIn(task.pidNamespace) ?? 0),
  call(186, "gettid", "", (task) => task.ownTid),
  call(231, "exit_group", "int", sysExitGroup),
  call(322, "execveat", "dirfd, path, strings, strings, flags:at", sysExecveat),
  call(435, "clone3", "clone_args, size", sysClone3, "no set_tid, no cgroup"),
];
