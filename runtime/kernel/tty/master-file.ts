/**
 * The master's side of a pair: what opening /dev/ptmx gives. In packet mode (TIOCPKT) every read begins with
 * a byte that says what happened to the line (ioctl_tty(2)).
 */
import { Errno } from "../abi/errno.ts";
import { O_CLOEXEC, O_LARGEFILE, O_NOCTTY } from "../abi/fcntl.ts";
import { POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDNORM, POLLWRNORM } from "../abi/poll.ts";
import * as abi from "../abi/termios.ts";
import { Rlimit } from "../task/limits.ts";
import type { Task } from "../task/task.ts";
import type { Result, WaitQueue } from "../task/wait.ts";
import type { Status } from "../vfs/file-description.ts";
import { FileDescription } from "../vfs/file-description.ts";
import type { Inode } from "../vfs/inode.ts";
import type { Location } from "../vfs/mount.ts";
import type { Pty } from "./pty.ts";
import { terminalIoctl } from "./terminal-ioctl.ts";

export interface MasterRequest {
  readonly pty: Pty;
  /** What was opened: /dev/pts/ptmx, or a node 5:2 beside it. */
  readonly location: Location;
  readonly statusFlags: number;
  /** Opens the other end (TIOCGPTPEER): -errno when it cannot be. */
  readonly openSlave: (statusFlags: number) => FileDescription | number;
  readonly onClosed: () => void;
}

export class MasterFile extends FileDescription {
  readonly label = "";
  override readonly queue: WaitQueue;
  readonly #request: MasterRequest;
  readonly #inode: Inode;

  constructor(request: MasterRequest) {
    super(request.statusFlags);
    this.#request = request;
    this.queue = request.pty.masterQueue;
    const { superblock, node } = request.location.dentry;
    this.#inode = superblock.openInode(node);
  }

  override get location(): Location {
    return this.#request.location;
  }

  override get inode(): Inode {
    return this.#inode;
  }

  override poll(): number {
    const { pty } = this.#request;
    let bits = pty.isPacketMode && pty.packetStatus !== 0 ? POLLPRI | POLLIN | POLLRDNORM : 0;
    if (pty.outputBytes > 0) bits |= POLLIN | POLLRDNORM;
    if (pty.isAbandoned) bits |= POLLHUP;
    if (pty.inputRoom > 0) bits |= POLLOUT | POLLWRNORM;
    return bits;
  }

  override read(target: Uint8Array): number {
    const { pty } = this.#request;
    if (pty.isPacketMode && pty.packetStatus !== 0) {
      target[0] = pty.packetStatus;
      pty.packetStatus = 0;
      return 1;
    }
    if (pty.outputBytes === 0) return pty.isAbandoned ? -Errno.EIO : -Errno.EAGAIN;
    if (!pty.isPacketMode) return pty.take(target);
    target[0] = 0;
    return 1 + pty.take(target.subarray(1));
  }

  override write(source: Uint8Array): number {
    const count = this.#request.pty.type(source);
    return count === 0 && source.length > 0 ? -Errno.EAGAIN : count;
  }

  override ioctl(request: number, argument: number, task: Task): Result {
    const { pty } = this.#request;
    switch (request) {
      case abi.TIOCGPTN:
        task.memory.writeU32(argument, pty.index);
        return 0;
      case abi.TIOCSPTLCK:
        pty.isLocked = task.memory.readU32(argument) !== 0;
        return 0;
      case abi.TIOCGPTLCK:
        task.memory.writeU32(argument, pty.isLocked ? 1 : 0);
        return 0;
      case abi.TIOCPKT:
        this.#setPacketMode(task.memory.readU32(argument) !== 0);
        return 0;
      case abi.TIOCGPKT:
        task.memory.writeU32(argument, pty.isPacketMode ? 1 : 0);
        return 0;
      case abi.TIOCGPTPEER:
        return this.#openPeer(argument, task);
      default:
        return terminalIoctl({ pty, isMaster: true, isReadable: this.isReadable, task }, request, argument);
    }
  }

  override status(): Status {
    const { superblock, node } = this.#request.location.dentry;
    return { device: superblock.device, attributes: superblock.filesystem.attributes(node) };
  }

  protected override closed(): void {
    this.#request.onClosed();
    this.#request.location.dentry.superblock.closeInode(this.#inode);
  }

  #setPacketMode(isOn: boolean): void {
    const { pty } = this.#request;
    if (isOn && !pty.isPacketMode) pty.packetStatus = 0;
    pty.isPacketMode = isOn;
  }

  #openPeer(flags: number, task: Task): number {
    const file = this.#request.openSlave((flags & ~(O_CLOEXEC | O_NOCTTY)) | O_LARGEFILE);
    if (typeof file === "number") return file;
    const limit = task.process.limit(Rlimit.RLIMIT_NOFILE).soft;
    return task.files.open(file, limit, { isClosedOnExec: (flags & O_CLOEXEC) !== 0 });
  }
}
