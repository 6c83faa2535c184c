/**
 * A filesystem in the making, or one that is to be changed (struct fs_context): what fsopen(2) and fspick(2) answer.
 * One hard idea: it collects what mount(2) gets at once, and whoever set something wrong reads the reason from it.
 */
import { encodeUtf8 } from "../../../layers/base/bytes.ts";
import { Errno } from "../abi/errno.ts";
import { AnonymousFile } from "./anonymous-file.ts";
import type { FilesystemType } from "./filesystem-type.ts";
import type { Mount, Superblock } from "./mount.ts";

/** open: takes parameters. made: has a superblock to mount. picked: takes parameters for a change. done: neither. */
export type ContextPhase = "open" | "made" | "picked" | "done";

export class FsContext extends AnonymousFile {
  readonly label = "anon_inode:[fscontext]";
  readonly type: FilesystemType;
  phase: ContextPhase;
  source: string | undefined;
  /** Parameters for the filesystem, as mount(2) would get them. */
  readonly options: string[] = [];
  isReadOnly: boolean;
  /** The mount it was picked at. */
  readonly mount: Mount | undefined;
  /** Made, or picked. */
  superblock: Superblock | undefined;
  readonly #messages: string[] = [];

  constructor(statusFlags: number, type: FilesystemType, picked?: Mount) {
    super(statusFlags);
    this.type = type;
    this.phase = picked === undefined ? "open" : "picked";
    this.mount = picked;
    this.superblock = picked?.superblock;
    this.isReadOnly = picked?.superblock.isShut ?? false;
  }

  /** Tells the reason of an error (errorf). */
  complain(message: string): void {
    this.#messages.push(`e ${this.type.name}: ${message}\n`);
  }

  /** One message for each read. */
  override read(target: Uint8Array): number {
    const [message] = this.#messages;
    if (message === undefined) return -Errno.ENODATA;
    const bytes = encodeUtf8(message);
    if (bytes.length > target.length) return -Errno.EMSGSIZE;
    this.#messages.shift();
    target.set(bytes);
    return bytes.length;
  }
}
