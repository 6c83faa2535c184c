/** process_vm_readv(2), process_vm_writev(2), kcmp(2): looking into another process without stopping it. */
import { Errno } from "../abi/errno.ts";
import { PROT_READ, PROT_WRITE } from "../abi/mman.ts";
import { mayLookInto } from "../task/ptrace-access.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

const VECTORS_MAX = 1024;
const PAGE_BYTES = 4096;
/** linux/kcmp.h. */
const Kcmp = { file: 0, memory: 1, files: 2, filesystem: 3, handlers: 4, io: 5, undo: 6 } as const;

interface Piece {
  readonly address: number;
  readonly sizeBytes: number;
}

function transfer(task: Task, request: readonly number[], isReading: boolean): Result {
  const [pid = 0, local = 0, localCount = 0, remote = 0, remoteCount = 0, flags = 0] = request;
  if (flags !== 0 || localCount < 0 || localCount > VECTORS_MAX) return -Errno.EINVAL;
  if (remoteCount < 0 || remoteCount > VECTORS_MAX) return -Errno.EINVAL;
  const [here, there] = [
    task.memory.readVectors(local, localCount),
    task.memory.readVectors(remote, remoteCount),
  ];
  const room = here.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (room === 0 || there.length === 0) return 0;
  const other = task.pidNamespace.task(pid | 0);
  if (other === undefined || other.state === "dead") return -Errno.ESRCH;
  if (!mayLookInto(task, other, false)) return -Errno.EPERM;
  let done = 0;
  const own = pieces(here);
  for (const { address, sizeBytes } of there) {
    for (let at = 0; at < sizeBytes && done < room;) {
      // Page by page: what can be reached up to a hole is transferred.
      const inPage = PAGE_BYTES - ((address + at) % PAGE_BYTES);
      const near = own(Math.min(sizeBytes - at, inPage));
      if (near === undefined) return done;
      const theirs = other.addressSpace.bytes(
        address + at,
        near.sizeBytes,
        isReading ? PROT_READ : PROT_WRITE,
      );
      const bytes = isReading ? theirs?.slice() : task.memory.copyIn(near.address, near.sizeBytes);
      if (theirs === undefined || bytes === undefined) return done > 0 ? done : -Errno.EFAULT;
      if (isReading) task.memory.copyOut(near.address, bytes);
      else other.addressSpace.bytes(address + at, near.sizeBytes, PROT_WRITE)?.set(bytes);
      at += near.sizeBytes;
      done += near.sizeBytes;
    }
  }
  return done;
}

/** Hands out the local side, piece by piece, at most so much of it. */
function pieces(vectors: readonly Piece[]): (sizeBytesMax: number) => Piece | undefined {
  let [index, used] = [0, 0];
  return (sizeBytesMax) => {
    let vector = vectors[index];
    while (vector !== undefined && used >= vector.sizeBytes) {
      [index, used] = [index + 1, 0];
      vector = vectors[index];
    }
    if (vector === undefined) return undefined;
    const piece = {
      address: vector.address + used,
      sizeBytes: Math.min(vector.sizeBytes - used, sizeBytesMax),
    };
    used += piece.sizeBytes;
    return piece;
  };
}

const numbers = new WeakMap<object, number>();
let lastNumber = 0;

/** Some order that stays. */
function orderOf(it: object): number {
  let number = numbers.get(it);
  if (number === undefined) numbers.set(it, (number = lastNumber += 1));
  return number;
}

function sysKcmp(task: Task, first: number, second: number, kind: number, fd1: number, fd2: number): Result {
  const [one, other] = [task.pidNamespace.task(first), task.pidNamespace.task(second)];
  if (one === undefined || other === undefined) return -Errno.ESRCH;
  if (![one, other].every((each) => mayLookInto(task, each, false))) return -Errno.EPERM;
  const thing = (each: Task, fd: number): object | undefined => {
    switch (kind) {
      case Kcmp.file:
        return each.files.get(fd);
      case Kcmp.memory:
        return each.addressSpace;
      case Kcmp.files:
        return each.files;
      case Kcmp.filesystem:
        return each.filesystem;
      case Kcmp.handlers:
        return each.handlers;
      case Kcmp.io: // Nobody shares those: both have none.
      case Kcmp.undo:
        return numbers;
      default:
        return undefined;
    }
  };
  const [left, right] = [thing(one, fd1 | 0), thing(other, fd2 | 0)];
  if (left === undefined || right === undefined) return kind === Kcmp.file ? -Errno.EBADF : -Errno.EINVAL;
  const difference = orderOf(left) - orderOf(right);
  return difference === 0 ? 0 : difference < 0 ? 1 : 2;
}

export const OTHER_MEMORY_CALLS: readonly SyscallRow[] = [
  call(310, "process_vm_readv", "pid, address, size, address, size, size", (task, ...request) =>
    transfer(task, request, true),
  ),
  call(311, "process_vm_writev", "pid, address, size, address, size, size", (task, ...request) =>
    transfer(task, request, false),
  ),
  call(312, "kcmp", "pid, pid, int, size, size", sysKcmp),
];
