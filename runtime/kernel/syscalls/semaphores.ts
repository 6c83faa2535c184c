/** semget(2), semop(2), semtimedop(2), semctl(2). */
import { Errno } from "../abi/errno.ts";
import * as abi from "../abi/ipc.ts";
import { ipcOf, semaphoreLimits } from "../ipc/ipc-namespace.ts";
import { readStructure, shownPid, writeStructure, writeWords } from "../ipc/ipc-object.ts";
import type { SemaphoreOperation } from "../ipc/semaphore-set.ts";
import { SemaphoreSet } from "../ipc/semaphore-set.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { Blocked } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";
import { deadlineIn, readTimespec } from "./timespec.ts";

/** S_IRUGO, S_IWUGO. */
const [READ, WRITE] = [0o444, 0o222];
/** SEMMNS, SEMUME and SEMUSZ of IPC_INFO, which limit nothing. */
const [UNDO_STRUCTURES, UNDO_ENTRIES, UNDO_BYTES] = [1_024_000_000, 500, 20];

function usedSemaphores(task: Task): number {
  return ipcOf(task).semaphores.all.reduce((sum, { values }) => sum + values.length, 0);
}

function sysSemget(task: Task, key: number, count: number, flags: number): Result {
  const { semaphores } = ipcOf(task);
  const [perSet, all, , countMax] = semaphoreLimits(task.kernel);
  if (count < 0 || count > perSet) return -Errno.EINVAL;
  return semaphores.get(task, {
    key,
    flags,
    countMax,
    checkNew: () => {
      if (count === 0) throw new SyscallError(Errno.EINVAL);
      if (usedSemaphores(task) + count > all) throw new SyscallError(Errno.ENOSPC);
    },
    make: (birth) => new SemaphoreSet(birth, count, semaphores),
    checkFound: (found) => {
      if (count > found.values.length) throw new SyscallError(Errno.EINVAL);
    },
  });
}

function readOperations(task: Task, address: number, count: number): readonly SemaphoreOperation[] {
  const view = readStructure(task, address, count * abi.SEMBUF_BYTES);
  return Array.from({ length: count }, (_, index) => ({
    number: view.getUint16(index * abi.SEMBUF_BYTES, true),
    change: view.getInt16(index * abi.SEMBUF_BYTES + 2, true),
    flags: view.getInt16(index * abi.SEMBUF_BYTES + 4, true),
  }));
}

function sysSemtimedop(task: Task, id: number, address: number, wanted: number, timeout: number): Result {
  const count = wanted >>> 0;
  const [, , operationsMax] = semaphoreLimits(task.kernel);
  if (count > operationsMax) return -Errno.E2BIG;
  if (count < 1) return -Errno.EINVAL;
  const operations = readOperations(task, address, count);
  if (id < 0) return -Errno.EINVAL;
  const deadlineNs = timeout === 0 ? undefined : deadlineIn(task, readTimespec(task, timeout));
  const set = ipcOf(task).semaphores.find(id);
  if (operations.some(({ number }) => number >= set.values.length)) return -Errno.EFBIG;
  set.require(task, operations.some(({ change }) => change !== 0) ? WRITE : READ);
  const attempt = set.attempt(task.process, operations);
  if (typeof attempt === "number") return attempt;
  return waitFor(task, { set, operations, blocking: attempt, deadlineNs });
}

interface Waiting {
  readonly set: SemaphoreSet;
  readonly operations: readonly SemaphoreOperation[];
  readonly blocking: SemaphoreOperation;
  readonly deadlineNs: number | undefined;
}

/** Not restarted after a signal, whatever SA_RESTART says (signal(7)). */
function waitFor(task: Task, { set, operations, blocking, deadlineNs }: Waiting): Result {
  const wait = { blocking };
  set.waits.add(wait);
  const leave = (result: number): number => {
    set.waits.delete(wait);
    return result;
  };
  const blocked: Blocked = new Blocked({
    queues: [set.queue],
    deadlineNs,
    retry: () => {
      if (set.isRemoved) return leave(-Errno.EIDRM);
      const attempt = set.attempt(task.process, operations);
      if (typeof attempt === "number") return leave(attempt);
      wait.blocking = attempt;
      return blocked;
    },
    timeout: () => leave(-Errno.EAGAIN),
    interrupt: () => leave(-Errno.EINTR),
    abandon: () => void leave(0),
    reason: "do_semtimedop",
  });
  return blocked;
}

function sysSemctl(task: Task, id: number, number: number, command: number, argument: number): Result {
  if (id < 0) return -Errno.EINVAL;
  const { semaphores } = ipcOf(task);
  switch (command) {
    case abi.IPC_INFO:
    case abi.SEM_INFO:
      return tellLimits(task, command, argument);
    case abi.IPC_STAT:
    case abi.SEM_STAT:
    case abi.SEM_STAT_ANY: {
      const set = command === abi.IPC_STAT ? semaphores.find(id) : semaphores.at(id);
      if (command !== abi.SEM_STAT_ANY) set.require(task, READ);
      writeStructure(task, argument, abi.SEMID_DS_BYTES, (view) => {
        set.writePermissions(task, view);
        view.setBigInt64(48, set.operatedSeconds, true);
        view.setBigInt64(64, set.changedSeconds, true);
        view.setBigUint64(80, BigInt(set.values.length), true);
      });
      return command === abi.IPC_STAT ? 0 : set.id;
    }
    case abi.IPC_SET: {
      const view = readStructure(task, argument, abi.SEMID_DS_BYTES);
      const set = semaphores.find(id);
      set.requireOwner(task);
      set.setPermissions(task, view);
      return 0;
    }
    case abi.IPC_RMID: {
      const set = semaphores.find(id);
      set.requireOwner(task);
      set.destroy();
      return 0;
    }
    default:
      return valueCommand(task, semaphores.find(id), { number, command, argument });
  }
}

interface ValueCommand {
  readonly number: number;
  readonly command: number;
  readonly argument: number;
}

function valueCommand(task: Task, set: SemaphoreSet, { number, command, argument }: ValueCommand): Result {
  const { length } = set.values;
  const isInside = number >= 0 && number < length;
  switch (command) {
    case abi.SETVAL: {
      const value = argument | 0;
      if (value < 0 || value > abi.SEMVMX) return -Errno.ERANGE;
      if (!isInside) return -Errno.EINVAL;
      set.require(task, WRITE);
      set.set(task.process, number, [value]);
      return 0;
    }
    case abi.SETALL: {
      set.require(task, WRITE);
      const view = readStructure(task, argument, length * 2);
      const values = Array.from({ length }, (_, index) => view.getUint16(index * 2, true));
      if (values.some((value) => value > abi.SEMVMX)) return -Errno.ERANGE;
      set.set(task.process, 0, values);
      return 0;
    }
    case abi.GETALL:
      set.require(task, READ);
      writeStructure(task, argument, length * 2, (view) =>
        set.values.forEach((value, index) => view.setUint16(index * 2, value, true)),
      );
      return 0;
    case abi.GETVAL:
    case abi.GETPID:
    case abi.GETNCNT:
    case abi.GETZCNT:
      set.require(task, READ);
      if (!isInside) return -Errno.EINVAL;
      if (command === abi.GETVAL) return set.values[number] ?? 0;
      if (command === abi.GETPID) return shownPid(task, set.users[number]);
      return set.waiting(number, command === abi.GETZCNT);
    default:
      return -Errno.EINVAL;
  }
}

function tellLimits(task: Task, command: number, address: number): Result {
  const { semaphores } = ipcOf(task);
  const [perSet, all, operations, sets] = semaphoreLimits(task.kernel);
  const isUse = command === abi.SEM_INFO;
  writeWords(task, address, abi.SEMINFO_BYTES, [
    UNDO_STRUCTURES,
    sets,
    all,
    UNDO_STRUCTURES,
    perSet,
    operations,
    UNDO_ENTRIES,
    isUse ? semaphores.count : UNDO_BYTES,
    abi.SEMVMX,
    isUse ? usedSemaphores(task) : abi.SEMVMX,
  ]);
  return semaphores.indexMax;
}

export const SEMAPHORE_CALLS: readonly SyscallRow[] = [
  call(64, "semget", "int, int, int", sysSemget),
  call(65, "semop", "int, address, int", (task, id, address, count) =>
    sysSemtimedop(task, id, address, count, 0),
  ),
  call(66, "semctl", "int, int, int, address", sysSemctl),
  call(220, "semtimedop", "int, address, int, timespec", sysSemtimedop),
];
