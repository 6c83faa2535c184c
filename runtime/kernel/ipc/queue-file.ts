/** An open message queue: what mq_open(3) answers, and what `cat /dev/mqueue/name` reads. */
import { encodeUtf8 } from "../../../layers/base/bytes.ts";
import { POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from "../abi/poll.ts";
import { SIGEV_SIGNAL } from "../abi/time.ts";
import type { Task } from "../task/task.ts";
import type { FdTable } from "../vfs/fd-table.ts";
import type { Status } from "../vfs/file-description.ts";
import { FileDescription } from "../vfs/file-description.ts";
import type { Inode } from "../vfs/inode.ts";
import type { Location } from "../vfs/mount.ts";
import { positionAfter } from "../vfs/seek.ts";
import type { PosixQueue } from "./posix-queue.ts";

export class QueueFile extends FileDescription {
  readonly label = "";
  readonly posixQueue: PosixQueue;
  readonly #location: Location;
  readonly #inode: Inode;
  readonly #onChange = { wake: () => this.queue.notify(this.poll()) };
  #position = 0;

  constructor(posixQueue: PosixQueue, location: Location, statusFlags: number) {
    super(statusFlags);
    this.posixQueue = posixQueue;
    this.#location = location;
    this.#inode = location.dentry.superblock.openInode(location.dentry.node);
    posixQueue.senders.listen(this.#onChange);
    posixQueue.receivers.listen(this.#onChange);
  }

  override get location(): Location {
    return this.#location;
  }

  override get inode(): Inode {
    return this.#inode;
  }

  override poll(): number {
    const { messages, isFull } = this.posixQueue;
    return (messages.length > 0 ? POLLIN | POLLRDNORM : 0) | (isFull ? 0 : POLLOUT | POLLWRNORM);
  }

  override read(target: Uint8Array, task: Task): number {
    const count = this.readAt(this.#position, target, task);
    this.#position += count;
    return count;
  }

  /** mqueue_read_file. */
  override readAt(position: number, target: Uint8Array, task: Task): number {
    const { usedBytes, notification } = this.posixQueue;
    const isSignal = notification?.kind === SIGEV_SIGNAL;
    const pid = notification?.process.leader.tidIn(task.pidNamespace) ?? 0;
    const text =
      `QSIZE:${String(usedBytes).padEnd(10)} NOTIFY:${String(notification?.kind ?? 0).padEnd(5)} ` +
      `SIGNO:${String(isSignal ? notification.signal : 0).padEnd(5)} NOTIFY_PID:${String(pid).padEnd(6)}\n`;
    const piece = encodeUtf8(text).subarray(position, position + target.length);
    target.set(piece);
    return piece.length;
  }

  override seek(offset: number, whence: number): number {
    const position = positionAfter(this.#position, offset, whence);
    if (position >= 0) this.#position = position;
    return position;
  }

  override status(): Status {
    const { superblock, node } = this.#location.dentry;
    return { device: superblock.device, attributes: superblock.filesystem.attributes(node) };
  }

  /** A process that closes any descriptor of the queue is no longer told of messages. */
  override flush(task: Task, table: FdTable): void {
    super.flush(task, table);
    if (this.posixQueue.notification?.process === task.process) this.posixQueue.notification = undefined;
  }

  protected override closed(): void {
    this.posixQueue.senders.remove(this.#onChange);
    this.posixQueue.receivers.remove(this.#onChange);
    this.#location.dentry.superblock.closeInode(this.#inode);
  }
}
