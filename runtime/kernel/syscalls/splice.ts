/**
 * sendfile(2), copy_file_range(2), splice(2), tee(2), vmsplice(2): bytes from one file to another. One hard
 * idea: nothing is taken from a source before it is certain how much the target takes, so that a wait or an
 * error in between loses no byte: sources with positions are read again, pipes are peeked at.
 */
import { Errno, ERESTARTSYS } from "../abi/errno.ts";
import { SEEK_CUR, SEEK_SET } from "../abi/fcntl.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { Blocked } from "../task/wait.ts";
import type { FileDescription } from "../vfs/file-description.ts";
import { PipeEnd } from "../vfs/pipe.ts";
import { readInto, writeFrom } from "../vfs/transfer.ts";
import { fileOf } from "./paths.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

const PIECE_BYTES = 65_536;
const BYTES_MAX = 0x7fff_f000;
/** SPLICE_F_MOVE, NONBLOCK, MORE, GIFT: linux/splice.h. */
const SPLICE_FLAGS = 15;
const SPLICE_F_NONBLOCK = 2;

/** Where bytes come from: shown first, taken when the other side has them. */
interface Source {
  readonly file: FileDescription;
  /** Fills `target` without taking anything: a count, 0 at the end, -EAGAIN. */
  peek(target: Uint8Array): number;
  take(count: number): void;
}

function pipeSource(end: PipeEnd): Source {
  return {
    file: end,
    peek: (target) => {
      if (end.pipe.count === 0) return end.pipe.writers === 0 ? 0 : -Errno.EAGAIN;
      return end.pipe.take(target, true);
    },
    take: (count) => void end.pipe.take(new Uint8Array(count)),
  };
}

/** `pointer` is an offset in the program's memory; 0 uses and moves the file's own. */
function fileSource(task: Task, file: FileDescription, pointer: number): Source | number {
  const start = pointer === 0 ? file.seek(0, SEEK_CUR) : task.memory.readInteger(pointer);
  if (start < 0) return pointer === 0 ? start : -Errno.EINVAL;
  let position = start;
  return {
    file,
    peek: (target) => file.readAt(position, target, task),
    take: (count) => {
      position += count;
      if (pointer === 0) file.seek(position, SEEK_SET);
      else task.memory.writeInteger(pointer, position);
    },
  };
}

/** A source that can neither peek nor seek (a socket, a terminal): what was read and not taken waits here. */
function streamSource(task: Task, file: FileDescription): Source {
  let held = new Uint8Array(0);
  return {
    file,
    peek: (target) => {
      if (held.length === 0) {
        const buffer = new Uint8Array(target.length);
        const count = file.read(buffer, task);
        if (count <= 0) return count;
        held = buffer.subarray(0, count);
      }
      target.set(held.subarray(0, target.length));
      return Math.min(held.length, target.length);
    },
    take: (count) => {
      held = held.subarray(count);
    },
  };
}

interface Pump {
  readonly source: Source;
  readonly target: FileDescription;
  readonly put: (bytes: Uint8Array) => number;
  readonly sizeBytes: number;
  readonly isNonBlocking: boolean;
  /** Until all is moved (sendfile), or what can be moved at once (splice). */
  readonly isWhole: boolean;
}

function pump({ source, target, put, sizeBytes, isNonBlocking, isWhole }: Pump): Result {
  let done = 0;
  const buffer = new Uint8Array(Math.min(sizeBytes, PIECE_BYTES));
  const later = (file: FileDescription, isOwnNonBlocking: boolean): Result => {
    if (done > 0 && (!isWhole || isNonBlocking || isOwnNonBlocking)) return done;
    if (isNonBlocking || isOwnNonBlocking) return -Errno.EAGAIN;
    return new Blocked({
      queues: [file.queue], retry: attempt,
      interrupt: () => (done > 0 ? done : -ERESTARTSYS), reason: "splice",
    });
  };
  const attempt = (): Result => {
    while (done < sizeBytes) {
      const count = source.peek(buffer.subarray(0, Math.min(buffer.length, sizeBytes - done)));
      if (count === -Errno.EAGAIN) return later(source.file, source.file.isNonBlocking);
      if (count <= 0) return done > 0 ? done : count;
      const put1 = put(buffer.subarray(0, count));
      if (put1 === -Errno.EAGAIN) return later(target, target.isNonBlocking);
      if (put1 < 0) return done > 0 ? done : put1;
      source.take(put1);
      done += put1;
    }
    return done;
  };
  return attempt();
}

function sysSendfile(task: Task, outFd: number, inFd: number, pointer: number, sizeBytes: number): Result {
  const source = fileOf(task, inFd);
  if (!source.isReadable) return -Errno.EBADF;
  const target = fileOf(task, outFd);
  if (!target.isWritable) return -Errno.EBADF;
  if (pointer !== 0 && source.seek(0, SEEK_CUR) < 0) return -Errno.ESPIPE;
  if (source.seek(0, SEEK_CUR) < 0 || source.status().attributes.type === "directory") return -Errno.EINVAL;
  if (target.isAppending) return -Errno.EINVAL;
  const from = fileSource(task, source, pointer);
  if (typeof from === "number") return from;
  if (sizeBytes < 0) return -Errno.EINVAL;
  const put = (bytes: Uint8Array): number => target.write(bytes, task);
  return pump({
    source: from, target, put, sizeBytes: Math.min(sizeBytes, BYTES_MAX), isNonBlocking: false, isWhole: true,
  });
}

function sysCopyFileRange(
  task: Task,
  inFd: number,
  inPointer: number,
  outFd: number,
  outPointer: number,
  sizeBytes: number,
  flags: number,
): Result {
  const [source, target] = [fileOf(task, inFd), fileOf(task, outFd)];
  if (flags !== 0) return -Errno.EINVAL;
  const types = [source, target].map((file) => file.status().attributes.type);
  if (types.includes("directory")) return -Errno.EISDIR;
  if (types.some((type) => type !== "file")) return -Errno.EINVAL;
  if (!source.isReadable || !target.isWritable || target.isAppending) return -Errno.EBADF;
  const start = outPointer === 0 ? target.seek(0, SEEK_CUR) : task.memory.readInteger(outPointer);
  const inStart = inPointer === 0 ? source.seek(0, SEEK_CUR) : task.memory.readInteger(inPointer);
  if (start < 0 || inStart < 0) return -Errno.EINVAL;
  const wanted = BigInt.asUintN(64, BigInt(sizeBytes));
  if (BigInt(Math.max(start, inStart)) + wanted > 0xffff_ffff_ffff_ffffn) return -Errno.EOVERFLOW;
  const [from, to] = [source.status(), target.status()];
  const isSame = from.device === to.device && from.attributes.ino === to.attributes.ino;
  const count = Math.min(Number(wanted), BYTES_MAX, Math.max(0, from.attributes.sizeBytes - inStart));
  if (isSame && inStart < start + count && start < inStart + count) return -Errno.EINVAL;
  const input = fileSource(task, source, inPointer);
  if (typeof input === "number") return input;
  let position = start;
  const put = (bytes: Uint8Array): number => {
    const written = target.writeAt(position, bytes, task);
    if (written < 0) return written;
    position += written;
    if (outPointer === 0) target.seek(position, SEEK_SET);
    else task.memory.writeInteger(outPointer, position);
    return written;
  };
  return pump({ source: input, target, put, sizeBytes: count, isNonBlocking: true, isWhole: true });
}

/** What a pipe takes of a piece: all or a part, so that a source need not give more. */
function putIntoPipe(task: Task, end: PipeEnd, bytes: Uint8Array): number {
  const { free, readers } = end.pipe;
  if (readers === 0 || free > 0) return end.write(readers === 0 ? bytes : bytes.subarray(0, free), task);
  return -Errno.EAGAIN;
}

function sysSplice(
  task: Task,
  inFd: number,
  inPointer: number,
  outFd: number,
  outPointer: number,
  sizeBytes: number,
  flags: number,
): Result {
  if (sizeBytes === 0) return 0;
  if ((flags & ~SPLICE_FLAGS) !== 0) return -Errno.EINVAL;
  const [source, target] = [fileOf(task, inFd), fileOf(task, outFd)];
  if (!source.isReadable || !target.isWritable) return -Errno.EBADF;
  const fromPipe = source instanceof PipeEnd ? source : undefined;
  const toPipe = target instanceof PipeEnd ? target : undefined;
  if ((fromPipe !== undefined && inPointer !== 0) || (toPipe !== undefined && outPointer !== 0)) return -Errno.ESPIPE;
  if (fromPipe?.pipe === toPipe?.pipe) return -Errno.EINVAL; // Neither is one, or both are the same.
  if (toPipe === undefined && target.isAppending) return -Errno.EINVAL;
  const isSeekable = source.seek(0, SEEK_CUR) >= 0;
  if (fromPipe === undefined && !isSeekable && inPointer !== 0) return -Errno.ESPIPE;
  const input = (): Source | number => (isSeekable ? fileSource(task, source, inPointer) : streamSource(task, source));
  const from = fromPipe === undefined ? input() : pipeSource(fromPipe);
  if (typeof from === "number") return from;
  const put =
    toPipe === undefined ? outputOf(task, target, outPointer) : (bytes: Uint8Array) => putIntoPipe(task, toPipe, bytes);
  if (typeof put === "number") return put;
  const isNonBlocking = (flags & SPLICE_F_NONBLOCK) !== 0;
  // A stream is asked for no more than the pipe takes now: what it has given cannot be given back.
  const room = toPipe !== undefined && fromPipe === undefined && !isSeekable
    ? Math.max(1, toPipe.pipe.free)
    : sizeBytes;
  return pump({
    source: from, target, put, sizeBytes: Math.min(sizeBytes, room, BYTES_MAX), isNonBlocking, isWhole: false,
  });
}

function outputOf(task: Task, target: FileDescription, pointer: number): ((bytes: Uint8Array) => number) | number {
  if (pointer === 0) return (bytes) => target.write(bytes, task);
  if (target.seek(0, SEEK_CUR) < 0) return -Errno.ESPIPE;
  return (bytes) => {
    const position = task.memory.readInteger(pointer);
    const written = target.writeAt(position, bytes, task);
    if (written > 0) task.memory.writeInteger(pointer, position + written);
    return written;
  };
}

function sysTee(task: Task, inFd: number, outFd: number, sizeBytes: number, flags: number): Result {
  if ((flags & ~SPLICE_FLAGS) !== 0) return -Errno.EINVAL;
  if (sizeBytes === 0) return 0;
  const [source, target] = [fileOf(task, inFd), fileOf(task, outFd)];
  if (!source.isReadable || !target.isWritable) return -Errno.EBADF;
  if (!(source instanceof PipeEnd) || !(target instanceof PipeEnd) || source.pipe === target.pipe) return -Errno.EINVAL;
  const from: Source = { ...pipeSource(source), take: () => undefined };
  const size = Math.min(sizeBytes, Math.max(1, source.pipe.count), PIECE_BYTES);
  const put = (bytes: Uint8Array): number => putIntoPipe(task, target, bytes);
  return pump({
    source: from, target, put, sizeBytes: size, isNonBlocking: (flags & SPLICE_F_NONBLOCK) !== 0,
    isWhole: false,
  });
}

/** vmsplice(2): pages are copied, as the kernel may do. */
function sysVmsplice(task: Task, fd: number, address: number, count: number, flags: number): Result {
  if ((flags & ~SPLICE_FLAGS) !== 0) return -Errno.EINVAL;
  const file = fileOf(task, fd);
  if (!(file instanceof PipeEnd)) return -Errno.EBADF;
  const vectors = task.memory.readVectors(address, count);
  const options = (flags & SPLICE_F_NONBLOCK) === 0 ? {} : { isNonBlocking: true };
  return file.isWritable ? writeFrom(task, file, vectors, options) : readInto(task, file, vectors, options);
}

export const SPLICE_CALLS: readonly SyscallRow[] = [
  call(40, "sendfile", "fd, fd, address, size", sysSendfile),
  call(275, "splice", "fd, address, fd, address, size, flags:splice", sysSplice),
  call(276, "tee", "fd, fd, size, flags:splice", sysTee),
  call(278, "vmsplice", "fd, iovec, count, flags:splice", sysVmsplice),
  call(326, "copy_file_range", "fd, address, fd, address, size, flags", sysCopyFileRange),
];
