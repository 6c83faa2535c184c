/**
 * Regular files of any mounted filesystem as open file descriptions: a position, O_APPEND, and the bytes of
 * a node. The node is held while the file is open, so that an unlinked file lives on.
 */
import { isFsError } from "../../../layers/fs/errors.ts";
import type { NodeId } from "../../../layers/fs/filesystem.ts";
import { Errno } from "../abi/errno.ts";
import {
  F_SEAL_FUTURE_WRITE, F_SEAL_GROW, F_SEAL_SHRINK, F_SEAL_WRITE, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE, O_DSYNC,
  O_NOATIME, SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_SET,
} from "../abi/fcntl.ts";
import { IN_ACCESS, IN_CLOSE_NOWRITE, IN_CLOSE_WRITE, IN_MODIFY, IN_OPEN } from "../abi/inotify.ts";
import { Signal } from "../abi/signal.ts";
import type { Backing } from "../mm/region.ts";
import { Rlimit } from "../task/limits.ts";
import { sendToProcess, kernelSignal } from "../task/send-signal.ts";
import type { Task } from "../task/task.ts";
import type { Status } from "./file-description.ts";
import { FileDescription } from "./file-description.ts";
import { cutOffMappings, FileBacking, gatherSharedPages, spreadChange } from "./file-backing.ts";
import { removePrivileges, touchAccess } from "./file-times.ts";
import type { Inode } from "./inode.ts";
import type { KernelFilesystem, Location } from "./mount.ts";
import { notify } from "./notify.ts";

/** Offsets beyond are EFBIG: what a number counts exactly. */
const SIZE_MAX = Number.MAX_SAFE_INTEGER;
const PAGE_BYTES = 4096;
/** Zeros that fallocate writes into holes at a time. */
const ZEROS = new Uint8Array(65_536);

export class NodeFile extends FileDescription {
  readonly label = "";
  readonly #location: Location;
  readonly #filesystem: KernelFilesystem;
  readonly #inode: Inode;
  readonly #node: NodeId;
  readonly #isWriter: boolean;
  #position = 0;
  /** The access time is as it should be, until somebody writes here. */
  #isAccessNoted = false;
  /** Owners and modes when privileges were last looked at. */
  #privilegesVersion = -1;

  /** `isCounted`: open for writing it hinders exec; a memfd, which was never opened by a name, does not. */
  constructor(location: Location, statusFlags: number, isCounted = true) {
    super(statusFlags);
    this.#location = location;
    this.#filesystem = location.dentry.superblock.filesystem;
    this.#node = location.dentry.node;
    this.#inode = location.dentry.superblock.openInode(this.#node);
    this.#isWriter = isCounted && this.isWritable;
    if (this.#isWriter) this.#inode.writers += 1;
    notify(location.dentry, IN_OPEN, false);
  }

  override get location(): Location {
    return this.#location;
  }

  override get inode(): Inode {
    return this.#inode;
  }

  override read(target: Uint8Array, task: Task): number {
    const count = this.readAt(this.#position, target, task);
    this.#position += count;
    return count;
  }

  override write(source: Uint8Array, task: Task): number {
    const position = this.isAppending ? this.#sizeBytes : this.#position;
    const count = this.#writeAt(position, source, task);
    if (count >= 0) this.#position = position + count;
    return count;
  }

  override readAt(position: number, target: Uint8Array, task: Task): number {
    gatherSharedPages(this.#inode, position, target.length);
    const count = this.#filesystem.read(this.#node, position, target);
    this.#location.dentry.superblock.disk?.transfer("read", count);
    if (!this.#isAccessNoted && (this.statusFlags & O_NOATIME) === 0) {
      this.#isAccessNoted = true;
      touchAccess(this.#location, task.kernel.realtimeNs());
    }
    if (count > 0) notify(this.#location.dentry, IN_ACCESS, false);
    return count;
  }

  /** With O_APPEND at the end, whatever `position` says: pwrite(2), BUGS. */
  override writeAt(position: number, source: Uint8Array, task: Task): number {
    return this.#writeAt(this.isAppending ? this.#sizeBytes : position, source, task);
  }

  #writeAt(position: number, source: Uint8Array, task: Task): number {
    const limit = Math.min(task.process.limit(Rlimit.RLIMIT_FSIZE).soft, SIZE_MAX);
    if (position >= limit && source.length > 0) {
      if (limit < SIZE_MAX) sendToProcess(task.process, kernelSignal(Signal.SIGXFSZ));
      return -Errno.EFBIG;
    }
    if (this.#inode.seals !== 0) {
      const room = this.#unsealed(position, source.length);
      if (room < 0) return room;
      if (room < source.length) return this.#writeAt(position, source.subarray(0, room), task);
    }
    const { dentry } = this.#location;
    const { superblock } = dentry;
    if (this.#privilegesVersion !== superblock.attributesVersion) {
      this.#privilegesVersion = superblock.attributesVersion;
      removePrivileges(this.#location, task.credentials);
    }
    const piece = source.length > limit - position ? source.subarray(0, limit - position) : source;
    gatherSharedPages(this.#inode, position, piece.length);
    const count = this.#writeUntilFull(position, piece);
    superblock.disk?.transfer("write", count);
    spreadChange(this.#inode, position, count);
    if ((this.statusFlags & O_DSYNC) !== 0) this.#filesystem.sync(this.#node);
    this.#isAccessNoted = false;
    if (count > 0) notify(dentry, IN_MODIFY, false);
    return count;
  }

  /** A write that meets the end of the room is cut at a page, as Linux's are: the part is answered. */
  #writeUntilFull(position: number, source: Uint8Array): number {
    if (source.length <= PAGE_BYTES) return this.#filesystem.write(this.#node, position, source);
    try {
      return this.#filesystem.write(this.#node, position, source);
    } catch (thrown) {
      if (!isFsError(thrown, "ENOSPC")) throw thrown;
      const half = Math.ceil(source.length / 2 / PAGE_BYTES) * PAGE_BYTES - (position % PAGE_BYTES);
      const first = this.#writeUntilFull(position, source.subarray(0, half));
      if (first < half) return first;
      try {
        return first + this.#writeUntilFull(position + half, source.subarray(half));
      } catch (rest) {
        if (!isFsError(rest, "ENOSPC")) throw rest;
        return first;
      }
    }
  }

  /** How much of a write seals allow: -EPERM, or a count. */
  #unsealed(position: number, sizeBytes: number): number {
    const { seals } = this.#inode;
    if ((seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0) return -Errno.EPERM;
    if ((seals & F_SEAL_GROW) === 0 || position + sizeBytes <= this.#sizeBytes) return sizeBytes;
    // Page by page: the pages that fit are written.
    const room = this.#sizeBytes - (this.#sizeBytes % PAGE_BYTES) - position;
    return room > 0 ? room : -Errno.EPERM;
  }

  override seek(offset: number, whence: number): number {
    const position = this.#target(offset, whence);
    if (position < 0) return position;
    this.#position = position;
    return position;
  }

  override status(): Status {
    const { superblock } = this.#location.dentry;
    return { device: superblock.device, attributes: this.#filesystem.attributes(this.#node) };
  }

  override truncate(sizeBytes: number): number {
    const { seals } = this.#inode;
    if (seals !== 0) {
      const isGrowing = sizeBytes > this.#sizeBytes;
      const isShrinking = sizeBytes < this.#sizeBytes;
      if ((isGrowing && (seals & F_SEAL_GROW) !== 0) || (isShrinking && (seals & F_SEAL_SHRINK) !== 0)) {
        return -Errno.EPERM;
      }
    }
    gatherSharedPages(this.#inode);
    this.#filesystem.setAttributes(this.#node, { sizeBytes });
    cutOffMappings(this.#inode, sizeBytes);
    return 0;
  }

  override allocate(mode: number, position: number, sizeBytes: number): number {
    const end = position + sizeBytes;
    if (end > SIZE_MAX) return -Errno.EFBIG;
    const isTmpfs = this.#filesystem.type === "tmpfs";
    const keepsSize = (mode & FALLOC_FL_KEEP_SIZE) !== 0;
    const zeroing = FALLOC_FL_PUNCH_HOLE | (isTmpfs ? 0 : FALLOC_FL_ZERO_RANGE);
    if ((mode & ~(FALLOC_FL_KEEP_SIZE | zeroing)) !== 0) return -Errno.EOPNOTSUPP;
    if ((mode & FALLOC_FL_PUNCH_HOLE) !== 0 && !keepsSize) return -Errno.EOPNOTSUPP;
    const { seals } = this.#inode;
    const old = this.#sizeBytes;
    if ((mode & zeroing) !== 0) {
      if ((seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0) return -Errno.EPERM;
      const inside = Math.min(end, old) - position;
      if (inside > 0) {
        gatherSharedPages(this.#inode, position, inside);
        this.#filesystem.punchHole(this.#node, position, inside);
        spreadChange(this.#inode, position, inside);
      }
    } else if (isTmpfs) this.#fillHoles(position, Math.min(end, old));
    if (keepsSize || end <= old) return 0;
    if ((seals & F_SEAL_GROW) !== 0) return -Errno.EPERM;
    this.#filesystem.setAttributes(this.#node, { sizeBytes: end });
    if (isTmpfs && (mode & zeroing) === 0) this.#fillHoles(Math.max(position, old), end);
    return 0;
  }

  override sync(): number {
    gatherSharedPages(this.#inode);
    this.#filesystem.sync(this.#node);
    return 0;
  }

  override map(isShared: boolean): Backing | number {
    const isSealed = (this.#inode.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0;
    if (isShared && this.isWritable && isSealed) return -Errno.EPERM;
    return new FileBacking(this.#location, isShared && this.isWritable);
  }

  protected override closed(): void {
    const { dentry } = this.#location;
    notify(dentry, this.isWritable ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE, false);
    if (this.#isWriter) this.#inode.writers -= 1;
    dentry.superblock.closeInode(this.#inode);
  }

  get #sizeBytes(): number {
    return this.#filesystem.attributes(this.#node).sizeBytes;
  }

  /** Room for every page of [position, end): what fallocate promises. Bytes that are there stay. */
  #fillHoles(position: number, end: number): void {
    for (let at = position; at < end; ) {
      const hole = this.#filesystem.seek(this.#node, at, "hole");
      if (hole >= end) return;
      const count = Math.min(this.#nextData(hole, end) - hole, ZEROS.length);
      this.#filesystem.write(this.#node, hole, ZEROS.subarray(0, count));
      at = hole + count;
    }
  }

  #nextData(position: number, end: number): number {
    try {
      return Math.min(this.#filesystem.seek(this.#node, position, "data"), end);
    } catch (thrown) {
      if (isFsError(thrown, "ENXIO")) return end;
      throw thrown;
    }
  }

  #target(offset: number, whence: number): number {
    switch (whence) {
      case SEEK_SET:
        return offset < 0 ? -Errno.EINVAL : offset;
      case SEEK_CUR:
        return this.#position + offset < 0 ? -Errno.EINVAL : this.#position + offset;
      case SEEK_END:
        return this.#sizeBytes + offset < 0 ? -Errno.EINVAL : this.#sizeBytes + offset;
      case SEEK_DATA:
      case SEEK_HOLE:
        if (offset < 0) return -Errno.ENXIO;
        return this.#filesystem.seek(this.#node, offset, whence === SEEK_DATA ? "data" : "hole");
      default:
        return -Errno.EINVAL;
    }
  }
}
