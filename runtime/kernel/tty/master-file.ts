/**
 * The master's side of a pair: what opening /dev/ptmx gives, and the ioctls only it knows (ioctl_tty(2)).
 */
import { O_CLOEXEC, O_NOCTTY } from "../abi/fcntl.ts";
import * as abi from "../abi/termios.ts";
import { Rlimit } from "../task/limits.ts";
import type { Task } from "../task/task.ts";
import type { Result, WaitQueue } from "../task/wait.ts";
import type { Status } from "../vfs/file-description.ts";
import { FileDescription } from "../vfs/file-description.ts";
import type { Inode } from "../vfs/inode.ts";
import type { Location } from "../vfs/mount.ts";
import type { Pty } from "./pty.ts";
import { pollMaster, readMaster, writeMaster } from "./pty-ends.ts";
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
    return pollMaster(this.#request.pty);
  }

  override read(target: Uint8Array): number {
    return readMaster(this.#request.pty, target);
  }

  override write(source: Uint8Array): number {
    return writeMaster(this.#request.pty, source);
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
    const file = this.#request.openSlave(flags & ~(O_CLOEXEC | O_NOCTTY));
    if (typeof file === "number") return file;
    const limit = task.process.limit(Rlimit.RLIMIT_NOFILE).soft;
    return task.files.open(file, limit, { isClosedOnExec: (flags & O_CLOEXEC) !== 0 });
  }
}
