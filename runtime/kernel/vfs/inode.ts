/**
 * What the kernel itself remembers of a node while anybody has it open, locked or watched (struct inode):
 * a filesystem knows bytes and attributes only. One hard idea: the record exists only while it is needed, so
 * that a filesystem with a million files costs nothing here.
 */
import type { NodeId } from "../../../layers/fs/filesystem.ts";
import type { SharedObject } from "../mm/shared-object.ts";
import type { FileLocks } from "./locks.ts";
import type { Pipe } from "./pipe.ts";
import type { Watcher } from "./notify.ts";

export class Inode {
  readonly node: NodeId;
  /** Open file descriptions. */
  opens = 0;
  /** Record locks and flocks, once there were any. */
  locks: FileLocks | undefined;
  /** Of a named pipe that somebody has open. */
  pipe: Pipe | undefined;
  /** Descriptions open for writing, and address spaces whose program it is: they exclude each other (ETXTBSY). */
  writers = 0;
  runners = 0;
  /** F_SEAL bits of a memfd. */
  seals = 0;
  isSealable = false;
  /** Shared mappings that may write, kept by mm: they hinder F_SEAL_WRITE. */
  writableMappings = 0;
  /** Its pages, once it was mapped shared. */
  shared: SharedObject | undefined;
  /** inotify watches. */
  readonly watchers = new Set<Watcher>();
  /** Its last name is gone: watchers hear of its end when the last file is closed. */
  isGone = false;

  constructor(node: NodeId) {
    this.node = node;
  }

  /** Nobody needs the record any more. */
  get isIdle(): boolean {
    return this.opens === 0 && this.watchers.size === 0;
  }
}
