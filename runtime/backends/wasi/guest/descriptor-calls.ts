/**
 * The life of descriptors in WASI preview 1, and reading directories.
 */
import { encodeName } from "../../../../layers/fs/names.ts";
import { ERRNO, FILETYPE, RIGHTS, SIZE } from "./abi.ts";
import type { GuestContext } from "./path-calls.ts";
import { positionOf } from "./transfer-calls.ts";

export function descriptorCalls({ bridge, descriptors, memory }: GuestContext) {
  return {
    fd_close(fd: number): number {
      const closed = descriptors.remove(fd);
      // Standard streams stay open in the SDK: another descriptor may be a second name for them.
      if (closed.kind === "node") bridge.call("close", closed.handle);
      return ERRNO.SUCCESS;
    },

    fd_renumber(from: number, to: number): number {
      const replaced = descriptors.renumber(from, to);
      if (replaced?.kind === "node") bridge.call("close", replaced.handle);
      return ERRNO.SUCCESS;
    },

    fd_allocate(fd: number, offset: bigint, sizeBytes: bigint): number {
      const open = descriptors.node(fd, "EINVAL");
      if ((open.rights & RIGHTS.FD_WRITE) === 0n) return ERRNO.EBADF;
      bridge.call("allocate", open.handle, positionOf(offset) + positionOf(sizeBytes));
      return ERRNO.SUCCESS;
    },

    fd_advise(fd: number): number {
      descriptors.node(fd, "EINVAL");
      return ERRNO.SUCCESS;
    },

    fd_sync(fd: number): number {
      bridge.call("sync", descriptors.node(fd).handle);
      return ERRNO.SUCCESS;
    },

    fd_datasync(fd: number): number {
      bridge.call("sync", descriptors.node(fd).handle);
      return ERRNO.SUCCESS;
    },

    fd_readdir(fd: number, buffer: number, bufferSize: number, cookie: bigint, result: number): number {
      const open = descriptors.directory(fd);
      if (cookie === 0n || open.listing === undefined) open.listing = bridge.call("list", open.handle);
      const room = memory().bytes(buffer, bufferSize);
      let used = 0;
      for (let next = Number(cookie); next < open.listing.length && used < room.length; next++) {
        const entry = open.listing[next];
        if (entry === undefined) break;
        const record = directoryRecord(next + 1, entry.ino, FILETYPE[entry.type], encodeName(entry.name));
        const fitting = record.subarray(0, room.length - used);
        room.set(fitting, used);
        used += fitting.length;
      }
      memory().setU32(result, used);
      return ERRNO.SUCCESS;
    },
  };
}

/** `dirent` and the name after it. */
function directoryRecord(next: number, ino: number, filetype: number, name: Uint8Array): Uint8Array {
  const record = new Uint8Array(SIZE.dirent + name.length);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(next), true);
  view.setBigUint64(8, BigInt(ino), true);
  view.setUint32(16, name.length, true);
  view.setUint8(20, filetype);
  record.set(name, SIZE.dirent);
  return record;
}
