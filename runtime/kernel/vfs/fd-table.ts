/**
 * File descriptors (struct files_struct): small numbers for file descriptions, close-on-exec per number.
 * Shared by the threads of a process and copied by fork; counted by `acquire` and `release`.
 */
import { Errno } from "../abi/errno.ts";
import type { Task } from "../task/task.ts";
import type { FileDescription } from "./file-description.ts";

/** NR_OPEN_DEFAULT; what a larger table is a multiple of (fs/file.c: alloc_fdtable). */
const FIRST_SIZE = 64;
const STEP = 128;

interface Slot {
  readonly description: FileDescription;
  isClosedOnExec: boolean;
}

export class FdTable {
  readonly #slots: (Slot | undefined)[] = [];
  #references = 1;

  /** The description behind `fd`, or undefined (EBADF). */
  get(fd: number): FileDescription | undefined {
    return this.#slots[fd]?.description;
  }

  /** Open descriptors in order. */
  numbers(): readonly number[] {
    return this.#slots.flatMap((slot, fd) => (slot === undefined ? [] : [fd]));
  }

  /** Numbers there is room for, as expand_fdtable enlarges it: select(2) looks at no others. */
  get size(): number {
    const last = this.#slots.findLastIndex((slot) => slot !== undefined);
    if (last < FIRST_SIZE) return FIRST_SIZE;
    return STEP * 2 ** Math.ceil(Math.log2(Math.floor(last / STEP) + 1));
  }

  /** The number the next descriptor gets. */
  lowestFree(): number {
    let fd = 0;
    while (this.#slots[fd] !== undefined) fd += 1;
    return fd;
  }

  /** Gives `description` the lowest free number from `from` on, below `limit`: the number, or -EMFILE. */
  open(description: FileDescription, limit: number, options?: { from?: number; isClosedOnExec?: boolean }): number {
    let fd = options?.from ?? 0;
    while (this.#slots[fd] !== undefined) fd += 1;
    if (fd >= limit) {
      description.acquire().release(); // Nobody will own it: it closes here.
      return -Errno.EMFILE;
    }
    this.#put(fd, description, options?.isClosedOnExec ?? false);
    return fd;
  }

  /** dup2: puts `description` at exactly `fd`, closing what was there. */
  replace(fd: number, description: FileDescription, isClosedOnExec: boolean, task: Task): void {
    const old = this.#slots[fd];
    this.#put(fd, description, isClosedOnExec);
    if (old !== undefined) this.#end(old, task);
  }

  /** 0, or -EBADF. */
  close(fd: number, task: Task): number {
    const slot = this.#slots[fd];
    if (slot === undefined) return -Errno.EBADF;
    this.#slots[fd] = undefined;
    this.#end(slot, task);
    return 0;
  }

  isClosedOnExec(fd: number): boolean {
    return this.#slots[fd]?.isClosedOnExec ?? false;
  }

  setClosedOnExec(fd: number, isClosedOnExec: boolean): void {
    const slot = this.#slots[fd];
    if (slot !== undefined) slot.isClosedOnExec = isClosedOnExec;
  }

  closeOnExec(task: Task): void {
    for (const fd of this.numbers()) if (this.isClosedOnExec(fd)) this.close(fd, task);
  }

  clone(): FdTable {
    const copy = new FdTable();
    for (const fd of this.numbers()) {
      const slot = this.#slots[fd];
      if (slot !== undefined) copy.#put(fd, slot.description, slot.isClosedOnExec);
    }
    return copy;
  }

  acquire(): this {
    this.#references += 1;
    return this;
  }

  get isShared(): boolean {
    return this.#references > 1;
  }

  release(task: Task): void {
    this.#references -= 1;
    if (this.#references === 0) for (const fd of this.numbers()) this.close(fd, task);
  }

  #put(fd: number, description: FileDescription, isClosedOnExec: boolean): void {
    while (this.#slots.length < fd) this.#slots.push(undefined);
    this.#slots[fd] = { description: description.acquire(), isClosedOnExec };
  }

  #end(slot: Slot, task: Task): void {
    slot.description.flush(task, this);
    slot.description.release();
  }
}
