/**
 * What WASI preview 1 tells about descriptors and lets a guest change: kind, flags, rights, size,
 * times. A standard stream is a character device when the container has a terminal and otherwise what
 * a pipe is to WASI, so that isatty(3) is true only where it should be (the SDK says it always is).
 */
import { FsError } from "../../../../layers/fs/errors.ts";
import { encodeName } from "../../../../layers/fs/names.ts";
import { ERRNO, FDFLAGS, FILETYPE, RIGHTS, SIZE } from "./abi.ts";
import type { GuestContext } from "./path-calls.ts";
import { timesOf } from "./path-calls.ts";
import { positionOf } from "./transfer-calls.ts";

export function statusCalls({ bridge, descriptors, memory }: GuestContext, hasTerminal: () => boolean) {
  const streamType = (): number => (hasTerminal() ? FILETYPE.character : FILETYPE.socket);

  return {
    fd_fdstat_get(fd: number, result: number): number {
      const open = descriptors.get(fd);
      if (open.kind === "stream") {
        // Without the right to seek wasi-libc's isatty believes a character device to be a terminal.
        const rights = RIGHTS.ALL & ~(RIGHTS.FD_SEEK | RIGHTS.FD_TELL);
        memory().setDescriptorStatus(result, streamType(), 0, rights, 0n);
      } else {
        memory().setDescriptorStatus(result, FILETYPE[open.type], open.flags, open.rights, open.inheriting);
      }
      return ERRNO.SUCCESS;
    },

    fd_fdstat_set_flags(fd: number, flags: number): number {
      const open = descriptors.get(fd);
      if (open.kind === "node") open.flags = flags & FDFLAGS.APPEND;
      return ERRNO.SUCCESS;
    },

    fd_fdstat_set_rights(fd: number, rights: bigint, inheriting: bigint): number {
      const open = descriptors.get(fd);
      if (open.kind === "stream") return ERRNO.SUCCESS;
      if ((rights & ~open.rights) !== 0n || (inheriting & ~open.inheriting) !== 0n) return ERRNO.ENOTCAPABLE;
      open.rights = rights;
      open.inheriting = inheriting;
      return ERRNO.SUCCESS;
    },

    fd_filestat_get(fd: number, result: number): number {
      const open = descriptors.get(fd);
      if (open.kind === "node") memory().setFileStatus(result, bridge.call("status", open.handle));
      else {
        memory().bytes(result, SIZE.filestat).fill(0);
        memory().setU8(result + 16, streamType());
      }
      return ERRNO.SUCCESS;
    },

    fd_filestat_set_size(fd: number, sizeBytes: bigint): number {
      const open = descriptors.node(fd);
      if ((open.rights & RIGHTS.FD_WRITE) === 0n) return ERRNO.EINVAL;
      bridge.call("setSize", open.handle, positionOf(sizeBytes));
      return ERRNO.SUCCESS;
    },

    fd_filestat_set_times(fd: number, atime: bigint, mtime: bigint, which: number): number {
      bridge.call("setTimes", descriptors.node(fd).handle, timesOf(atime, mtime, which));
      return ERRNO.SUCCESS;
    },

    fd_prestat_get(fd: number, result: number): number {
      const name = preopenName(descriptors.get(fd));
      memory().setU32(result, 0);
      memory().setU32(result + 4, encodeName(name).length);
      return ERRNO.SUCCESS;
    },

    fd_prestat_dir_name(fd: number, path: number, pathSize: number): number {
      const name = encodeName(preopenName(descriptors.get(fd)));
      if (name.length > pathSize >>> 0) return ERRNO.ENAMETOOLONG;
      memory().bytes(path, name.length).set(name);
      return ERRNO.SUCCESS;
    },
  };
}

function preopenName(open: { kind: string; preopenName?: string | undefined }): string {
  if (open.preopenName === undefined) throw new FsError("EBADF");
  return open.preopenName;
}
