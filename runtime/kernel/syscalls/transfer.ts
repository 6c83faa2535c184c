/** read(2), write(2) and their relatives: bytes between descriptors and a program's memory. */
import { Errno } from "../abi/errno.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { Blocked } from "../task/wait.ts";
import type { FileDescription } from "../vfs/file-description.ts";
import { readInto, writeFrom } from "../vfs/transfer.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

function withFile(task: Task, fd: number, use: (file: FileDescription) => Result): Result {
  const file = task.files.get(fd);
  return file === undefined ? -Errno.EBADF : use(file);
}

function sysRead(task: Task, fd: number, address: number, sizeBytes: number): Result {
  return withFile(task, fd, (file) => readInto(task, file, address, sizeBytes));
}

function sysWrite(task: Task, fd: number, address: number, sizeBytes: number): Result {
  return withFile(task, fd, (file) => writeFrom(task, file, address, sizeBytes));
}

/** One vector after the other; stops at the first that is not done whole. */
function vectored(task: Task, address: number, count: number, one: (address: number, sizeBytes: number) => Result): Result {
  let done = 0;
  for (const vector of task.memory.readVectors(address, count)) {
    if (vector.sizeBytes === 0) continue;
    const result = one(vector.address, vector.sizeBytes);
    if (result instanceof Blocked) return done > 0 ? done : result;
    if (result < 0) return done > 0 ? done : result;
    done += result;
    if (result < vector.sizeBytes) return done;
  }
  return done;
}

function sysReadv(task: Task, fd: number, address: number, count: number): Result {
  return withFile(task, fd, (file) => vectored(task, address, count, (at, size) => readInto(task, file, at, size)));
}

function sysWritev(task: Task, fd: number, address: number, count: number): Result {
  return withFile(task, fd, (file) => vectored(task, address, count, (at, size) => writeFrom(task, file, at, size)));
}

export const TRANSFER_CALLS: readonly SyscallRow[] = [
  call(0, "read", "fd, buffer, size", sysRead),
  call(1, "write", "fd, buffer, size", sysWrite),
  call(19, "readv", "fd, iovec, count", sysReadv),
  call(20, "writev", "fd, iovec, count", sysWritev),
];
