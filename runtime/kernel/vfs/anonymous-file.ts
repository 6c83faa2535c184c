/** Files without a place in any tree: eventfd, signalfd, timerfd, epoll, pidfd (fs/anon_inodes.c). */
import type { Attributes } from "../../../layers/fs/filesystem.ts";
import { Errno } from "../abi/errno.ts";
import type { Status } from "./file-description.ts";
import { FileDescription } from "./file-description.ts";

/** st_dev of anon_inodefs, and the one inode all of them share. */
const DEVICE = 14;
const INODE = 1;

export abstract class AnonymousFile extends FileDescription {
  override readAt(): number {
    return -Errno.ESPIPE;
  }

  /** A position nobody moves (noop_llseek). */
  override seek(): number {
    return 0;
  }

  override status(): Status {
    const attributes: Attributes = {
      ino: INODE, type: "file", mode: 0o600, nlink: 1, uid: 0, gid: 0, rdev: { major: 0, minor: 0 },
      sizeBytes: 0, allocatedBytes: 0, atimeNs: 0n, mtimeNs: 0n, ctimeNs: 0n,
    };
    return { device: DEVICE, attributes };
  }
}

export function littleEndian(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
