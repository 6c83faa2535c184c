/**
 * Objects of one kind by number and key (ipc/util.c: struct ipc_ids). One hard idea: a number is an index and
 * a sequence. Indexes go round, so that a number that was removed means nothing for a long time.
 */
import { Errno } from "../abi/errno.ts";
import * as abi from "../abi/ipc.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { IpcBirth, IpcObject } from "./ipc-object.ts";
import { isCreating } from "./ipc-object.ts";

/** IPCMNI_SHIFT: an index has so many bits. */
const INDEX_BITS = 15;
const INDEX_MASK = (1 << INDEX_BITS) - 1;
const SEQUENCES = (2 ** 31) >>> INDEX_BITS;
/** ipc_min_cycle: indexes before they go round. */
const CYCLE_MIN = 64;

export interface GetRequest<Kind extends IpcObject> {
  readonly key: number;
  readonly flags: number;
  /** Most there may be (shmmni and its like). */
  readonly countMax: number;
  /** Throws what keeps one from being made. */
  readonly checkNew: () => void;
  readonly make: (birth: IpcBirth) => Kind;
  /** Throws when one that is there does not serve. */
  readonly checkFound: (found: Kind) => void;
}

export class IpcIds<Kind extends IpcObject> {
  readonly #objects = new Map<number, Kind>();
  #sequence = 0;
  #lastIndex = -1;
  #nextIndex = 0;

  get count(): number {
    return this.#objects.size;
  }

  /** By index, as /proc/sysvipc lists them. */
  get all(): readonly Kind[] {
    return [...this.#objects].sort(([one], [other]) => one - other).map(([, object]) => object);
  }

  /** What IPC_INFO answers: the highest index in use. */
  get indexMax(): number {
    return Math.max(0, ...this.#objects.keys());
  }

  /** shmget, semget, msgget: the number (ipcget). */
  get(task: Task, request: GetRequest<Kind>): number {
    const { key, flags, checkFound } = request;
    const found = key === abi.IPC_PRIVATE ? undefined : this.all.find((object) => object.key === key);
    if (found === undefined) {
      if (key !== abi.IPC_PRIVATE && !isCreating(flags)) throw new SyscallError(Errno.ENOENT);
      return this.#add(task, request).id;
    }
    if (isCreating(flags) && (flags & abi.IPC_EXCL) !== 0) throw new SyscallError(Errno.EEXIST);
    checkFound(found);
    found.require(task, flags);
    return found.id;
  }

  /** Throws EINVAL for a number nobody has. */
  find(id: number): Kind {
    const object = id < 0 ? undefined : this.#objects.get(id & INDEX_MASK);
    if (object?.id !== id) throw new SyscallError(Errno.EINVAL);
    return object;
  }

  /** SHM_STAT and its like: by index. */
  at(index: number): Kind {
    const object = index < 0 ? undefined : this.#objects.get(index & INDEX_MASK);
    if (object === undefined) throw new SyscallError(Errno.EINVAL);
    return object;
  }

  remove(object: IpcObject): void {
    object.isRemoved = true;
    this.#objects.delete(object.id & INDEX_MASK);
  }

  #add(task: Task, { key, flags, countMax, checkNew, make }: GetRequest<Kind>): Kind {
    checkNew();
    if (this.count >= countMax) throw new SyscallError(Errno.ENOSPC);
    const index = this.#freeIndex(countMax);
    if (index <= this.#lastIndex) this.#sequence = (this.#sequence + 1) % SEQUENCES;
    this.#lastIndex = index;
    this.#nextIndex = index + 1;
    const id = this.#sequence * (INDEX_MASK + 1) + index;
    const object = make({ id, sequence: this.#sequence, key, mode: flags, task });
    this.#objects.set(index, object);
    return object;
  }

  /** The next one in a circle that grows with what is in use (idr_alloc_cyclic). */
  #freeIndex(countMax: number): number {
    const cycle = Math.min(Math.max(Math.floor((this.count * 3) / 2), CYCLE_MIN), countMax);
    for (let index = this.#nextIndex; index < cycle; index++) if (!this.#objects.has(index)) return index;
    let index = 0;
    while (this.#objects.has(index)) index += 1;
    return index;
  }
}
