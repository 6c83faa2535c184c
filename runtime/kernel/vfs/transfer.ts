/**
 * Reading and writing through a descriptor: the one place where "not yet" becomes waiting. One hard idea:
 * one vector is read or written in place; several go through a buffer of the kernel, so that a datagram or
 * an atomic write to a pipe is one whatever the program's pieces are. Guest memory is looked up again at every
 * try, because the program's memory may have moved meanwhile.
 */
import { isFsError } from "../../../layers/fs/errors.ts";
import { Errno } from "../abi/errno.ts";
import { SEEK_CUR } from "../abi/fcntl.ts";
import { PROT_READ, PROT_WRITE } from "../abi/mman.ts";
import type { Task } from "../task/task.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Result } from "../task/wait.ts";
import { Blocked } from "../task/wait.ts";
import type { FileDescription } from "./file-description.ts";

/** Most bytes one call moves (MAX_RW_COUNT, linux/fs.h). */
const BYTES_MAX = 0x7fff_f000;
/** As ERESTARTSYS: nothing was done, the call is made again. */
const ERESTARTSYS = 512;

/** struct iovec. */
export interface Vector {
  readonly address: number;
  readonly sizeBytes: number;
}

export interface TransferOptions {
  /** pread, pwrite: there, and the file's own position stays. */
  readonly position?: number;
  /** RWF_NOWAIT: as if the file were non-blocking. */
  readonly isNonBlocking?: boolean;
}

export function readInto(
  task: Task, file: FileDescription, vectors: readonly Vector[], options: TransferOptions = {},
): Result {
  const { position } = options;
  if (!file.isReadable) return refusal(file, position);
  const one = (target: Uint8Array): number =>
    countRead(task, position === undefined ? file.read(target, task) : file.readAt(position, target, task));
  const [first] = vectors;
  const attempt = (reader = one): number => {
    if (vectors.length === 1 && first !== undefined) return reader(writableOf(task, first));
    const sizeBytes = reachableBytes(task, vectors);
    return scatter(task, vectors, sizeBytes, reader);
  };
  if (totalBytes(vectors) === 0) return position === undefined ? emptyRead(task, file, one) : one(EMPTY);
  const startNs = task.kernel.monotonicNs();
  const late = (): number => attempt((target) => file.readLate(target, task));
  return waiting(file, "read", attempt, options.isNonBlocking, { deadlineNs: () => file.readDeadlineNs(startNs), late });
}

/** A wait is no call of its own. */
function countRead({ process: { transfers } }: Task, count: number): number {
  if (count >= 0) [transfers.reads, transfers.readBytes] = [transfers.reads + 1, transfers.readBytes + count];
  return count;
}

function countWrite({ process: { transfers } }: Task, count: number): number {
  if (count >= 0) [transfers.writes, transfers.writtenBytes] = [transfers.writes + 1, transfers.writtenBytes + count];
  return count;
}

/** Opened for the other direction; a file without positions says so first. */
function refusal(file: FileDescription, position: number | undefined): number {
  const isWithout = position !== undefined && !file.isPath && file.seek(0, SEEK_CUR) === -Errno.ESPIPE;
  return isWithout ? -Errno.ESPIPE : -Errno.EBADF;
}

/** A read of nothing asks only whether it may: most files answer 0 without looking. */
function emptyRead(task: Task, file: FileDescription, one: (target: Uint8Array) => number): Result {
  if (file.location === undefined) return 0;
  return file.status().attributes.type === "directory" ? one(EMPTY) : 0;
}

const EMPTY = new Uint8Array(0);

function totalBytes(vectors: readonly Vector[]): number {
  let sum = 0;
  for (const { sizeBytes } of vectors) sum += sizeBytes;
  return Math.min(sum, BYTES_MAX);
}

function writableOf(task: Task, { address, sizeBytes }: Vector): Uint8Array {
  const size = Math.min(sizeBytes, BYTES_MAX);
  const whole = task.addressSpace.bytes(address, size, PROT_WRITE);
  return whole ?? task.memory.writable(address, Math.max(1, task.addressSpace.reachable(address, size, PROT_WRITE)));
}

/** How much of the vectors can be written, up to the first hole. */
function reachableBytes(task: Task, vectors: readonly Vector[]): number {
  let sum = 0;
  for (const { address, sizeBytes } of vectors) {
    const there = sizeBytes === 0
      ? 0
      : task.addressSpace.reachable(address, Math.min(sizeBytes, BYTES_MAX - sum), PROT_WRITE);
    sum += there;
    if (there < sizeBytes) break;
  }
  return sum;
}

function scatter(
  task: Task, vectors: readonly Vector[], sizeBytes: number, one: (target: Uint8Array) => number,
): number {
  if (sizeBytes === 0) return -Errno.EFAULT;
  const buffer = new Uint8Array(sizeBytes);
  const count = one(buffer);
  let done = 0;
  for (const vector of vectors) {
    const size = Math.min(vector.sizeBytes, count - done);
    if (size <= 0) continue;
    task.memory.copyOut(vector.address, buffer.subarray(done, done + size));
    done += size;
  }
  return count;
}

/** What is to be written, from `done` on; undefined (EFAULT) when nothing of it can be read. */
type Source = (done: number) => Uint8Array | undefined;

function sourceOf(task: Task, vectors: readonly Vector[]): { readonly source: Source; readonly sizeBytes: number } {
  const sizeBytes = totalBytes(vectors);
  const [first] = vectors;
  if (vectors.length === 1 && first !== undefined) {
    const { address } = first;
    return { sizeBytes, source: (done) => readableOf(task, address + done, sizeBytes - done) };
  }
  const gathered = gather(task, vectors, sizeBytes);
  return { sizeBytes, source: (done) => (done < gathered.length ? gathered.subarray(done) : undefined) };
}

function readableOf(task: Task, address: number, sizeBytes: number): Uint8Array | undefined {
  const whole = task.addressSpace.bytes(address, sizeBytes, PROT_READ);
  if (whole !== undefined) return whole;
  const there = task.addressSpace.reachable(address, sizeBytes, PROT_READ);
  return there === 0 ? undefined : task.memory.readable(address, there);
}

function gather(task: Task, vectors: readonly Vector[], sizeBytes: number): Uint8Array {
  const buffer = new Uint8Array(sizeBytes);
  let done = 0;
  for (const vector of vectors) {
    const size = Math.min(vector.sizeBytes, sizeBytes - done);
    if (size === 0) continue;
    const piece = readableOf(task, vector.address, size);
    if (piece !== undefined) buffer.set(piece, done);
    done += piece?.length ?? 0;
    if (piece === undefined || piece.length < size) break;
  }
  return buffer.subarray(0, done);
}

/** What follows a part that was written: an error (no room left) only ends the call. */
function rest(write: () => number): number {
  try {
    return write();
  } catch (thrown) {
    if (isFsError(thrown) || thrown instanceof SyscallError) return 0;
    throw thrown;
  }
}

/** Blocking writes go on until all is written, as pipes and sockets do; a signal answers the part. */
export function writeFrom(
  task: Task, file: FileDescription, vectors: readonly Vector[], options: TransferOptions = {},
): Result {
  if (!file.isWritable) return refusal(file, options.position);
  const { source, sizeBytes } = sourceOf(task, vectors);
  const isNonBlocking = options.isNonBlocking ?? file.isNonBlocking;
  const { position } = options;
  let done = 0;
  const one = (piece: Uint8Array): number =>
    countWrite(task, position === undefined ? file.write(piece, task) : file.writeAt(position + done, piece, task));
  const attempt = (): Result => {
    do {
      const piece = sizeBytes === 0 ? EMPTY : source(done);
      if (piece === undefined) return done > 0 ? done : -Errno.EFAULT;
      const count = done === 0 ? one(piece) : rest(() => one(piece));
      if (count === -Errno.EAGAIN && !isNonBlocking) return blocked;
      if (count < 0) return done > 0 ? done : count;
      done += count;
      if (count === 0) return done;
    } while (done < sizeBytes);
    return done;
  };
  const blocked: Blocked = new Blocked({
    queues: [file.queue],
    retry: attempt,
    interrupt: () => (done > 0 ? done : -ERESTARTSYS),
    reason: "pipe_write",
  });
  return attempt();
}

/** When a wait ends by itself, asked at every try, and what the call answers then. */
export interface Patience {
  deadlineNs(): number | undefined;
  late(): Result;
}

/** Tries `attempt` until it answers anything but -EAGAIN; only once for non-blocking files. */
export function waiting(
  file: FileDescription, reason: string, attempt: () => number, isNonBlocking = file.isNonBlocking, patience?: Patience,
): Result {
  const first = attempt();
  if (first !== -Errno.EAGAIN || isNonBlocking) return first;
  const retry = (): Result => {
    const again = attempt();
    return again === -Errno.EAGAIN ? blocked() : again;
  };
  const blocked = (): Blocked =>
    new Blocked({
      queues: [file.queue],
      retry,
      reason,
      ...(patience === undefined ? {} : { deadlineNs: patience.deadlineNs(), timeout: () => patience.late() }),
    });
  return blocked();
}
