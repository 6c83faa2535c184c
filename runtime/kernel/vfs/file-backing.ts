/** A file as what a mapping shows. Holds the node while mapped. */
import type { Backing } from "../mm/region.ts";
import type { Location } from "./mount.ts";
import { pathOf } from "./mount.ts";

export class FileBacking implements Backing {
  readonly #location: Location;

  constructor(location: Location) {
    this.#location = location;
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

  load(position: number, target: Uint8Array): boolean {
    const { superblock, node } = this.#location.dentry;
    if (position >= superblock.filesystem.attributes(node).sizeBytes) return false;
    let at = 0;
    while (at < target.length) {
      const count = superblock.filesystem.read(node, position + at, target.subarray(at));
      if (count === 0) break;
      at += count;
    }
    target.fill(0, at);
    return true;
  }

  store(position: number, source: Uint8Array): void {
    const { superblock, node } = this.#location.dentry;
    const inside = Math.min(source.length, superblock.filesystem.attributes(node).sizeBytes - position);
    if (inside > 0) superblock.filesystem.write(node, position, source.subarray(0, inside));
  }

  acquire(): void {
    this.#location.dentry.superblock.filesystem.acquire(this.#location.dentry.node);
  }

  release(): void {
    this.#location.dentry.superblock.filesystem.release(this.#location.dentry.node);
  }
}
