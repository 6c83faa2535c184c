/** msgget(2), msgsnd(2), msgrcv(2), msgctl(2). */
import { Errno, ERESTARTNOHAND } from "../abi/errno.ts";
import * as abi from "../abi/ipc.ts";
import { ipcOf, limit } from "../ipc/ipc-namespace.ts";
import { readStructure, shownPid, writeStructure, writeWords } from "../ipc/ipc-object.ts";
import type { Message } from "../ipc/message-queue.ts";
import { MessageQueue } from "../ipc/message-queue.ts";
import { Capability, hasCapability } from "../task/credentials.ts";
import type { Task } from "../task/task.ts";
import type { Result, WaitQueue } from "../task/wait.ts";
import { Blocked } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** S_IRUGO, S_IWUGO. */
const [READ, WRITE] = [0o444, 0o222];
/** The type before the text, in struct msgbuf. */
const TYPE_BYTES = 8;
/** MSGPOOL, MSGMAP, MSGSSZ, MSGTQL and MSGSEG of IPC_INFO, which limit nothing. */
const [POOL, MAP, SEGMENT_BYTES, HEADERS, SEGMENTS] = [512_000, 16_384, 16, 16_384, 0xffff];

function sysMsgget(task: Task, key: number, flags: number): Result {
  const { kernel } = task;
  const { messages } = ipcOf(task);
  return messages.get(task, {
    key,
    flags,
    countMax: limit(kernel, "msgmni"),
    checkNew: () => undefined,
    make: (birth) => new MessageQueue(birth, limit(kernel, "msgmnb"), messages),
    checkFound: () => undefined,
  });
}

/** `attempt` until it answers; EIDRM once the queue has gone. */
function untilAnswered(
  queue: MessageQueue,
  waitIn: WaitQueue,
  reason: string,
  attempt: () => Result | undefined,
): Result {
  const blocked: Blocked = new Blocked({
    queues: [waitIn],
    retry: () => (queue.isRemoved ? -Errno.EIDRM : (attempt() ?? blocked)),
    interrupt: () => -ERESTARTNOHAND,
    reason,
  });
  return attempt() ?? blocked;
}

function sysMsgsnd(task: Task, id: number, address: number, sizeBytes: number, flags: number): Result {
  const typeBits = task.memory.readU64(address);
  if (sizeBytes > limit(task.kernel, "msgmax") || sizeBytes < 0 || id < 0) return -Errno.EINVAL;
  const type = Number(BigInt.asIntN(64, typeBits));
  if (type < 1) return -Errno.EINVAL;
  const bytes = task.memory.copyIn(address + TYPE_BYTES, sizeBytes);
  const queue = ipcOf(task).messages.find(id);
  return untilAnswered(queue, queue.senders, "do_msgsnd", () => {
    queue.require(task, WRITE);
    if (queue.hasRoom(sizeBytes)) {
      queue.send(task.process, { type, typeBits, bytes });
      return 0;
    }
    return (flags & abi.IPC_NOWAIT) !== 0 ? -Errno.EAGAIN : undefined;
  });
}

function sysMsgrcv(
  task: Task,
  id: number,
  address: number,
  sizeBytes: number,
  type: number,
  flags: number,
): Result {
  const has = (bit: number): boolean => (flags & bit) !== 0;
  if (id < 0 || sizeBytes < 0) return -Errno.EINVAL;
  if (has(abi.MSG_COPY) && (has(abi.MSG_EXCEPT) || !has(abi.IPC_NOWAIT))) return -Errno.EINVAL;
  const queue = ipcOf(task).messages.find(id);
  return untilAnswered(queue, queue.receivers, "do_msgrcv", () => {
    queue.require(task, READ);
    const message = queue.search(type, flags);
    if (message === undefined) return has(abi.IPC_NOWAIT) ? -Errno.ENOMSG : undefined;
    const isCut = message.bytes.length > sizeBytes;
    if (isCut && !has(abi.MSG_NOERROR)) return -Errno.E2BIG;
    if (has(abi.MSG_COPY)) {
      if (isCut) return -Errno.EINVAL;
    } else queue.take(task.process, message);
    return deliver(task, address, message, sizeBytes);
  });
}

/** A message that does not fit where it should go is lost, there as here. */
function deliver(task: Task, address: number, { typeBits, bytes }: Message, sizeBytes: number): number {
  task.memory.writeU64(address, typeBits);
  const text = bytes.subarray(0, sizeBytes);
  task.memory.copyOut(address + TYPE_BYTES, text);
  return text.length;
}

function sysMsgctl(task: Task, id: number, command: number, address: number): Result {
  if (id < 0 || command < 0) return -Errno.EINVAL;
  const { messages } = ipcOf(task);
  switch (command) {
    case abi.IPC_INFO:
    case abi.MSG_INFO:
      return tellLimits(task, command, address);
    case abi.IPC_STAT:
    case abi.MSG_STAT:
    case abi.MSG_STAT_ANY: {
      const queue = command === abi.IPC_STAT ? messages.find(id) : messages.at(id);
      if (command !== abi.MSG_STAT_ANY) queue.require(task, READ);
      writeStructure(task, address, abi.MSQID_DS_BYTES, (view) => fillQueue(task, queue, view));
      return command === abi.IPC_STAT ? 0 : queue.id;
    }
    case abi.IPC_SET:
      return change(task, id, readStructure(task, address, abi.MSQID_DS_BYTES));
    case abi.IPC_RMID: {
      const queue = messages.find(id);
      queue.requireOwner(task);
      queue.destroy();
      return 0;
    }
    default:
      return -Errno.EINVAL;
  }
}

/** More than msgmnb is for CAP_SYS_RESOURCE. Who waits looks again: the mode may be another. */
function change(task: Task, id: number, view: DataView): Result {
  const { credentials, kernel } = task;
  const queue = ipcOf(task).messages.find(id);
  queue.requireOwner(task);
  const bytesMax = Number(view.getBigUint64(88, true));
  const isFree = hasCapability(credentials, Capability.CAP_SYS_RESOURCE);
  if (bytesMax > limit(kernel, "msgmnb") && !isFree) return -Errno.EPERM;
  queue.setPermissions(task, view);
  queue.bytesMax = bytesMax;
  queue.wakeAll();
  return 0;
}

function fillQueue(task: Task, queue: MessageQueue, view: DataView): void {
  queue.writePermissions(task, view);
  view.setBigInt64(48, queue.sentSeconds, true);
  view.setBigInt64(56, queue.receivedSeconds, true);
  view.setBigInt64(64, queue.changedSeconds, true);
  view.setBigUint64(72, BigInt(queue.usedBytes), true);
  view.setBigUint64(80, BigInt(queue.messages.length), true);
  view.setBigUint64(88, BigInt(queue.bytesMax), true);
  view.setInt32(96, shownPid(task, queue.lastSender), true);
  view.setInt32(100, shownPid(task, queue.lastReceiver), true);
}

function tellLimits(task: Task, command: number, address: number): Result {
  const { kernel } = task;
  const { messages } = ipcOf(task);
  const isUse = command === abi.MSG_INFO;
  const sum = (of: (queue: MessageQueue) => number): number =>
    messages.all.reduce((total, queue) => total + of(queue), 0);
  writeWords(task, address, abi.MSGINFO_BYTES, [
    isUse ? messages.count : POOL,
    isUse ? sum((queue) => queue.messages.length) : MAP,
    limit(kernel, "msgmax"),
    limit(kernel, "msgmnb"),
    limit(kernel, "msgmni"),
    SEGMENT_BYTES,
    isUse ? sum(({ usedBytes }) => usedBytes) : HEADERS,
    SEGMENTS,
  ]);
  return messages.indexMax;
}

export const MESSAGE_QUEUE_CALLS: readonly SyscallRow[] = [
  call(68, "msgget", "int, int", sysMsgget),
  call(69, "msgsnd", "int, address, size, int", sysMsgsnd),
  call(70, "msgrcv", "int, address, size, size, int", sysMsgrcv),
  call(71, "msgctl", "int, int, address", sysMsgctl),
];
