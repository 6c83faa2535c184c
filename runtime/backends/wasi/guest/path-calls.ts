/**
 * The path_* half of WASI preview 1 on the container's tree. Paths are resolved by the pod, in the
 * container, links and ".." included; a path that begins with "/" starts at the container's root.
 */
import { decodeName, encodeName } from "../../../../layers/fs/names.ts";
import { ERRNO, FDFLAGS, FSTFLAGS, LOOKUPFLAGS, OFLAGS, RIGHTS } from "./abi.ts";
import type { GuestBridge } from "./bridge.ts";
import type { Descriptors } from "./descriptors.ts";
import type { TimeChanges } from "./file-calls.ts";
import type { GuestMemory } from "./guest-memory.ts";

/** What the calls of one guest share. Owned by the guest's instance. */
export interface GuestContext {
  readonly bridge: GuestBridge;
  readonly descriptors: Descriptors;
  /** Known once the module is instantiated. */
  readonly memory: () => GuestMemory;
}

export function pathCalls({ bridge, descriptors, memory }: GuestContext) {
  const textAt = (address: number, sizeBytes: number): string => decodeName(memory().bytes(address, sizeBytes));
  const at = (fd: number): number => descriptors.directory(fd).handle;
  const isFollowed = (flags: number): boolean => (flags & LOOKUPFLAGS.SYMLINK_FOLLOW) !== 0;

  return {
    path_open(
      fd: number, lookup: number, path: number, pathSize: number, oflags: number,
      rights: bigint, inheriting: bigint, flags: number, result: number,
    ): number {
      const opened = bridge.call("open", at(fd), textAt(path, pathSize), {
        isLastFollowed: isFollowed(lookup),
        isCreating: (oflags & OFLAGS.CREAT) !== 0,
        isExclusive: (oflags & OFLAGS.EXCL) !== 0,
        isTruncating: (oflags & OFLAGS.TRUNC) !== 0,
        isDirectory: (oflags & OFLAGS.DIRECTORY) !== 0,
        isWriting: (rights & RIGHTS.FD_WRITE) !== 0n,
      });
      const number = opened.stdio !== undefined
        ? descriptors.add({ kind: "stream", stream: opened.stdio })
        : descriptors.add({
            kind: "node", handle: opened.handle, type: opened.type, preopenName: undefined, position: 0,
            flags: flags & FDFLAGS.APPEND, rights, inheriting, listing: undefined,
          });
      memory().setU32(result, number);
      return ERRNO.SUCCESS;
    },

    path_filestat_get(fd: number, lookup: number, path: number, pathSize: number, result: number): number {
      const status = bridge.call("statusAt", at(fd), textAt(path, pathSize), isFollowed(lookup));
      memory().setFileStatus(result, status);
      return ERRNO.SUCCESS;
    },

    path_filestat_set_times(
      fd: number, lookup: number, path: number, pathSize: number, atime: bigint, mtime: bigint, which: number,
    ): number {
      bridge.call("setTimesAt", at(fd), textAt(path, pathSize), isFollowed(lookup), timesOf(atime, mtime, which));
      return ERRNO.SUCCESS;
    },

    path_create_directory(fd: number, path: number, pathSize: number): number {
      bridge.call("makeDirectory", at(fd), textAt(path, pathSize));
      return ERRNO.SUCCESS;
    },

    path_remove_directory(fd: number, path: number, pathSize: number): number {
      bridge.call("removeDirectory", at(fd), textAt(path, pathSize));
      return ERRNO.SUCCESS;
    },

    path_unlink_file(fd: number, path: number, pathSize: number): number {
      bridge.call("unlink", at(fd), textAt(path, pathSize));
      return ERRNO.SUCCESS;
    },

    path_rename(
      fromFd: number, from: number, fromSize: number, toFd: number, to: number, toSize: number,
    ): number {
      bridge.call("rename", at(fromFd), textAt(from, fromSize), at(toFd), textAt(to, toSize));
      return ERRNO.SUCCESS;
    },

    path_link(
      fromFd: number, lookup: number, from: number, fromSize: number, toFd: number, to: number, toSize: number,
    ): number {
      bridge.call("link", at(fromFd), textAt(from, fromSize), isFollowed(lookup), at(toFd), textAt(to, toSize));
      return ERRNO.SUCCESS;
    },

    path_symlink(target: number, targetSize: number, fd: number, path: number, pathSize: number): number {
      bridge.call("symlink", textAt(target, targetSize), at(fd), textAt(path, pathSize));
      return ERRNO.SUCCESS;
    },

    path_readlink(
      fd: number, path: number, pathSize: number, buffer: number, bufferSize: number, result: number,
    ): number {
      const target = encodeName(bridge.call("readLink", at(fd), textAt(path, pathSize)));
      const fitting = target.subarray(0, bufferSize >>> 0);
      memory().bytes(buffer, fitting.length).set(fitting);
      memory().setU32(result, fitting.length);
      return ERRNO.SUCCESS;
    },
  };
}

/** WASI's fstflags as what the pod expects. */
export function timesOf(atime: bigint, mtime: bigint, which: number): TimeChanges {
  const choose = (value: bigint, given: number, now: number): string | undefined => {
    if ((which & now) !== 0) return "now";
    return (which & given) !== 0 ? BigInt.asUintN(64, value).toString() : undefined;
  };
  return {
    atime: choose(atime, FSTFLAGS.ATIM, FSTFLAGS.ATIM_NOW),
    mtime: choose(mtime, FSTFLAGS.MTIM, FSTFLAGS.MTIM_NOW),
  };
}
