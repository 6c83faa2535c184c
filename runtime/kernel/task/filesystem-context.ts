/**
 * Root, working directory and umask (struct fs_struct): shared with CLONE_FS, else copied. Both directories
 * are held, so that one that was removed is still a place: ".." leads out of it.
 */
import type { Location } from "../vfs/mount.ts";

export class FilesystemContext {
  #root: Location;
  #workingDirectory: Location;
  umask: number;
  #references = 1;

  constructor(root: Location, workingDirectory: Location, umask: number) {
    this.#root = held(root);
    this.#workingDirectory = held(workingDirectory);
    this.umask = umask;
  }

  get root(): Location {
    return this.#root;
  }

  set root(location: Location) {
    const old = this.#root;
    this.#root = held(location);
    letGo(old);
  }

  get workingDirectory(): Location {
    return this.#workingDirectory;
  }

  set workingDirectory(location: Location) {
    const old = this.#workingDirectory;
    this.#workingDirectory = held(location);
    letGo(old);
  }

  /** Another tree of mounts: both places as they are there. */
  translate(place: (location: Location) => Location): void {
    this.root = place(this.#root);
    this.workingDirectory = place(this.#workingDirectory);
  }

  clone(): FilesystemContext {
    return new FilesystemContext(this.#root, this.#workingDirectory, this.umask);
  }

  acquire(): this {
    this.#references += 1;
    return this;
  }

  release(): void {
    this.#references -= 1;
    if (this.#references > 0) return;
    letGo(this.#root);
    letGo(this.#workingDirectory);
  }

  get isShared(): boolean {
    return this.#references > 1;
  }
}

function held(location: Location): Location {
  location.dentry.superblock.filesystem.acquire(location.dentry.node);
  return location;
}

function letGo({ dentry }: Location): void {
  dentry.superblock.filesystem.release(dentry.node);
}
