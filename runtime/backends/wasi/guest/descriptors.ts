/**
 * A guest's file descriptors: 0, 1 and 2 are the SDK's standard streams, 3 is the root directory
 * (the only preopened one), and the rest is what the guest opened. Lowest free number first, as POSIX
 * asks and wasi-libc's tests expect.
 */
import type { NodeType } from "../../../../layers/fs/filesystem.ts";
import type { ErrnoName } from "../../../../layers/fs/errors.ts";
import { FsError } from "../../../../layers/fs/errors.ts";
import { RIGHTS } from "./abi.ts";
import type { ListedName } from "./file-calls.ts";
import { ROOT_HANDLE } from "./file-calls.ts";

export interface StreamDescriptor {
  readonly kind: "stream";
  /** Its number in the SDK. */
  readonly stream: number;
}

export interface NodeDescriptor {
  readonly kind: "node";
  readonly handle: number;
  readonly type: NodeType;
  /** What fd_prestat_get answers; undefined for all but the root. */
  readonly preopenName: string | undefined;
  position: number;
  flags: number;
  rights: bigint;
  inheriting: bigint;
  /** The directory as it was when it was last read from its beginning. */
  listing: readonly ListedName[] | undefined;
}

export type Descriptor = StreamDescriptor | NodeDescriptor;

/** RLIMIT_NOFILE of a fresh container (dockerd's default soft limit is higher; WASI programs need few). */
const DESCRIPTORS_MAX = 65_536;
const ROOT_FD = 3;

export class Descriptors {
  readonly #byNumber = new Map<number, Descriptor>();
  #lowestFree = ROOT_FD + 1;

  constructor() {
    for (const stream of [0, 1, 2]) this.#byNumber.set(stream, { kind: "stream", stream });
    this.#byNumber.set(ROOT_FD, {
      kind: "node", handle: ROOT_HANDLE, type: "directory", preopenName: "/", position: 0, flags: 0,
      rights: RIGHTS.ALL, inheriting: RIGHTS.ALL, listing: undefined,
    });
  }

  /** EBADF. */
  get(fd: number): Descriptor {
    const found = this.#byNumber.get(fd);
    if (found === undefined) throw new FsError("EBADF");
    return found;
  }

  /** A descriptor that is no standard stream; `otherwise` says what Linux answers for those. */
  node(fd: number, otherwise: ErrnoName = "EINVAL"): NodeDescriptor {
    const found = this.get(fd);
    if (found.kind !== "node") throw new FsError(otherwise);
    return found;
  }

  directory(fd: number): NodeDescriptor {
    const found = this.node(fd, "ENOTDIR");
    if (found.type !== "directory") throw new FsError("ENOTDIR");
    return found;
  }

  add(descriptor: Descriptor): number {
    if (this.#byNumber.size >= DESCRIPTORS_MAX) throw new FsError("ENOSPC", "too many open files");
    let fd = this.#lowestFree;
    while (this.#byNumber.has(fd)) fd += 1;
    this.#lowestFree = fd + 1;
    this.#byNumber.set(fd, descriptor);
    return fd;
  }

  remove(fd: number): Descriptor {
    const removed = this.get(fd);
    this.#byNumber.delete(fd);
    if (fd < this.#lowestFree) this.#lowestFree = fd;
    return removed;
  }

  /** Puts `from` in the place of `to`; what `to` was, to be closed by the caller. */
  renumber(from: number, to: number): Descriptor | undefined {
    const moved = this.get(from);
    const replaced = this.get(to);
    if (from === to) return undefined;
    this.remove(from);
    this.#byNumber.set(to, moved);
    return replaced;
  }
}
