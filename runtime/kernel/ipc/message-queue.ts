/**
 * A message queue (ipc/msg.c). One hard idea: a receiver asks by type: any, one, all but one, or the lowest up
 * to one; so the queue is searched, and who finds nothing waits for the next message, whatever its type.
 */
import * as abi from "../abi/ipc.ts";
import type { Process } from "../task/process.ts";
import { WaitQueue } from "../task/wait.ts";
import type { IpcIds } from "./ipc-ids.ts";
import type { IpcBirth } from "./ipc-object.ts";
import { IpcObject, secondsNow } from "./ipc-object.ts";

export interface Message {
  readonly type: number;
  /** The same with all of its bits. */
  readonly typeBits: bigint;
  readonly bytes: Uint8Array;
}

export class MessageQueue extends IpcObject {
  messages: readonly Message[] = [];
  /** msg_qbytes. */
  bytesMax: number;
  usedBytes = 0;
  lastSender: Process | undefined;
  lastReceiver: Process | undefined;
  sentSeconds = 0n;
  receivedSeconds = 0n;
  readonly senders = new WaitQueue();
  readonly receivers = new WaitQueue();
  readonly #home: IpcIds<MessageQueue>;

  constructor(birth: IpcBirth, bytesMax: number, home: IpcIds<MessageQueue>) {
    super(birth);
    this.bytesMax = bytesMax;
    this.#home = home;
  }

  /** As many messages as bytes, at most: empty ones count too. */
  hasRoom(sizeBytes: number): boolean {
    return this.usedBytes + sizeBytes <= this.bytesMax && this.messages.length + 1 <= this.bytesMax;
  }

  send(process: Process, message: Message): void {
    this.messages = [...this.messages, message];
    this.usedBytes += message.bytes.length;
    this.lastSender = process;
    this.sentSeconds = secondsNow(process.leader.kernel);
    this.receivers.wake();
  }

  /** What msgrcv(2) with `type` and `flags` would get. */
  search(type: number, flags: number): Message | undefined {
    if ((flags & abi.MSG_COPY) !== 0) return this.messages[type];
    if (type === 0) return this.messages[0];
    if (type > 0) {
      const isExcept = (flags & abi.MSG_EXCEPT) !== 0;
      return this.messages.find((message) => (message.type === type) !== isExcept);
    }
    let lowest: Message | undefined;
    for (const message of this.messages)
      if (message.type <= -type && (lowest === undefined || message.type < lowest.type)) lowest = message;
    return lowest;
  }

  take(process: Process, message: Message): void {
    this.messages = this.messages.filter((other) => other !== message);
    this.usedBytes -= message.bytes.length;
    this.lastReceiver = process;
    this.receivedSeconds = secondsNow(process.leader.kernel);
    this.senders.wake();
  }

  destroy(): void {
    this.#home.remove(this);
    this.messages = [];
    this.wakeAll();
  }

  wakeAll(): void {
    this.senders.wake();
    this.receivers.wake();
  }
}
