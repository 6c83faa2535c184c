/** Root, working directory and umask (struct fs_struct): shared with CLONE_FS, else copied. */
import type { Location } from "../vfs/mount.ts";

export class FilesystemContext {
  root: Location;
  workingDirectory: Location;
  umask: number;
  #references = 1;

  constructor(root: Location, workingDirectory: Location, umask: number) {
    this.root = root;
    this.workingDirectory = workingDirectory;
    this.umask = umask;
  }

  clone(): FilesystemContext {
    return new FilesystemContext(this.root, this.workingDirectory, this.umask);
  }

  acquire(): this {
    this.#references += 1;
    return this;
  }

  release(): void {
    this.#references -= 1;
  }

  get isShared(): boolean {
    return this.#references > 1;
  }
}
