/**
 * poll(2), ppoll(2), select(2), pselect6(2). One hard idea: both are one question, which bits of which files
 * hold now, asked again after each wake of any of their queues.
 */
import { Errno, ERESTART_RESTARTBLOCK, ERESTARTNOHAND } from "../abi/errno.ts";
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDBAND,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
} from "../abi/poll.ts";
import { Rlimit } from "../task/limits.ts";
import type { Task } from "../task/task.ts";
import type { Result, WaitQueue } from "../task/wait.ts";
import { Blocked } from "../task/wait.ts";
import type { FileDescription } from "../vfs/file-description.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";
import { setTemporaryMask } from "./signals.ts";
import { deadlineIn, readTimespec, readTimeval, writeDuration, writeTimeval } from "./timespec.ts";

const POLLFD_BYTES = 8;
const SET_BYTES = 8;
const NS_PER_MS = 1_000_000;
/** select's three sets in poll's bits (fs/select.c). */
const SELECT_IN = POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR;
const SELECT_OUT = POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR;
const SELECT_EXCEPT = POLLPRI;
const BITS_PER_BYTE = 8;
const WORD_BYTES = 8;

interface Wait {
  readonly queues: readonly WaitQueue[];
  /** Undefined waits for ever. */
  readonly durationNs: number | undefined;
  /** The count, or 0 when nothing holds. */
  readonly look: () => number;
  /** When it is over or cut short: tells what time is left. */
  readonly leave: (leftNs: number) => void;
  readonly interrupted: (again: () => Result) => number;
  readonly reason: string;
}

function waitUntilReady(task: Task, wait: Wait): Result {
  const { kernel } = task;
  const deadlineNs = wait.durationNs === undefined ? undefined : deadlineIn(task, wait.durationNs);
  const leave = (): void => wait.leave(Math.max(0, (deadlineNs ?? 0) - kernel.monotonicNs()));
  const attempt = (): Result => {
    const count = wait.look();
    if (count === 0 && !(deadlineNs !== undefined && kernel.monotonicNs() >= deadlineNs)) return blocked;
    leave();
    return count;
  };
  const blocked: Blocked = new Blocked({
    queues: wait.queues,
    deadlineNs,
    retry: attempt,
    timeout: () => {
      leave();
      return 0;
    },
    interrupt: () => {
      leave();
      return wait.interrupted(attempt);
    },
    reason: wait.reason,
  });
  return attempt();
}

interface Polled {
  readonly file: FileDescription | undefined;
  readonly fd: number;
  readonly events: number;
  readonly at: number;
}

function pollFiles(
  task: Task,
  address: number,
  count: number,
  durationNs: number | undefined,
  rest: Pick<Wait, "leave" | "interrupted">,
): Result {
  if (count >>> 0 > task.process.limit(Rlimit.RLIMIT_NOFILE).soft) return -Errno.EINVAL;
  const polled: Polled[] = Array.from({ length: count >>> 0 }, (_, index) => {
    const at = address + index * POLLFD_BYTES;
    const fd = task.memory.readI32(at);
    return { file: task.files.get(fd), fd, events: task.memory.readU16(at + 4), at };
  });
  const look = (): number => {
    let ready = 0;
    for (const one of polled) {
      const bits = bitsOf(one);
      task.memory.writeU16(one.at + 6, bits);
      if (bits !== 0) ready += 1;
    }
    return ready;
  };
  const queues = new Set(polled.flatMap(({ file }) => (file === undefined ? [] : [file.queue])));
  return waitUntilReady(task, {
    queues: [...queues],
    durationNs,
    look,
    ...rest,
    reason: "poll_schedule_timeout",
  });
}

function bitsOf({ file, fd, events }: Polled): number {
  if (fd < 0) return 0;
  return file === undefined ? POLLNVAL : file.poll() & (events | POLLERR | POLLHUP);
}

function sysPoll(task: Task, address: number, count: number, timeoutMs: number): Result {
  return pollFiles(task, address, count, timeoutMs < 0 ? undefined : timeoutMs * NS_PER_MS, {
    leave: () => undefined,
    interrupted: (again) => {
      task.restart = again;
      return -ERESTART_RESTARTBLOCK;
    },
  });
}

function sysPpoll(
  task: Task,
  address: number,
  count: number,
  timeout: number,
  mask: number,
  setBytes: number,
): Result {
  const durationNs = timeout === 0 ? undefined : readTimespec(task, timeout);
  if (mask !== 0) {
    if (setBytes !== SET_BYTES) return -Errno.EINVAL;
    setTemporaryMask(task, task.memory.readU64(mask));
  }
  return pollFiles(task, address, count, durationNs, {
    leave: (leftNs) => {
      if (timeout !== 0) writeDuration(task, timeout, leftNs);
    },
    interrupted: () => -ERESTARTNOHAND,
  });
}

interface Selected {
  readonly fd: number;
  readonly file: FileDescription;
  /** By set: whether it was asked for. */
  readonly asked: readonly boolean[];
}

/** `sets` are the addresses of the three fd_sets, 0 for none. */
function selectFiles(
  task: Task,
  highest: number,
  sets: readonly number[],
  durationNs: number | undefined,
  leave: (leftNs: number) => void,
): Result {
  if (highest < 0) return -Errno.EINVAL;
  const count = Math.min(highest, task.files.size);
  const bytes = Math.ceil(count / (BITS_PER_BYTE * WORD_BYTES)) * WORD_BYTES;
  const given = sets.map((address) => (address === 0 ? undefined : task.memory.copyIn(address, bytes)));
  const selected: Selected[] = [];
  for (let fd = 0; fd < count; fd++) {
    const asked = given.map((set) => set !== undefined && ((set[fd >> 3] ?? 0) & (1 << (fd & 7))) !== 0);
    if (!asked.includes(true)) continue;
    const file = task.files.get(fd);
    if (file === undefined) return -Errno.EBADF;
    selected.push({ fd, file, asked });
  }
  const masks = [SELECT_IN, SELECT_OUT, SELECT_EXCEPT];
  const look = (): number => {
    const answers = given.map((set) => (set === undefined ? undefined : new Uint8Array(bytes)));
    let ready = 0;
    for (const { fd, file, asked } of selected) {
      const bits = file.poll();
      asked.forEach((isAsked, index) => {
        const answer = answers[index];
        if (!isAsked || answer === undefined || (bits & (masks[index] ?? 0)) === 0) return;
        answer[fd >> 3] = (answer[fd >> 3] ?? 0) | (1 << (fd & 7));
        ready += 1;
      });
    }
    pendingAnswers = answers;
    return ready;
  };
  let pendingAnswers: readonly (Uint8Array | undefined)[] = [];
  const finish = (leftNs: number): void => {
    leave(leftNs);
    pendingAnswers.forEach((answer, index) => {
      if (answer !== undefined) task.memory.copyOut(sets[index] ?? 0, answer);
    });
  };
  const queues = [...new Set(selected.map(({ file }) => file.queue))];
  return waitUntilReady(task, {
    queues,
    durationNs,
    look,
    leave: finish,
    reason: "do_select",
    interrupted: () => {
      // The sets are as they were given: the call may be made again.
      given.forEach((set, index) => set !== undefined && task.memory.copyOut(sets[index] ?? 0, set));
      return -ERESTARTNOHAND;
    },
  });
}

function sysSelect(
  task: Task,
  count: number,
  read: number,
  write: number,
  except: number,
  timeout: number,
): Result {
  const durationNs = timeout === 0 ? undefined : readTimeval(task, timeout);
  return selectFiles(task, count, [read, write, except], durationNs, (leftNs) => {
    if (timeout !== 0) writeTimeval(task, timeout, leftNs);
  });
}

/** `mask` points to the address and size of a set: six arguments are not enough. */
function sysPselect6(
  task: Task,
  count: number,
  read: number,
  write: number,
  except: number,
  timeout: number,
  mask: number,
): Result {
  const durationNs = timeout === 0 ? undefined : readTimespec(task, timeout);
  const set = mask === 0 ? 0 : task.memory.readInteger(mask);
  if (set !== 0) {
    if (task.memory.readInteger(mask + 8) !== SET_BYTES) return -Errno.EINVAL;
    setTemporaryMask(task, task.memory.readU64(set));
  }
  return selectFiles(task, count, [read, write, except], durationNs, (leftNs) => {
    if (timeout !== 0) writeDuration(task, timeout, leftNs);
  });
}

export const READINESS_CALLS: readonly SyscallRow[] = [
  call(7, "poll", "pollfds, count, int", sysPoll),
  call(23, "select", "int, fdset, fdset, fdset, timeval", sysSelect),
  call(270, "pselect6", "int, fdset, fdset, fdset, timespec, address", sysPselect6),
  call(271, "ppoll", "pollfds, count, timespec, sigset, size", sysPpoll),
];
