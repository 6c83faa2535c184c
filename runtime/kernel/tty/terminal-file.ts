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
import { pollSlave, readDeadlineNs, readSlave, takeSlave } from "./pty-ends.ts";
import { terminalIoctl } from "./terminal-ioctl.ts";

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
    if (this.#isHungUp) return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLERR | POLLHUP;
    return pollSlave(this.pty);
  }

  override read(target: Uint8Array, task: Task): number {
    if (this.#isHungUp) return 0;
    const refusal = checkForeground(task, this.pty, Signal.SIGTTIN);
    return refusal === 0 ? readSlave(this.pty, target, this.isNonBlocking) : refusal;
  }

  override readDeadlineNs(startNs: number): number | undefined {
    return readDeadlineNs(this.pty, startNs);
  }

  override readLate(target: Uint8Array): number {
    return this.#isHungUp ? 0 : takeSlave(this.pty, target);
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
}
