/**
 * A shared memory segment (ipc/shm.c) and its attachments. One hard idea: a user is a region, not a process:
 * what splits, copies and drops regions (mprotect, fork, munmap, exec, exit) counts shm_nattch by itself, and
 * the last region to go takes a removed segment with it.
 */
import * as abi from "../abi/ipc.ts";
import type { Backing } from "../mm/region.ts";
import { PAGE_BYTES, pageCeil } from "../mm/region.ts";
import type { SharedObject } from "../mm/shared-object.ts";
import { AnonymousObject } from "../mm/shared-object.ts";
import type { Kernel } from "../kernel.ts";
import type { Process } from "../task/process.ts";
import type { IpcIds } from "./ipc-ids.ts";
import type { IpcBirth } from "./ipc-object.ts";
import { IpcObject, secondsNow } from "./ipc-object.ts";

/** Device of the kernel's hidden tmpfs, as /proc/pid/maps shows segments. */
const SHM_DEVICE = 1;

export class SharedSegment extends IpcObject {
  readonly sizeBytes: number;
  readonly pages: AnonymousObject;
  readonly creator: Process;
  lastUser: Process | undefined;
  attachments = 0;
  attachedSeconds = 0n;
  detachedSeconds = 0n;
  readonly #kernel: Kernel;
  readonly #home: IpcIds<SharedSegment>;

  constructor(birth: IpcBirth, sizeBytes: number, home: IpcIds<SharedSegment>) {
    super(birth);
    this.sizeBytes = sizeBytes;
    this.pages = new AnonymousObject(birth.id);
    this.creator = birth.task.process;
    this.#kernel = birth.task.kernel;
    this.#home = home;
  }

  get pageCount(): number {
    return pageCeil(this.sizeBytes) / PAGE_BYTES;
  }

  /** A region of it came to be. */
  opened(): void {
    this.attachments += 1;
    this.attachedSeconds = this.#noteUser() ?? this.attachedSeconds;
  }

  closed(): void {
    this.attachments -= 1;
    this.detachedSeconds = this.#noteUser() ?? this.detachedSeconds;
    if (this.attachments === 0 && (this.mode & abi.SHM_DEST) !== 0) this.#home.remove(this);
  }

  /** IPC_RMID: nobody finds it by its key any more, and it goes with its last user. */
  destroy(): void {
    if (this.attachments === 0) {
      this.#home.remove(this);
      return;
    }
    this.mode |= abi.SHM_DEST;
    this.key = abi.IPC_PRIVATE;
  }

  #noteUser(): bigint | undefined {
    const { current } = this.#kernel;
    if (current === undefined) return undefined;
    this.lastUser = current.process;
    return secondsNow(this.#kernel);
  }
}

/** What one shmat(2) maps: its own, so that shmdt(2) knows which regions came from it. */
export class Attachment implements Backing {
  readonly segment: SharedSegment;
  readonly path: string;
  readonly device = SHM_DEVICE;
  readonly isKeptApart = true;
  readonly isMemory = true;
  readonly ino: number;

  constructor(segment: SharedSegment) {
    this.segment = segment;
    this.path = `/SYSV${(segment.key >>> 0).toString(16).padStart(8, "0")} (deleted)`;
    this.ino = segment.id;
  }

  share(): SharedObject {
    return this.segment.pages.shared;
  }

  /** Nothing beyond the end, where mremap(2) may have brought the region. */
  load(position: number, target: Uint8Array): number {
    const there = Math.min(target.length, this.segment.pageCount * PAGE_BYTES - position);
    if (there <= 0) return 0;
    target.fill(0, there);
    return this.segment.pages.load(position, target.subarray(0, there));
  }

  store(position: number, source: Uint8Array): void {
    this.segment.pages.store(position, source);
  }

  acquire(): void {
    this.segment.opened();
  }

  release(): void {
    this.segment.closed();
  }
}
