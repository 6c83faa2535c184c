/**
 * An open file description (struct file): what file descriptors point to, shared by dup and fork. One
 * hard idea: its methods never wait. What cannot be answered yet is -EAGAIN, and `queue` is woken whenever
 * that may have changed; whether to wait is decided above (vfs/transfer.ts), by O_NONBLOCK.
 *
 * Results are counts or -errno. Every method has the answer of a file that cannot do it, so that an
 * implementation writes down only what it can.
 */
import type { AttributeChanges, Attributes } from "../../../layers/fs/filesystem.ts";
import { Errno } from "../abi/errno.ts";
import { O_ACCMODE, O_APPEND, O_NONBLOCK, O_PATH, O_RDONLY, O_RDWR, O_WRONLY } from "../abi/fcntl.ts";
import { POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from "../abi/poll.ts";
import type { Backing } from "../mm/region.ts";
import type { Process } from "../task/process.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { WaitQueue } from "../task/wait.ts";
import type { FdTable } from "./fd-table.ts";
import type { Inode } from "./inode.ts";
import type { Location } from "./mount.ts";

/** What fstat shows: the attributes of a node and the device number of its filesystem. */
export interface Status {
  readonly device: number;
  readonly attributes: Attributes;
}

export interface DirectoryRecord {
  readonly name: string;
  readonly ino: number;
  readonly type: Attributes["type"];
  /** Position behind this entry: d_off. */
  readonly next: number;
}

export abstract class FileDescription {
  /** Woken when what `poll` answers may have changed. */
  readonly queue = new WaitQueue();
  /** Called when the last descriptor is gone: epoll forgets it. */
  readonly onClosed = new Set<() => void>();
  /** O_ flags of open and F_SETFL; without the ones that only open looks at. */
  statusFlags: number;
  /** F_SETOWN: a process, or a group when negative, as its namespace's first task saw it; F_SETSIG. */
  owner = 0;
  ownerSignal = 0;
  #references = 0;

  constructor(statusFlags: number) {
    this.statusFlags = statusFlags;
  }

  /** The text of /proc/pid/fd/n for what has no path: "pipe:[7]", "anon_inode:[eventpoll]". */
  abstract readonly label: string;

  /** Where it was opened; undefined for pipes, sockets and their like. */
  get location(): Location | undefined {
    return undefined;
  }

  /** The process a pidfd stands for; undefined for everything else. */
  get pidfdProcess(): Process | undefined {
    return undefined;
  }

  get isReadable(): boolean {
    const mode = this.statusFlags & (O_ACCMODE | O_PATH);
    return mode === O_RDONLY || mode === O_RDWR; // Mode 3 is for ioctl alone.
  }

  get isWritable(): boolean {
    const mode = this.statusFlags & (O_ACCMODE | O_PATH);
    return mode === O_WRONLY || mode === O_RDWR;
  }

  /** O_PATH: for most calls no open file at all (EBADF). */
  get isPath(): boolean {
    return (this.statusFlags & O_PATH) !== 0;
  }

  get isNonBlocking(): boolean {
    return (this.statusFlags & O_NONBLOCK) !== 0;
  }

  get isAppending(): boolean {
    return (this.statusFlags & O_APPEND) !== 0;
  }

  /** Files that are always ready have nothing to wait for: epoll refuses them. */
  get isPollable(): boolean {
    return this.poll !== FileDescription.prototype.poll;
  }

  /** POLL bits that hold now. Files on disk are always ready. */
  poll(): number {
    return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
  }

  /** Reads at the file's own position and moves it. 0 is the end. `target` is never empty. */
  read(_target: Uint8Array, _task: Task): number {
    return -Errno.EINVAL;
  }

  /** Until when a read that began at `startNs` waits, asked at every try; undefined waits for ever. */
  readDeadlineNs(_startNs: number): number | undefined {
    return undefined;
  }

  /** What a read answers when that time has come. */
  readLate(_target: Uint8Array, _task: Task): number {
    return 0;
  }

  write(_source: Uint8Array, _task: Task): number {
    return -Errno.EINVAL;
  }

  /** pread, pwrite: ESPIPE where there are no positions. */
  readAt(_position: number, _target: Uint8Array, _task: Task): number {
    return -Errno.ESPIPE;
  }

  writeAt(_position: number, _source: Uint8Array, _task: Task): number {
    return -Errno.ESPIPE;
  }

  /** lseek: the new position. */
  seek(_offset: number, _whence: number): number {
    return -Errno.ESPIPE;
  }

  /** `argument` is the third word of ioctl(2): a value or an address in `task`. */
  ioctl(_request: number, _argument: number, _task: Task): Result {
    return -Errno.ENOTTY;
  }

  abstract status(): Status;

  /** Entries from `position` on (0 is the start, "." and ".." included), for getdents64. */
  readDirectory(_position: number): readonly DirectoryRecord[] | undefined {
    return undefined;
  }

  truncate(_sizeBytes: number): number {
    return -Errno.EINVAL;
  }

  allocate(_mode: number, _position: number, _sizeBytes: number): number {
    return -Errno.ENODEV;
  }

  sync(): number {
    return -Errno.EINVAL;
  }

  /** What mmap shows of it, or -errno (ENODEV). `isShared` for MAP_SHARED. */
  map(_isShared: boolean): Backing | number {
    return -Errno.ENODEV;
  }

  /** close(2) of one descriptor of `table`: releases its record locks. Called for every close. */
  flush(_task: Task, table: FdTable): void {
    this.inode?.locks?.unlock(table, 0, Number.POSITIVE_INFINITY);
  }

  /** What locks on it are kept at: of nodes of a filesystem. */
  get inode(): Inode | undefined {
    return undefined;
  }

  /** chmod, chown, utimes by descriptor, for files without a place: 0 or -errno. */
  setAttributes(_changes: AttributeChanges): number {
    return -Errno.EINVAL;
  }

  acquire(): this {
    this.#references += 1;
    return this;
  }

  release(): void {
    this.#references -= 1;
    if (this.#references > 0) return;
    this.inode?.locks?.unlock(this, 0, Number.POSITIVE_INFINITY);
    this.inode?.locks?.unlockWhole(this);
    this.closed();
    for (const listener of [...this.onClosed]) listener();
  }

  get references(): number {
    return this.#references;
  }

  /** The last descriptor is gone. */
  protected closed(): void {
    // Most files hold nothing.
  }
}
