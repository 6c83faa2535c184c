/**
 * A file as what a mapping shows. Holds the inode while mapped, and with it the file's shared pages: who
 * reads, writes or cuts the file by descriptor gathers them first and spreads its change afterwards.
 */
import { must } from "../../../layers/base/assert.ts";
import type { Backing } from "../mm/region.ts";
import { PAGE_BYTES } from "../mm/region.ts";
import { SharedObject } from "../mm/shared-object.ts";
import type { Inode } from "./inode.ts";
import type { Location } from "./mount.ts";
import { pathOf } from "./mount.ts";

/** Before bytes of a file are read or written other than through a mapping. */
export function gatherSharedPages(inode: Inode | undefined, position = 0, sizeBytes = Infinity): void {
  inode?.shared?.gather(position, position + sizeBytes);
}

/** After [position, position + sizeBytes) of a file changed: mappings show it. */
export function spreadChange(inode: Inode | undefined, position: number, sizeBytes: number): void {
  const object = inode?.shared;
  if (object === undefined || object.mappers.size === 0) return;
  const start = position - (position % PAGE_BYTES);
  for (let at = start; at < position + sizeBytes; at += PAGE_BYTES) object.noteChange(at);
  for (const mapper of object.mappers) mapper.refresh();
}

/** After a file was cut to `sizeBytes`: what lies beyond is gone from mappings too (SIGBUS). */
export function cutOffMappings(inode: Inode | undefined, sizeBytes: number): void {
  const object = inode?.shared;
  if (object === undefined) return;
  const kept = Math.ceil(sizeBytes / PAGE_BYTES) * PAGE_BYTES;
  for (const mapper of object.mappers) mapper.cutOff(object, kept);
  spreadChange(inode, Math.max(0, kept - PAGE_BYTES), 1);
}

export class FileBacking implements Backing {
  readonly #location: Location;
  readonly #isWritable: boolean;
  /** Held while `#uses` is not 0. */
  #inode: Inode | undefined;
  #uses = 0;

  /** `isWritable`: shared, and the file is open for writing: a seal against writing must wait for it. */
  constructor(location: Location, isWritable: boolean) {
    this.#location = location;
    this.#isWritable = isWritable;
  }

  get path(): string {
    let { mount } = this.#location;
    while (mount.mountpoint !== undefined) mount = mount.mountpoint.mount;
    const path = pathOf(this.#location, { mount, dentry: mount.root }) ?? this.#location.dentry.name;
    return this.#location.dentry.isUnlinked ? `${path} (deleted)` : path;
  }

  get device(): number {
    return this.#location.dentry.superblock.device;
  }

  get ino(): number {
    return this.#location.dentry.node;
  }

  get isMemory(): boolean {
    return this.#location.dentry.superblock.filesystem.type === "tmpfs";
  }

  share(): SharedObject {
    const inode = must(this.#inode, "a file that is mapped is held");
    return (inode.shared ??= new SharedObject(this));
  }

  load(position: number, target: Uint8Array): number {
    const { superblock, node } = this.#location.dentry;
    const inside = Math.min(target.length, superblock.filesystem.attributes(node).sizeBytes - position);
    if (inside <= 0) return 0;
    gatherSharedPages(this.#inode, position, inside);
    let at = 0;
    while (at < inside) {
      const count = superblock.filesystem.read(node, position + at, target.subarray(at, inside));
      if (count === 0) break;
      at += count;
    }
    superblock.disk?.transfer("read", at);
    target.fill(0, at);
    return inside;
  }

  store(position: number, source: Uint8Array): void {
    const { superblock, node } = this.#location.dentry;
    const inside = Math.min(source.length, superblock.filesystem.attributes(node).sizeBytes - position);
    if (inside <= 0) return;
    superblock.filesystem.write(node, position, source.subarray(0, inside));
    superblock.disk?.transfer("write", inside);
  }

  acquire(): void {
    this.#uses += 1;
    if (this.#uses > 1) return;
    const { superblock, node } = this.#location.dentry;
    this.#inode = superblock.openInode(node);
    if (this.#isWritable) this.#inode.writableMappings += 1;
  }

  release(): void {
    this.#uses -= 1;
    if (this.#uses > 0) return;
    const inode = must(this.#inode, "a mapping is released once");
    if (this.#isWritable) inode.writableMappings -= 1;
    this.#inode = undefined;
    this.#location.dentry.superblock.closeInode(inode);
  }
}
