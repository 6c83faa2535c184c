/**
 * Regular files of any mounted filesystem as open file descriptions: a position, O_APPEND, and the bytes of
 * a node. The node is held while the file is open, so that an unlinked file lives on.
 */
import type { NodeId } from "../../../layers/fs/filesystem.ts";
import { Errno } from "../abi/errno.ts";
import { O_DSYNC, SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_SET } from "../abi/fcntl.ts";
import { Signal } from "../abi/signal.ts";
import type { Backing } from "../mm/region.ts";
import { Rlimit } from "../task/limits.ts";
import { sendToProcess, kernelSignal } from "../task/send-signal.ts";
import type { Task } from "../task/task.ts";
import type { Status } from "./file-description.ts";
import { FileDescription } from "./file-description.ts";
import { FileBacking } from "./file-backing.ts";
import type { KernelFilesystem, Location } from "./mount.ts";

/** Offsets beyond are EFBIG: what a number counts exactly. */
const SIZE_MAX = Number.MAX_SAFE_INTEGER;
const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;
const FALLOC_FL_ZERO_RANGE = 16;

export class NodeFile extends FileDescription {
  readonly label = "";
  readonly #location: Location;
  readonly #filesystem: KernelFilesystem;
  readonly #node: NodeId;
  #position = 0;

  constructor(location: Location, statusFlags: number) {
    super(statusFlags);
    this.#location = location;
    this.#filesystem = location.dentry.superblock.filesystem;
    this.#node = location.dentry.node;
    this.#filesystem.acquire(this.#node);
  }

  override get location(): Location {
    return this.#location;
  }

  override read(target: Uint8Array): number {
    const count = this.#filesystem.read(this.#node, this.#position, target);
    this.#position += count;
    return count;
  }

  override write(source: Uint8Array, task: Task): number {
    if (this.isAppending) this.#position = this.#sizeBytes;
    const count = this.writeAt(this.#position, source, task);
    if (count > 0) this.#position += count;
    return count;
  }

  override readAt(position: number, target: Uint8Array): number {
    return this.#filesystem.read(this.#node, position, target);
  }

  override writeAt(position: number, source: Uint8Array, task: Task): number {
    const limit = Math.min(task.process.limit(Rlimit.RLIMIT_FSIZE).soft, SIZE_MAX);
    if (position >= limit) {
      if (limit < SIZE_MAX) sendToProcess(task.process, kernelSignal(Signal.SIGXFSZ));
      return -Errno.EFBIG;
    }
    const count = this.#filesystem.write(this.#node, position, source.subarray(0, limit - position));
    if ((this.statusFlags & O_DSYNC) !== 0) this.#filesystem.sync(this.#node);
    return count;
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
    this.#filesystem.setAttributes(this.#node, { sizeBytes });
    return 0;
  }

  override allocate(mode: number, position: number, sizeBytes: number): number {
    const end = position + sizeBytes;
    if (end > SIZE_MAX) return -Errno.EFBIG;
    const keepsSize = (mode & FALLOC_FL_KEEP_SIZE) !== 0;
    if ((mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) !== 0) return -Errno.EOPNOTSUPP;
    if ((mode & FALLOC_FL_PUNCH_HOLE) !== 0 && !keepsSize) return -Errno.EOPNOTSUPP;
    if ((mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) !== 0) {
      const inside = Math.min(end, this.#sizeBytes) - position;
      if (inside > 0) this.#filesystem.punchHole(this.#node, position, inside);
    }
    if (!keepsSize && end > this.#sizeBytes) this.#filesystem.setAttributes(this.#node, { sizeBytes: end });
    return 0;
  }

  override sync(): number {
    this.#filesystem.sync(this.#node);
    return 0;
  }

  override map(): Backing {
    return new FileBacking(this.#location);
  }

  protected override closed(): void {
    this.#filesystem.release(this.#node);
  }

  get #sizeBytes(): number {
    return this.#filesystem.attributes(this.#node).sizeBytes;
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
