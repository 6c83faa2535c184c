/** O_PATH: a place in the tree as a descriptor; nothing can be read or written through it. */
import { Errno } from "../abi/errno.ts";
import type { Status } from "./file-description.ts";
import { FileDescription } from "./file-description.ts";
import type { Location } from "./mount.ts";

export class PathFile extends FileDescription {
  readonly label = "";
  readonly #location: Location;

  constructor(location: Location, statusFlags: number) {
    super(statusFlags);
    this.#location = location;
    location.dentry.superblock.filesystem.acquire(location.dentry.node);
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

  override status(): Status {
    const { superblock, node } = this.#location.dentry;
    return { device: superblock.device, attributes: superblock.filesystem.attributes(node) };
  }

  protected override closed(): void {
    this.#location.dentry.superblock.filesystem.release(this.#location.dentry.node);
  }
}
