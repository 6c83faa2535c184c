/** Directories as open file descriptions: a stable listing for getdents64, taken when reading starts. */
import type { Attributes } from "../../../layers/fs/filesystem.ts";
import { Errno } from "../abi/errno.ts";
import { SEEK_CUR, SEEK_SET } from "../abi/fcntl.ts";
import { IN_CLOSE_NOWRITE, IN_OPEN } from "../abi/inotify.ts";
import type { DirectoryRecord, Status } from "./file-description.ts";
import { FileDescription } from "./file-description.ts";
import type { Inode } from "./inode.ts";
import type { Location } from "./mount.ts";
import { notify } from "./notify.ts";

export class DirectoryFile extends FileDescription {
  readonly label = "";
  readonly #location: Location;
  readonly #inode: Inode;
  #records: readonly DirectoryRecord[] | undefined;
  position = 0;

  constructor(location: Location, statusFlags: number) {
    super(statusFlags);
    this.#location = location;
    const { superblock, node } = location.dentry;
    this.#inode = superblock.openInode(node);
    notify(location.dentry, IN_OPEN, true);
  }

  override get location(): Location {
    return this.#location;
  }

  override get inode(): Inode {
    return this.#inode;
  }

  override read(): number {
    return -Errno.EISDIR;
  }

  override readAt(): number {
    return -Errno.EISDIR;
  }

  override seek(offset: number, whence: number): number {
    const position = whence === SEEK_SET ? offset : whence === SEEK_CUR ? this.position + offset : -1;
    if (position < 0) return -Errno.EINVAL;
    if (position === 0) this.#records = undefined;
    this.position = position;
    return position;
  }

  override status(): Status {
    const { superblock, node } = this.#location.dentry;
    return { device: superblock.device, attributes: superblock.filesystem.attributes(node) };
  }

  override readDirectory(position: number): readonly DirectoryRecord[] {
    if (position === 0) this.#records = undefined;
    this.#records ??= this.#list();
    return position === 0 ? this.#records : this.#records.slice(position);
  }

  override sync(): number {
    const { superblock, node } = this.#location.dentry;
    superblock.filesystem.sync(node);
    return 0;
  }

  protected override closed(): void {
    const { dentry } = this.#location;
    notify(dentry, IN_CLOSE_NOWRITE, true);
    dentry.superblock.closeInode(this.#inode);
  }

  #list(): readonly DirectoryRecord[] {
    const { dentry } = this.#location;
    const { filesystem } = dentry.superblock;
    const directory: Attributes["type"] = "directory";
    const names = [
      { name: ".", ino: dentry.node, type: directory },
      { name: "..", ino: dentry.parent?.node ?? dentry.node, type: directory },
      ...filesystem.readDirectory(dentry.node),
    ];
    return names.map((entry, index) => ({ ...entry, next: index + 1 }));
  }
}
