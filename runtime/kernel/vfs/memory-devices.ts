/**
 * Character devices of major 1 (drivers/char/mem.c, drivers/char/random.c): null, zero, full, random, urandom.
 * None of them has a position, an end or anything to wait for.
 */
import { Errno } from "../abi/errno.ts";
import { POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from "../abi/poll.ts";
import type { Backing } from "../mm/region.ts";
import { AnonymousObject } from "../mm/shared-object.ts";
import type { Task } from "../task/task.ts";
import type { DeviceTable } from "./devices.ts";
import type { Status } from "./file-description.ts";
import { FileDescription } from "./file-description.ts";
import type { Inode } from "./inode.ts";
import type { Location } from "./mount.ts";

const MEMORY_MAJOR = 1;
/** Minor numbers: Documentation/admin-guide/devices.txt. */
export const MemoryDevice = { null: 3, zero: 5, full: 7, random: 8, urandom: 9 } as const;

/** O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC: for opening only. */
const OPENING = 0o2_001_700;

class NullFile extends FileDescription {
  readonly label = "";
  readonly #location: Location;
  readonly #inode: Inode;

  constructor(flags: number, location: Location) {
    super(flags & ~OPENING);
    this.#location = location;
    this.#inode = location.dentry.superblock.openInode(location.dentry.node);
  }

  override get location(): Location {
    return this.#location;
  }

  override get inode(): Inode {
    return this.#inode;
  }

  override read(_target: Uint8Array, _task: Task): number {
    return 0;
  }

  override write(source: Uint8Array): number {
    return source.length;
  }

  override readAt(_position: number, target: Uint8Array, task: Task): number {
    return this.read(target, task);
  }

  override writeAt(_position: number, source: Uint8Array): number {
    return this.write(source);
  }

  override seek(): number {
    return 0;
  }

  override status(): Status {
    const { superblock, node } = this.#location.dentry;
    return { device: superblock.device, attributes: superblock.filesystem.attributes(node) };
  }

  protected override closed(): void {
    this.#location.dentry.superblock.closeInode(this.#inode);
  }
}

class ZeroFile extends NullFile {
  override read(target: Uint8Array, _task: Task): number {
    target.fill(0);
    return target.length;
  }

  /** A mapping of it is how programs asked for memory before MAP_ANONYMOUS. */
  override map(isShared: boolean): Backing | number {
    const { device, attributes } = this.status();
    if (isShared) return new AnonymousObject(attributes.ino);
    return {
      path: "/dev/zero", device, ino: attributes.ino, isMemory: true,
      load(_position, target) {
        target.fill(0);
        return target.length;
      },
      acquire: () => undefined,
      release: () => undefined,
    };
  }
}

class FullFile extends ZeroFile {
  override write(): number {
    return -Errno.ENOSPC;
  }

  override map(): number {
    return -Errno.ENODEV;
  }
}

class RandomFile extends NullFile {
  override read(target: Uint8Array, task: Task): number {
    target.set(task.kernel.randomBytes(target.length));
    return target.length;
  }
}

/** /dev/random can be polled, urandom cannot (epoll refuses it). */
class PolledRandomFile extends RandomFile {
  override poll(): number {
    return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
  }
}

/** What `location`, a node of /dev/null, opens as: for the standard input of a container without one. */
export function openNull(flags: number, location: Location): FileDescription {
  return new NullFile(flags, location);
}

export function registerMemoryDevices(devices: DeviceTable): void {
  const register = (minor: number, File: new (flags: number, location: Location) => FileDescription): void => {
    devices.register(MEMORY_MAJOR, minor, (flags, _task, location) => new File(flags, location));
  };
  register(MemoryDevice.null, NullFile);
  register(MemoryDevice.zero, ZeroFile);
  register(MemoryDevice.full, FullFile);
  register(MemoryDevice.random, PolledRandomFile);
  register(MemoryDevice.urandom, RandomFile);
}
