/** O_PATH: a place in the tree as a descriptor; nothing can be read or written through it. */
import { Errno } from "../abi/errno.ts";
import type { Result } from "../task/wait.ts";
import type { Status } from "./file-description.ts";
import { FileDescription } from "./file-description.ts";
import type { Inode } from "./inode.ts";
import type { Location } from "./mount.ts";

export class PathFile extends FileDescription {
  readonly label = "";
  readonly #location: Location;
  readonly #inode: Inode;

  constructor(location: Location, statusFlags: number) {
    super(statusFlags);
    this.#location = location;
    this.#inode = location.dentry.superblock.openInode(location.dentry.node);
  }

  override get location(): Location {
    return this.#location;
  }

  override read(): number {
    return -Errno.EBADF;
  }

  override write(): number {
    return -Errno.EBADF;
  }

  override readAt(): number {
    return -Errno.EBADF;
  }

  override writeAt(): number {
    return -Errno.EBADF;
  }

  override seek(): number {
    return -Errno.EBADF;
  }

  override ioctl(): Result {
    return -Errno.EBADF;
  }

  override status(): Status {
    const { superblock, node } = this.#location.dentry;
    return { device: superblock.device, attributes: superblock.filesystem.attributes(node) };
  }

  override truncate(): number {
    return -Errno.EBADF;
  }

  override allocate(): number {
    return -Errno.EBADF;
  }

  override sync(): number {
    return -Errno.EBADF;
  }

  override map(): number {
    return -Errno.EBADF;
  }

  override flush(): void {
    // Closing it releases nothing: fget does not see it as a file.
  }

  protected override closed(): void {
    this.#location.dentry.superblock.closeInode(this.#inode);
  }
}
