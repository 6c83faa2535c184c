/**
 * Any filesystem, seen but not touched: what --read-only and a lower layer are. It shares the nodes
 * of the filesystem it shows; every method that would change something throws EROFS.
 */
import { FsError } from "./errors.ts";
import type { Filesystem } from "./filesystem.ts";
import { SubtreeFilesystem } from "./subtree.ts";

export class ReadOnlyFilesystem extends SubtreeFilesystem {
  constructor(shown: Filesystem) {
    super(shown, shown.root);
  }

  override get isReadOnly(): boolean {
    return true;
  }

  override setAttributes(): never {
    throw new FsError("EROFS");
  }

  override create(): never {
    throw new FsError("EROFS");
  }

  override link(): never {
    throw new FsError("EROFS");
  }

  override unlink(): never {
    throw new FsError("EROFS");
  }

  override removeDirectory(): never {
    throw new FsError("EROFS");
  }

  override rename(): never {
    throw new FsError("EROFS");
  }

  override write(): never {
    throw new FsError("EROFS");
  }

  override punchHole(): never {
    throw new FsError("EROFS");
  }

  override setXattr(): never {
    throw new FsError("EROFS");
  }

  override removeXattr(): never {
    throw new FsError("EROFS");
  }
}
