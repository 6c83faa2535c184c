/**
 * Reading, writing and seeking in WASI preview 1. What concerns the standard streams goes on to the
 * SDK, which owns the pipes; the rest is the container's tree.
 */
import { concatBytes } from "../../../../layers/base/bytes.ts";
import { FsError } from "../../../../layers/fs/errors.ts";
import { ERRNO, FDFLAGS, RIGHTS, WHENCE } from "./abi.ts";
import { READ_BYTES_MAX } from "./bridge.ts";
import type { NodeDescriptor } from "./descriptors.ts";
import type { Room } from "./guest-memory.ts";
import type { GuestContext } from "./path-calls.ts";

/** One write call carries at most this much, so that its copy stays small. */
const WRITE_BYTES_MAX = 1024 * 1024;

export type SdkFunction = (...args: readonly (number | bigint)[]) => number;
export type SdkFunctions = Readonly<Record<string, SdkFunction | undefined>>;

export function transferCalls(context: GuestContext, sdk: SdkFunctions) {
  const { bridge, descriptors, memory } = context;
  const onStream = (name: string, ...args: (number | bigint)[]): number => sdk[name]?.(...args) ?? ERRNO.ENOSYS;

  /** Reads into `rooms` from `position`; the count, short when the bridge's buffer is smaller. */
  const readAt = (node: NodeDescriptor, position: number, rooms: readonly Room[]): number => {
    if ((node.rights & RIGHTS.FD_READ) === 0n) throw new FsError("EBADF");
    const wanted = rooms.reduce((sum, room) => sum + room.sizeBytes, 0);
    if (wanted === 0) return 0;
    const bytes = bridge.call("read", node.handle, position, Math.min(wanted, READ_BYTES_MAX));
    let done = 0;
    for (const room of rooms) {
      const part = bytes.subarray(done, done + room.sizeBytes);
      memory().bytes(room.address, part.length).set(part);
      done += part.length;
    }
    return bytes.length;
  };

  /** Writes `rooms` at `position` (-1 appends); the position after the last byte. */
  const writeAt = (node: NodeDescriptor, position: number, bytes: Uint8Array): number => {
    if ((node.rights & RIGHTS.FD_WRITE) === 0n) throw new FsError("EBADF");
    let at = position;
    let end = position;
    for (let start = 0; start < bytes.length; start += WRITE_BYTES_MAX) {
      end = bridge.call("write", node.handle, at, bytes.slice(start, start + WRITE_BYTES_MAX));
      if (at !== -1) at = end;
    }
    return end;
  };
  const gather = (rooms: readonly Room[]): Uint8Array =>
    concatBytes(rooms.map((room) => memory().bytes(room.address, room.sizeBytes)));

  return {
    fd_read(fd: number, iovs: number, count: number, result: number): number {
      const open = descriptors.get(fd);
      if (open.kind === "stream") return onStream("fd_read", open.stream, iovs, count, result);
      const size = readAt(open, open.position, memory().rooms(iovs, count));
      open.position += size;
      memory().setU32(result, size);
      return ERRNO.SUCCESS;
    },

    fd_pread(fd: number, iovs: number, count: number, offset: bigint, result: number): number {
      const open = descriptors.node(fd, "EINVAL");
      memory().setU32(result, readAt(open, positionOf(offset), memory().rooms(iovs, count)));
      return ERRNO.SUCCESS;
    },

    fd_write(fd: number, iovs: number, count: number, result: number): number {
      const open = descriptors.get(fd);
      if (open.kind === "stream") return onStream("fd_write", open.stream, iovs, count, result);
      const bytes = gather(memory().rooms(iovs, count));
      const isAppending = (open.flags & FDFLAGS.APPEND) !== 0;
      if (bytes.length > 0) open.position = writeAt(open, isAppending ? -1 : open.position, bytes);
      memory().setU32(result, bytes.length);
      return ERRNO.SUCCESS;
    },

    fd_pwrite(fd: number, iovs: number, count: number, offset: bigint, result: number): number {
      const open = descriptors.node(fd, "EINVAL");
      const bytes = gather(memory().rooms(iovs, count));
      writeAt(open, positionOf(offset), bytes);
      memory().setU32(result, bytes.length);
      return ERRNO.SUCCESS;
    },

    fd_seek(fd: number, offset: bigint, whence: number, result: number): number {
      const open = descriptors.get(fd);
      if (open.kind === "stream") return ERRNO.ESPIPE;
      let base = 0;
      if (whence === WHENCE.CUR) base = open.position;
      else if (whence === WHENCE.END) base = bridge.call("status", open.handle).sizeBytes;
      else if (whence !== WHENCE.SET) throw new FsError("EINVAL");
      const position = base + Number(offset);
      if (position < 0 || !Number.isSafeInteger(position)) throw new FsError("EINVAL");
      open.position = position;
      memory().setU64(result, position);
      return ERRNO.SUCCESS;
    },

    fd_tell(fd: number, result: number): number {
      const open = descriptors.get(fd);
      if (open.kind === "stream") return ERRNO.ESPIPE;
      memory().setU64(result, open.position);
      return ERRNO.SUCCESS;
    },
  };
}

/** A file offset or size. EINVAL when negative or past what a number holds. */
export function positionOf(value: bigint): number {
  const position = Number(BigInt.asIntN(64, value));
  if (position < 0 || !Number.isSafeInteger(position)) throw new FsError("EINVAL");
  return position;
}
