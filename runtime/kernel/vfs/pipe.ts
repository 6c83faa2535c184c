/**
 * Pipes (pipe(7)): a bounded queue of bytes between descriptions. Writes of at most PIPE_BUF bytes are
 * whole or not at all. One `Pipe` serves pipe2 and fifos; its ends count their readers and writers.
 */
import { must } from "../../../layers/base/assert.ts";
import type { AttributeChanges, Attributes } from "../../../layers/fs/filesystem.ts";
import { Errno } from "../abi/errno.ts";
import { O_ACCMODE, O_RDONLY, O_WRONLY } from "../abi/fcntl.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from "../abi/poll.ts";
import { Signal, SI_KERNEL } from "../abi/signal.ts";
import { sendToTask } from "../task/send-signal.ts";
import type { Task } from "../task/task.ts";
import { WaitQueue } from "../task/wait.ts";
import type { Status } from "./file-description.ts";
import { FileDescription } from "./file-description.ts";
import type { Inode } from "./inode.ts";
import type { Location } from "./mount.ts";

/** limits.h. */
export const PIPE_BUF = 4096;
const CAPACITY = 65_536;
/** /proc/sys/fs/pipe-max-size. */
export const PIPE_MAX_BYTES = 1_048_576;
const FIONREAD = 0x541b;
/** pipefs has device 0:13 on most machines; any will do. */
const PIPE_DEVICE = 13;

let lastPipe = 0;

export class Pipe {
  readonly id: number;
  readonly queue = new WaitQueue();
  readers = 0;
  writers = 0;
  /** Opens of each kind ever: who waits for a partner sees one that came and went. */
  readerOpens = 0;
  writerOpens = 0;
  #ring = new Uint8Array(PIPE_BUF);
  #capacity = CAPACITY;
  #start = 0;
  #count = 0;

  constructor() {
    lastPipe += 1;
    this.id = lastPipe;
  }

  get count(): number {
    return this.#count;
  }

  get free(): number {
    return this.#capacity - this.#count;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** F_SETPIPE_SZ: the new size, a power of two of whole pages, or -EBUSY. */
  resize(sizeBytes: number): number {
    let capacity = PIPE_BUF;
    while (capacity < sizeBytes) capacity *= 2;
    if (capacity < this.#count) return -Errno.EBUSY;
    this.#capacity = capacity;
    this.queue.wake();
    return capacity;
  }

  /** Too full for a whole PIPE_BUF: POLLOUT does not hold, and writers may be waiting. */
  get isFull(): boolean {
    return this.free < PIPE_BUF;
  }

  take(target: Uint8Array, isPeeking = false): number {
    const wasFull = this.isFull;
    const count = Math.min(target.length, this.#count);
    const first = Math.min(count, this.#ring.length - this.#start);
    target.set(this.#ring.subarray(this.#start, this.#start + first));
    target.set(this.#ring.subarray(0, count - first), first);
    if (isPeeking) return count;
    this.#start = (this.#start + count) % this.#ring.length;
    this.#count -= count;
    if (count > 0 && wasFull) this.queue.notify(this.free < PIPE_BUF ? 0 : POLLOUT | POLLWRNORM);
    return count;
  }

  put(source: Uint8Array): number {
    const count = Math.min(source.length, this.free);
    if (this.#count + count > this.#ring.length) this.#enlarge(this.#count + count);
    const at = (this.#start + this.#count) % this.#ring.length;
    const first = Math.min(count, this.#ring.length - at);
    this.#ring.set(source.subarray(0, first), at);
    this.#ring.set(source.subarray(first, count), 0);
    this.#count += count;
    if (count > 0) this.queue.notify(POLLIN | POLLRDNORM);
    return count;
  }

  /** The ring starts small and doubles: most pipes carry little. */
  #enlarge(needed: number): void {
    let size = this.#ring.length;
    while (size < needed) size *= 2;
    const larger = new Uint8Array(size);
    const count = this.#count;
    this.take(larger, true);
    this.#ring = larger;
    this.#start = 0;
    this.#count = count;
  }
}

export class PipeEnd extends FileDescription {
  readonly pipe: Pipe;
  override readonly queue: WaitQueue;
  readonly #location: Location | undefined;
  readonly #inode: Inode | undefined;
  /** Opens of the other kind when this one came. */
  readonly #partners: number;
  #own: Attributes | undefined;

  /** `location` of a fifo; a pipe has none. */
  constructor(pipe: Pipe, statusFlags: number, location: Location | undefined, bornNs: bigint) {
    super(statusFlags);
    this.pipe = pipe;
    this.queue = pipe.queue;
    this.#location = location;
    this.#inode = location?.dentry.superblock.openInode(location.dentry.node);
    this.#partners = this.isReadable ? pipe.writerOpens : pipe.readerOpens;
    if (location === undefined) this.#own = pipeAttributes(pipe.id, bornNs);
    if (this.isReadable) {
      pipe.readers += 1;
      pipe.readerOpens += 1;
    }
    if (this.isWritable) {
      pipe.writers += 1;
      pipe.writerOpens += 1;
    }
    pipe.queue.wake();
  }

  get label(): string {
    return `pipe:[${this.pipe.id}]`;
  }

  override get location(): Location | undefined {
    return this.#location;
  }

  override get inode(): Inode | undefined {
    return this.#inode;
  }

  /** Whether a fifo's open may return: the other end is, or was, there, or nobody waits for it. */
  get isConnected(): boolean {
    if (this.#location === undefined || this.isNonBlocking || (this.isReadable && this.isWritable)) return true;
    if (this.isReadable) return this.pipe.writers > 0 || this.pipe.writerOpens !== this.#partners;
    return this.pipe.readers > 0 || this.pipe.readerOpens !== this.#partners;
  }

  override poll(): number {
    const { pipe } = this;
    let bits = 0;
    if (this.isReadable) {
      if (pipe.count > 0) bits |= POLLIN | POLLRDNORM;
      // A fifo's reader that never had a writer sees no end.
      const hadWriter = this.#location === undefined || pipe.writerOpens !== this.#partners;
      if (pipe.writers === 0 && hadWriter) bits |= POLLHUP;
    }
    if (this.isWritable) {
      if (!pipe.isFull) bits |= POLLOUT | POLLWRNORM;
      if (pipe.readers === 0) bits |= POLLERR;
    }
    return bits;
  }

  override read(target: Uint8Array): number {
    if (this.pipe.count > 0) return this.pipe.take(target);
    return this.pipe.writers === 0 ? 0 : -Errno.EAGAIN;
  }

  override write(source: Uint8Array, task: Task): number {
    if (source.length === 0) return 0;
    if (this.pipe.readers === 0) {
      sendToTask(task, { signal: Signal.SIGPIPE, code: SI_KERNEL });
      return -Errno.EPIPE;
    }
    const { free } = this.pipe;
    if (free === 0 || (source.length <= PIPE_BUF && free < source.length)) return -Errno.EAGAIN;
    return this.pipe.put(source);
  }

  override ioctl(request: number, argument: number, task: Task): number {
    if (request !== FIONREAD) return -Errno.ENOTTY;
    task.memory.writeU32(argument, this.pipe.count);
    return 0;
  }

  override status(): Status {
    const location = this.#location;
    if (location === undefined) return { device: PIPE_DEVICE, attributes: must(this.#own, "a pipe has attributes") };
    const { superblock, node } = location.dentry;
    return { device: superblock.device, attributes: superblock.filesystem.attributes(node) };
  }

  override setAttributes({ mode, uid, gid, atimeNs, mtimeNs }: AttributeChanges): number {
    const own = must(this.#own, "a fifo's attributes are its node's");
    this.#own = {
      ...own, mode: mode ?? own.mode, uid: uid ?? own.uid, gid: gid ?? own.gid, atimeNs: atimeNs ?? own.atimeNs,
      mtimeNs: mtimeNs ?? own.mtimeNs,
    };
    return 0;
  }

  protected override closed(): void {
    if (this.isReadable) this.pipe.readers -= 1;
    if (this.isWritable) this.pipe.writers -= 1;
    if (this.#inode !== undefined) {
      if (this.pipe.readers + this.pipe.writers === 0) this.#inode.pipe = undefined;
      this.#location?.dentry.superblock.closeInode(this.#inode);
    }
    this.pipe.queue.wake();
  }
}

/** Both ends of a new pipe, reading end first. */
export function makePipe(task: Task, statusFlags: number): readonly [PipeEnd, PipeEnd] {
  const pipe = new Pipe();
  const bornNs = task.kernel.realtimeNs();
  const flags = statusFlags & ~O_ACCMODE;
  const end = (access: number): PipeEnd => new PipeEnd(pipe, flags | access, undefined, bornNs);
  return [end(O_RDONLY), end(O_WRONLY)];
}

function pipeAttributes(ino: number, bornNs: bigint): Attributes {
  return {
    ino, type: "fifo", mode: 0o600, nlink: 1, uid: 0, gid: 0, rdev: { major: 0, minor: 0 }, sizeBytes: 0,
    allocatedBytes: 0, atimeNs: bornNs, mtimeNs: bornNs, ctimeNs: bornNs,
  };
}
