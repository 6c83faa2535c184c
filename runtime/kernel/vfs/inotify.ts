/**
 * inotify(7) (fs/notify/inotify/): a queue of events of the nodes it watches. One hard idea: a watch belongs to a
 * node, not to a name; there is one for each node, and it ends with the node, saying IN_IGNORED.
 */
import { encodeName } from "../../../layers/fs/names.ts";
import { Errno } from "../abi/errno.ts";
import * as abi from "../abi/inotify.ts";
import { POLLIN, POLLRDNORM } from "../abi/poll.ts";
import type { Task } from "../task/task.ts";
import { AnonymousFile, littleEndian } from "./anonymous-file.ts";
import type { Inode } from "./inode.ts";
import type { Superblock } from "./mount.ts";
import type { Watcher } from "./notify.ts";

/** /proc/sys/fs/inotify. */
const WATCHES_MAX = 65_536;
const EVENTS_MAX = 16_384;
const FIONREAD = 0x541b;
const KEPT_BITS = (abi.IN_ALL_EVENTS | abi.IN_ONESHOT | abi.IN_EXCL_UNLINK) >>> 0;

interface Event {
  readonly watch: number;
  readonly mask: number;
  readonly cookie: number;
  /** With its NUL and padding; empty without a name. */
  readonly name: Uint8Array;
}

class Watch implements Watcher {
  readonly number: number;
  readonly superblock: Superblock;
  readonly inode: Inode;
  mask: number;
  readonly #file: InotifyFile;

  constructor(file: InotifyFile, number: number, superblock: Superblock, inode: Inode, mask: number) {
    this.#file = file;
    this.number = number;
    this.superblock = superblock;
    this.inode = inode;
    this.mask = mask;
    inode.watchers.add(this);
    superblock.watches += 1;
  }

  event(mask: number, cookie: number, name: string, isUnlinked: boolean): void {
    if ((mask & this.mask & abi.IN_ALL_EVENTS) === 0) return;
    if (isUnlinked && (this.mask & abi.IN_EXCL_UNLINK) !== 0) return;
    this.#file.queueEvent({ watch: this.number, mask, cookie, name: paddedName(name) });
    if ((this.mask & abi.IN_ONESHOT) !== 0) this.#file.remove(this.number);
  }

  end(): void {
    this.#file.remove(this.number);
  }

  detach(): void {
    if (!this.inode.watchers.delete(this)) return;
    this.superblock.watches -= 1;
    this.superblock.settle(this.inode);
  }
}

export class InotifyFile extends AnonymousFile {
  readonly label = "anon_inode:inotify";
  readonly #watches = new Map<number, Watch>();
  #events: Event[] = [];
  #last = 0;

  /** inotify_add_watch: the watch's number, or -EEXIST, -ENOSPC. */
  watch(superblock: Superblock, inode: Inode, mask: number): number {
    const kept = (mask & KEPT_BITS) >>> 0;
    const known = [...this.#watches.values()].find((watch) => watch.inode === inode);
    if (known !== undefined) {
      if ((mask & abi.IN_MASK_CREATE) !== 0) return -Errno.EEXIST;
      known.mask = (mask & abi.IN_MASK_ADD) === 0 ? kept : (known.mask | kept) >>> 0;
      return known.number;
    }
    if (this.#watches.size >= WATCHES_MAX) return -Errno.ENOSPC;
    this.#last += 1;
    this.#watches.set(this.#last, new Watch(this, this.#last, superblock, inode, kept));
    return this.#last;
  }

  /** inotify_rm_watch: 0 or -EINVAL. */
  remove(number: number): number {
    const watch = this.#watches.get(number);
    if (watch === undefined) return -Errno.EINVAL;
    this.#watches.delete(number);
    watch.detach();
    this.queueEvent({ watch: number, mask: abi.IN_IGNORED, cookie: 0, name: paddedName("") });
    return 0;
  }

  /** An event like the one before it is not queued again. */
  queueEvent(event: Event): void {
    const last = this.#events[this.#events.length - 1];
    if (last !== undefined && isSame(last, event)) return;
    if (this.#events.length > EVENTS_MAX) return;
    const isFull = this.#events.length === EVENTS_MAX;
    this.#events.push(isFull ? { watch: -1, mask: abi.IN_Q_OVERFLOW, cookie: 0, name: paddedName("") } : event);
    this.queue.notify(POLLIN | POLLRDNORM);
  }

  override poll(): number {
    return this.#events.length > 0 ? POLLIN | POLLRDNORM : 0;
  }

  override read(target: Uint8Array): number {
    let done = 0;
    for (let event = this.#events[0]; event !== undefined; event = this.#events[0]) {
      const sizeBytes = abi.EVENT_BYTES + event.name.length;
      if (done + sizeBytes > target.length) return done > 0 ? done : -Errno.EINVAL;
      const view = littleEndian(target.subarray(done, done + abi.EVENT_BYTES));
      view.setInt32(0, event.watch, true);
      view.setUint32(4, event.mask, true);
      view.setUint32(8, event.cookie, true);
      view.setUint32(12, event.name.length, true);
      target.set(event.name, done + abi.EVENT_BYTES);
      done += sizeBytes;
      this.#events.shift();
    }
    return done > 0 ? done : -Errno.EAGAIN;
  }

  override ioctl(request: number, argument: number, task: Task): number {
    if (request !== FIONREAD) return -Errno.ENOTTY;
    const sizeBytes = this.#events.reduce((sum, { name }) => sum + abi.EVENT_BYTES + name.length, 0);
    task.memory.writeU32(argument, sizeBytes);
    return 0;
  }

  protected override closed(): void {
    for (const watch of this.#watches.values()) watch.detach();
    this.#watches.clear();
    this.#events = [];
  }
}

function isSame(one: Event, other: Event): boolean {
  if (one.watch !== other.watch || one.mask !== other.mask || one.cookie !== other.cookie) return false;
  return one.name.length === other.name.length && one.name.every((byte, index) => byte === other.name[index]);
}

/** With a NUL, to a multiple of the event's size. */
function paddedName(name: string): Uint8Array {
  if (name === "") return new Uint8Array(0);
  const bytes = encodeName(name);
  const padded = new Uint8Array(Math.ceil((bytes.length + 1) / abi.EVENT_BYTES) * abi.EVENT_BYTES);
  padded.set(bytes);
  return padded;
}
