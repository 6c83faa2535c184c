/**
 * epoll(7). One hard idea: an interest is *triggered* by a wake of its file's queue and stays so until a
 * wait finds it not ready; a wait looks at triggered interests only. Level-triggered ones are put back
 * after they were reported, edge-triggered ones wait for the next wake, one-shot ones for EPOLL_CTL_MOD.
 */
import { Errno } from "../abi/errno.ts";
import { POLLERR, POLLHUP, POLLIN, POLLRDNORM } from "../abi/poll.ts";
import type { WaitQueue, Waiter } from "../task/wait.ts";
import { AnonymousFile } from "./anonymous-file.ts";
import type { FileDescription } from "./file-description.ts";

export const EPOLLEXCLUSIVE = 0x1000_0000;
const EPOLLWAKEUP = 0x2000_0000;
const EPOLLONESHOT = 0x4000_0000;
const EPOLLET = 0x8000_0000;
/** Bits that are no events (EP_PRIVATE_BITS). */
const PRIVATE = (EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET) >>> 0;
/** What EPOLLEXCLUSIVE may be combined with (EPOLLEXCLUSIVE_OK_BITS). */
const EXCLUSIVE_OK = (POLLIN | 4 | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE) >>> 0;
/** Instances within instances (EP_MAX_NESTS). */
const NESTING_MAX = 4;

export interface EpollEvent {
  readonly events: number;
  readonly data: bigint;
}

class Interest implements Waiter {
  readonly fd: number;
  readonly file: FileDescription;
  events: number;
  data: bigint;
  readonly #triggered: (interest: Interest) => void;
  readonly #closed: () => void;

  constructor(
    fd: number,
    file: FileDescription,
    event: EpollEvent,
    triggered: (interest: Interest) => void,
    closed: (interest: Interest) => void,
  ) {
    this.fd = fd;
    this.file = file;
    this.events = event.events;
    this.data = event.data;
    this.#triggered = triggered;
    this.#closed = () => closed(this);
    file.queue.listen(this);
    file.onClosed.add(this.#closed);
  }

  /** Errors and hang-ups are always of interest; nothing is while a one-shot is spent. */
  get wanted(): number {
    const events = this.events & ~PRIVATE;
    return events === 0 ? 0 : events | POLLERR | POLLHUP;
  }

  wake(_queue: WaitQueue, events: number): void {
    if ((events & this.wanted) !== 0) this.#triggered(this);
  }

  end(): void {
    this.file.queue.remove(this);
    this.file.onClosed.delete(this.#closed);
  }
}

export class Epoll extends AnonymousFile {
  readonly label = "anon_inode:[eventpoll]";
  readonly #interests = new Map<FileDescription, Map<number, Interest>>();
  /** In the order they were triggered. */
  readonly #triggered = new Set<Interest>();

  override poll(): number {
    for (const interest of this.#triggered) if (this.#ready(interest) !== 0) return POLLIN | POLLRDNORM;
    return 0;
  }

  /** EPOLL_CTL_ADD: 0, -EEXIST, -ELOOP, -EINVAL. */
  add(fd: number, file: FileDescription, event: EpollEvent): number {
    if ((event.events & EPOLLEXCLUSIVE) !== 0) {
      if (file instanceof Epoll || (event.events & ~EXCLUSIVE_OK) !== 0) return -Errno.EINVAL;
    }
    const known = this.#interests.get(file) ?? new Map<number, Interest>();
    if (known.has(fd)) return -Errno.EEXIST;
    if (file instanceof Epoll && (file.#holds(this) || file.#depth() >= NESTING_MAX)) return -Errno.ELOOP;
    const interest = new Interest(
      fd,
      file,
      event,
      (one) => this.#trigger(one),
      (one) => this.#remove(one),
    );
    known.set(fd, interest);
    this.#interests.set(file, known);
    if (this.#ready(interest) !== 0) this.#trigger(interest);
    return 0;
  }

  /** EPOLL_CTL_MOD: 0, -ENOENT, -EINVAL. */
  modify(fd: number, file: FileDescription, event: EpollEvent): number {
    const interest = this.#interests.get(file)?.get(fd);
    if (interest === undefined) return -Errno.ENOENT;
    if (((interest.events | event.events) & EPOLLEXCLUSIVE) !== 0) return -Errno.EINVAL;
    interest.events = event.events;
    interest.data = event.data;
    if (!this.#triggered.has(interest) && this.#ready(interest) !== 0) this.#trigger(interest);
    return 0;
  }

  /** EPOLL_CTL_DEL: 0, -ENOENT. */
  remove(fd: number, file: FileDescription): number {
    const interest = this.#interests.get(file)?.get(fd);
    if (interest === undefined) return -Errno.ENOENT;
    this.#remove(interest);
    return 0;
  }

  /** Up to `count` events that hold now. */
  take(count: number): readonly EpollEvent[] {
    const found: EpollEvent[] = [];
    for (const interest of [...this.#triggered]) {
      if (found.length >= count) break;
      this.#triggered.delete(interest);
      const events = this.#ready(interest);
      if (events === 0) continue;
      found.push({ events, data: interest.data });
      if ((interest.events & EPOLLONESHOT) !== 0) interest.events = (interest.events & PRIVATE) >>> 0;
      else if ((interest.events & EPOLLET) === 0) this.#triggered.add(interest);
    }
    return found;
  }

  protected override closed(): void {
    for (const known of this.#interests.values()) for (const interest of known.values()) interest.end();
    this.#interests.clear();
    this.#triggered.clear();
  }

  #ready(interest: Interest): number {
    const { wanted } = interest;
    return wanted === 0 ? 0 : interest.file.poll() & wanted;
  }

  #trigger(interest: Interest): void {
    this.#triggered.add(interest);
    this.queue.notify(POLLIN | POLLRDNORM);
  }

  #remove(interest: Interest): void {
    interest.end();
    this.#triggered.delete(interest);
    const known = this.#interests.get(interest.file);
    known?.delete(interest.fd);
    if (known?.size === 0) this.#interests.delete(interest.file);
  }

  #holds(other: Epoll): boolean {
    if (other === this) return true;
    return [...this.#interests.keys()].some((file) => file instanceof Epoll && file.#holds(other));
  }

  #depth(): number {
    let deepest = 0;
    for (const file of this.#interests.keys())
      if (file instanceof Epoll) deepest = Math.max(deepest, file.#depth());
    return deepest + 1;
  }
}
