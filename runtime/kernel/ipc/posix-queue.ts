/**
 * A POSIX message queue (mq_overview(7), ipc/mqueue.c): messages by priority, then by age, and one process that may
 * be told of the first message. One hard idea: it is told only when the queue was empty and nobody was waiting for
 * the message, and only once.
 */
import { SI_MESGQ } from "../abi/signal.ts";
import type { Process } from "../task/process.ts";
import { sendToProcess } from "../task/send-signal.ts";
import type { Task } from "../task/task.ts";
import { WaitQueue } from "../task/wait.ts";

/** Overhead of a message and of its priority's node, as RLIMIT_MSGQUEUE counts them. */
const MESSAGE_BYTES = 48;
const NODE_BYTES = 48;

export interface QueueAttributes {
  readonly messagesMax: number;
  readonly messageBytesMax: number;
}

export interface PosixMessage {
  readonly priority: number;
  readonly bytes: Uint8Array;
}

/** mq_notify: whom to tell, and how. */
export interface QueueNotification {
  readonly process: Process;
  /** SIGEV_ of struct sigevent. */
  readonly kind: number;
  readonly signal: number;
  readonly value: bigint;
  /** SIGEV_THREAD: the cookie goes into the C library's socket. */
  tell(state: "woken" | "removed"): void;
}

export class PosixQueue {
  readonly attributes: QueueAttributes;
  /** Who made it: RLIMIT_MSGQUEUE is its. */
  readonly ownerUid: number;
  readonly messages: PosixMessage[] = [];
  readonly senders = new WaitQueue();
  readonly receivers = new WaitQueue();
  #notification: QueueNotification | undefined;

  constructor(attributes: QueueAttributes, ownerUid: number) {
    this.attributes = attributes;
    this.ownerUid = ownerUid;
  }

  /** What it counts for against RLIMIT_MSGQUEUE. */
  get chargedBytes(): number {
    return chargeOf(this.attributes);
  }

  get isFull(): boolean {
    return this.messages.length >= this.attributes.messagesMax;
  }

  get usedBytes(): number {
    return this.messages.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  get notification(): QueueNotification | undefined {
    return this.#notification;
  }

  set notification(notification: QueueNotification | undefined) {
    if (notification === undefined) this.#notification?.tell("removed");
    this.#notification = notification;
  }

  send(sender: Task, message: PosixMessage): void {
    const isFirst = this.messages.length === 0;
    const behind = this.messages.findIndex(({ priority }) => priority < message.priority);
    this.messages.splice(behind < 0 ? this.messages.length : behind, 0, message);
    const receivers = this.receivers.wake();
    if (isFirst && receivers === 0) this.#notify(sender);
  }

  receive(): PosixMessage | undefined {
    const message = this.messages.shift();
    if (message !== undefined) this.senders.wake();
    return message;
  }

  #notify(sender: Task): void {
    const notification = this.#notification;
    if (notification === undefined) return;
    this.#notification = undefined;
    const { process, signal, value } = notification;
    notification.tell("woken");
    if (signal === 0) return;
    const { credentials } = sender;
    sendToProcess(process, { signal, code: SI_MESGQ, pid: sender.process.id, uid: credentials.uid, value });
  }
}

export function chargeOf({ messagesMax, messageBytesMax }: QueueAttributes): number {
  return (
    messagesMax * messageBytesMax + messagesMax * MESSAGE_BYTES + Math.min(messagesMax, 32_768) * NODE_BYTES
  );
}
