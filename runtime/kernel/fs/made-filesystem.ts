/**
 * What filesystems that the kernel makes by itself have in common (proc, sysfs, cgroup2, devpts): their names
 * come and go by themselves, and nobody links, renames or removes them, or keeps bytes or attributes there.
 */
import { FsError } from "../../../layers/fs/errors.ts";

export abstract class MadeFilesystem {
  readonly isReadOnly = false;
  readonly isVolatile = true;

  link(): never {
    throw new FsError("EPERM");
  }

  unlink(): never {
    throw new FsError("EPERM");
  }

  rename(): never {
    throw new FsError("EPERM");
  }

  write(): never {
    throw new FsError("EINVAL");
  }

  punchHole(): never {
    throw new FsError("EOPNOTSUPP");
  }

  seek(): never {
    throw new FsError("ENXIO");
  }

  sync(): void {
    // Nothing is kept anywhere else.
  }

  getXattr(): undefined {
    return undefined;
  }

  setXattr(): never {
    throw new FsError("EOPNOTSUPP");
  }

  listXattrs(): readonly string[] {
    return [];
  }

  removeXattr(): never {
    throw new FsError("EOPNOTSUPP");
  }
}
