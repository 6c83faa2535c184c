/**
 * An open terminal: /dev/pts/n, /dev/tty, /dev/console (drivers/tty/tty_io.c, n_tty_read, n_tty_write). One
 * hard idea: a hang-up does not close it; from then on it reads as ended and refuses everything else.
 */
import { Errno } from "../abi/errno.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from "../abi/poll.ts";
import { Signal } from "../abi/signal.ts";
import { Local, TIOCSPGRP } from "../abi/termios.ts";
import type { Task } from "../task/task.ts";
import type { Result, WaitQueue } from "../task/wait.ts";
import type { Status } from "../vfs/file-description.ts";
import { FileDescription } from "../vfs/file-description.ts";
import type { Inode } from "../vfs/inode.ts";
import type { Location } from "../vfs/mount.ts";
import { checkForeground } from "./job-control.ts";
import type { HangUpListener, Pty } from "./pty.ts";
import { terminalIoctl } from "./terminal-ioctl.ts";
import { keyOf } from "./termios.ts";

const NS_PER_DECISECOND = 100_000_000;

export class TerminalFile extends FileDescription implements HangUpListener {
  readonly label = "";
  readonly pty: Pty;
  override readonly queue: WaitQueue;
  readonly #location: Location;
  readonly #inode: Inode;
  #isHungUp = false;

  constructor(pty: Pty, location: Location, statusFlags: number) {
    super(statusFlags);
    this.pty = pty;
    this.queue = pty.slaveQueue;
    this.#location = location;
    this.#inode = location.dentry.superblock.openInode(location.dentry.node);
    pty.slaveOpened(this);
  }

  override get location(): Location {
    return this.#location;
  }

  override get inode(): Inode {
    return this.#inode;
  }

  hungUp(): void {
    this.#isHungUp = true;
  }

  override poll(): number {
    const { pty } = this;
    if (this.#isHungUp) return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLERR | POLLHUP;
    const isReadable = pty.line.isReadable(this.#time === 0 ? this.#minimum : 1);
    const reading = isReadable ? POLLIN | POLLRDNORM : 0;
    return reading | (pty.outputRoom > 0 ? POLLOUT | POLLWRNORM : 0);
  }

  override read(target: Uint8Array, task: Task): number {
    const { pty } = this;
    if (this.#isHungUp) return 0;
    const refusal = checkForeground(task, pty, Signal.SIGTTIN);
    if (refusal !== 0) return refusal;
    const enough = this.isNonBlocking ? 1 : Math.min(this.#minimum, target.length);
    if (pty.line.isReadable(enough)) return this.#take(target);
    return !this.#isCanonical && this.#minimum === 0 && this.#time === 0 ? 0 : -Errno.EAGAIN;
  }

  /** VTIME: from the call on, or with VMIN from the last byte. */
  override readDeadlineNs(startNs: number): number | undefined {
    if (this.#isCanonical || this.#time === 0) return undefined;
    const waitNs = this.#time * NS_PER_DECISECOND;
    if (this.#minimum === 0) return startNs + waitNs;
    return this.pty.line.available === 0 ? undefined : Math.max(startNs, this.pty.lastInputNs) + waitNs;
  }

  override readLate(target: Uint8Array): number {
    return this.#isHungUp ? 0 : this.#take(target);
  }

  override write(source: Uint8Array, task: Task): number {
    if (this.#isHungUp) return -Errno.EIO;
    if ((this.pty.termios.local & Local.TOSTOP) !== 0) {
      const refusal = checkForeground(task, this.pty, Signal.SIGTTOU);
      if (refusal !== 0) return refusal;
    }
    return this.pty.write(source);
  }

  override ioctl(request: number, argument: number, task: Task): Result {
    if (this.#isHungUp) return request === TIOCSPGRP ? -Errno.ENOTTY : -Errno.EIO;
    return terminalIoctl(
      { pty: this.pty, isMaster: false, isReadable: this.isReadable, task },
      request,
      argument,
    );
  }

  override status(): Status {
    const { superblock, node } = this.#location.dentry;
    return { device: superblock.device, attributes: superblock.filesystem.attributes(node) };
  }

  protected override closed(): void {
    this.pty.slaveClosed(this);
    this.#location.dentry.superblock.closeInode(this.#inode);
  }

  get #isCanonical(): boolean {
    return this.pty.line.has("ICANON");
  }

  get #minimum(): number {
    return keyOf(this.pty.termios, "VMIN");
  }

  get #time(): number {
    return keyOf(this.pty.termios, "VTIME");
  }

  #take(target: Uint8Array): number {
    const count = this.pty.line.read(target);
    this.pty.pump();
    return count;
  }
}
