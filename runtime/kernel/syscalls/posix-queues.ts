/** mq_open(2), mq_unlink(2), mq_timedsend(2), mq_timedreceive(2), mq_notify(2), mq_getsetattr(2). */
import { Errno } from "../abi/errno.ts";
import { O_ACCMODE, O_CLOEXEC, O_CREAT, O_EXCL, O_NONBLOCK, O_RDWR, O_WRONLY } from "../abi/fcntl.ts";
import { SIGNAL_MAX } from "../abi/signal.ts";
import * as clock from "../abi/time.ts";
import type { QueueAttributes, QueueNotification } from "../ipc/posix-queue.ts";
import { MqueueFilesystem, queuesOf } from "../ipc/mqueue-filesystem.ts";
import { QueueFile } from "../ipc/queue-file.ts";
import { NetlinkSocket } from "../net/netlink/netlink-socket.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { Result, WaitQueue } from "../task/wait.ts";
import { Blocked } from "../task/wait.ts";
import { unlinkEntry } from "../vfs/entries.ts";
import type { Location } from "../vfs/mount.ts";
import { open } from "../vfs/open.ts";
import { walk } from "../vfs/walk.ts";
import { newDescriptor } from "./new-descriptor.ts";
import { readPath } from "./paths.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";
import { absoluteDeadline } from "./timespec.ts";

const PRIORITY_MAX = 32_768;
const NAME_MAX = 255;
/** struct mq_attr: four longs, and four more for later. */
const ATTR_BYTES = 64;
/** The cookie of SIGEV_THREAD, and its last byte (NOTIFY_WOKENUP, NOTIFY_REMOVED). */
const COOKIE_BYTES = 32;
const COOKIE_STATES = { woken: 1, removed: 2 } as const;

function rootOf({ kernel, namespaces }: Task): {
  readonly root: Location;
  readonly queues: MqueueFilesystem;
} {
  const mount = queuesOf(kernel, namespaces.ipc);
  const { filesystem } = mount.root.superblock;
  if (!(filesystem instanceof MqueueFilesystem)) throw new SyscallError(Errno.ENOENT);
  return { root: { mount, dentry: mount.root }, queues: filesystem };
}

/** A name is one word: the C library has taken its slash away. */
function nameAt(task: Task, address: number): string {
  const name = readPath(task, address);
  if (name === "") throw new SyscallError(Errno.ENOENT);
  if (name.includes("/") || name === "." || name === "..") throw new SyscallError(Errno.EACCES);
  if (new TextEncoder().encode(name).length > NAME_MAX) throw new SyscallError(Errno.ENAMETOOLONG);
  return name;
}

function readAttributes(task: Task, address: number): QueueAttributes | undefined {
  if (address === 0) return undefined;
  return {
    messagesMax: task.memory.readInteger(address + 8),
    messageBytesMax: task.memory.readInteger(address + 16),
  };
}

function sysMqOpen(task: Task, nameAddress: number, flags: number, mode: number, attributes: number): Result {
  const asked = (flags & O_CREAT) !== 0 ? readAttributes(task, attributes) : undefined;
  const name = nameAt(task, nameAddress);
  if ((flags & O_ACCMODE) === (O_RDWR | O_WRONLY)) return -Errno.EINVAL;
  const { root, queues } = rootOf(task);
  const found = walk(name, { start: root, root, who: task.credentials, task, isLastFollowed: false });
  const request = {
    path: name,
    start: root,
    flags: flags & (O_ACCMODE | O_CREAT | O_EXCL | O_NONBLOCK),
    mode: mode & 0o7777,
  };
  const isNew = found.location === undefined && (flags & O_CREAT) !== 0;
  const file = isNew ? queues.withAttributes(task, asked, () => open(task, request)) : open(task, request);
  return newDescriptor(task, file, O_CLOEXEC);
}

function sysMqUnlink(task: Task, nameAddress: number): Result {
  const name = nameAt(task, nameAddress);
  const { root } = rootOf(task);
  const found = walk(name, { start: root, root, who: task.credentials, task, isLastFollowed: false });
  if (found.location === undefined) return -Errno.ENOENT;
  unlinkEntry(task, found);
  return 0;
}

function queueFile(task: Task, fd: number): QueueFile | undefined {
  const file = task.files.get(fd);
  return file instanceof QueueFile ? file : undefined;
}

/** Until `attempt` answers, the deadline by the wall clock passes, or a signal comes. */
function patiently(
  waitIn: WaitQueue,
  reason: string,
  deadlineNs: number | undefined,
  attempt: () => number | undefined,
): Result {
  const blocked: Blocked = new Blocked({
    queues: [waitIn],
    deadlineNs,
    retry: () => attempt() ?? blocked,
    timeout: () => -Errno.ETIMEDOUT,
    reason,
  });
  return attempt() ?? blocked;
}

function sysMqTimedsend(
  task: Task,
  fd: number,
  address: number,
  sizeBytes: number,
  priority: number,
  timeout: number,
): Result {
  const deadlineNs = timeout === 0 ? undefined : absoluteDeadline(task, clock.CLOCK_REALTIME, timeout);
  if (priority >>> 0 >= PRIORITY_MAX) return -Errno.EINVAL;
  const file = queueFile(task, fd);
  if (file === undefined || !file.isWritable) return -Errno.EBADF;
  const { posixQueue } = file;
  if (sizeBytes < 0 || sizeBytes > posixQueue.attributes.messageBytesMax) return -Errno.EMSGSIZE;
  const bytes = task.memory.copyIn(address, sizeBytes).slice();
  return patiently(posixQueue.senders, "wq_sleep", deadlineNs, () => {
    if (posixQueue.isFull) return file.isNonBlocking ? -Errno.EAGAIN : undefined;
    posixQueue.send(task, { priority: priority >>> 0, bytes });
    return 0;
  });
}

function sysMqTimedreceive(
  task: Task,
  fd: number,
  address: number,
  sizeBytes: number,
  priority: number,
  timeout: number,
): Result {
  const deadlineNs = timeout === 0 ? undefined : absoluteDeadline(task, clock.CLOCK_REALTIME, timeout);
  const file = queueFile(task, fd);
  if (file === undefined || !file.isReadable) return -Errno.EBADF;
  const { posixQueue } = file;
  if (sizeBytes >= 0 && sizeBytes < posixQueue.attributes.messageBytesMax) return -Errno.EMSGSIZE;
  return patiently(posixQueue.receivers, "wq_sleep", deadlineNs, () => {
    const message = posixQueue.receive();
    if (message === undefined) return file.isNonBlocking ? -Errno.EAGAIN : undefined;
    if (priority !== 0) task.memory.writeU32(priority, message.priority);
    task.memory.copyOut(address, message.bytes);
    return message.bytes.length;
  });
}

function sysMqNotify(task: Task, fd: number, event: number): Result {
  const notification = event === 0 ? undefined : readNotification(task, event);
  if (typeof notification === "number") return notification;
  const file = queueFile(task, fd);
  if (file === undefined) return -Errno.EBADF;
  const { posixQueue } = file;
  if (notification === undefined) {
    if (posixQueue.notification?.process === task.process) posixQueue.notification = undefined;
    return 0;
  }
  if (posixQueue.notification !== undefined) return -Errno.EBUSY;
  posixQueue.notification = notification;
  return 0;
}

/** struct sigevent; with SIGEV_THREAD the signal is the C library's netlink socket, the value its cookie. */
function readNotification(task: Task, address: number): QueueNotification | number {
  const value = task.memory.readU64(address);
  const number = task.memory.readI32(address + 8);
  const kind = task.memory.readI32(address + 12);
  const base = { process: task.process, kind, value };
  const tell = (): void => undefined;
  switch (kind) {
    case clock.SIGEV_NONE:
      return { ...base, signal: 0, tell };
    case clock.SIGEV_SIGNAL:
      return number <= 0 || number > SIGNAL_MAX ? -Errno.EINVAL : { ...base, signal: number, tell };
    case clock.SIGEV_THREAD: {
      const cookie = task.memory.copyIn(Number(value), COOKIE_BYTES).slice();
      const socket = task.files.get(number);
      if (socket === undefined) return -Errno.EBADF;
      if (!(socket instanceof NetlinkSocket)) return -Errno.ENOTSOCK;
      return {
        ...base,
        signal: 0,
        tell: (state) => {
          cookie[COOKIE_BYTES - 1] = COOKIE_STATES[state];
          socket.enqueue(cookie.slice());
        },
      };
    }
    default:
      return -Errno.EINVAL;
  }
}

function sysMqGetsetattr(task: Task, fd: number, wanted: number, old: number): Result {
  const flags = wanted === 0 ? undefined : task.memory.readInteger(wanted);
  if (flags !== undefined && (flags & ~O_NONBLOCK) !== 0) return -Errno.EINVAL;
  const file = queueFile(task, fd);
  if (file === undefined) return -Errno.EBADF;
  const { attributes, messages } = file.posixQueue;
  const before = file.statusFlags & O_NONBLOCK;
  if (flags !== undefined) file.statusFlags = (file.statusFlags & ~O_NONBLOCK) | flags;
  if (old === 0) return 0;
  task.memory.copyOut(old, new Uint8Array(ATTR_BYTES));
  const words = [before, attributes.messagesMax, attributes.messageBytesMax, messages.length];
  words.forEach((word, index) => task.memory.writeInteger(old + index * 8, word));
  return 0;
}

export const POSIX_QUEUE_CALLS: readonly SyscallRow[] = [
  call(240, "mq_open", "path, flags:open, mode, address", sysMqOpen),
  call(241, "mq_unlink", "path", sysMqUnlink),
  call(242, "mq_timedsend", "fd, buffer, size, size, timespec", sysMqTimedsend),
  call(243, "mq_timedreceive", "fd, address, size, address, timespec", sysMqTimedreceive),
  call(244, "mq_notify", "fd, address", sysMqNotify),
  call(245, "mq_getsetattr", "fd, address, address", sysMqGetsetattr),
];
