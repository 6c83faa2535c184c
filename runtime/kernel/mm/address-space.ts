/**
 * One address space (mm_struct): regions, the pages that are there, and the space of the processor that
 * holds the bytes. One hard idea: pages come on demand. A region only says what may be there; the first
 * touch, by the guest or by a system call, faults the page in (zeros or the file's bytes), charges it to
 * the cgroup, and gives it its access in the processor's page map. So a reservation costs nothing, fork
 * copies only what was touched, and memory.max means what it says.
 *
 * Invariant: a page that is not present holds zeros and has no access.
 * Shared by the tasks of a process (CLONE_VM) and by vfork's child: counted by `acquire` and `release`.
 */
import { assert } from "../../../layers/base/assert.ts";
import type { Fault, Machine, Space } from "../../cpu/machine.ts";
import { PageAccess, SPACE_END, SPACE_START } from "../../cpu/machine.ts";
import { Errno } from "../abi/errno.ts";
import {
  MAP_GROWSDOWN,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_TYPE,
  PROT_EXEC,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
} from "../abi/mman.ts";
import { BUS_ADRERR, SEGV_ACCERR, SEGV_MAPERR, Signal } from "../abi/signal.ts";
import type { MemoryAccount } from "./memory-account.ts";
import type { Backing, Region } from "./region.ts";
import { PAGE_BYTES, pageCeil, pageFloor, RegionList } from "./region.ts";

/** Where mmap looks first, upwards: below it lie the program, its heap and the stack. */
export const MMAP_BASE = 0x1000_0000;
/** The stack ends one page below, so that an overrun of its top faults. */
export const STACK_TOP = MMAP_BASE - PAGE_BYTES;
/** Reservations this big go to the top of the space: the memory need not reach there until they are used. */
const RESERVATION_BYTES = 16 * 1024 * 1024;
/** Memory grows in steps, because each growth renews every view of it. */
const GROW_BYTES = 4 * 1024 * 1024;
/** Pages around a fault of a file mapping that come with it (fault_around_bytes, mm/memory.c). */
const FAULT_AROUND_PAGES = 16;
/** Free space below a stack that its growth leaves (stack_guard_gap). */
const STACK_GUARD_BYTES = 256 * PAGE_BYTES;

export interface MapRequest {
  /** Whole pages. */
  readonly sizeBytes: number;
  /** Exactly there when `isFixed` (what was there goes), else a hint; 0 is none. */
  readonly address: number;
  readonly isFixed: boolean;
  readonly protection: number;
  readonly flags: number;
  readonly backing?: Backing | undefined;
  readonly position?: number;
  readonly name?: string;
}

/** What a fault means for the task: mended, or a signal. */
export type FaultOutcome =
  | { readonly kind: "mended" }
  | { readonly kind: "signal"; readonly signal: number; readonly code: number }
  | { readonly kind: "outOfMemory" };

const MENDED: FaultOutcome = { kind: "mended" };

export class AddressSpace {
  readonly space: Space;
  readonly #machine: Machine;
  readonly #regions: RegionList;
  readonly #account: MemoryAccount;
  /** Pages that are there, by page number; true is 1. Grows with the space. */
  #present: Uint8Array;
  #presentCount = 0;
  #presentCountMax = 0;
  #references = 1;
  /** [start_brk, brk): the heap. */
  heapStart = 0;
  heapEnd = 0;
  /** MEMBARRIER_CMD_REGISTER_ commands given. */
  membarrierRegistrations = 0;
  /** PR_SET_THP_DISABLE: told, nothing more. */
  isHugeDisabled = false;
  /** RLIMIT_STACK, copied here so that a fault need not know the task. */
  stackBytesMax = 8 * 1024 * 1024;
  /** Where exec put arguments, environment and the auxiliary vector: /proc/pid/cmdline and environ. */
  argumentsRange: readonly [start: number, end: number] = [0, 0];
  environmentRange: readonly [start: number, end: number] = [0, 0];
  /** As it was put on the stack: /proc/pid/auxv. */
  auxiliaryVector: Uint8Array = EMPTY;

  private constructor(machine: Machine, account: MemoryAccount, parent?: AddressSpace) {
    this.#machine = machine;
    this.#account = account;
    const options = { reserve: (sizeBytes: number) => this.#reserve(sizeBytes) };
    this.#regions = parent === undefined ? new RegionList() : parent.#regions.clone();
    const present =
      parent === undefined ? new Uint8Array(MMAP_BASE / PAGE_BYTES + 1024) : parent.#present.slice();
    this.#present = present;
    this.#presentCount = parent === undefined ? 0 : parent.#presentCount;
    this.space = parent?.space.clone(parent.#presentRanges(), options) ?? machine.createSpace(options);
  }

  static create(machine: Machine, account: MemoryAccount): AddressSpace {
    return new AddressSpace(machine, account);
  }

  /** A copy for fork(2), charged to `account`; undefined when its memory does not allow that. */
  fork(account: MemoryAccount): AddressSpace | undefined {
    if (!account.charge(this.#presentCount)) return undefined;
    const copy = new AddressSpace(this.#machine, account, this);
    copy.heapStart = this.heapStart;
    copy.heapEnd = this.heapEnd;
    copy.stackBytesMax = this.stackBytesMax;
    copy.membarrierRegistrations = this.membarrierRegistrations;
    copy.isHugeDisabled = this.isHugeDisabled;
    copy.argumentsRange = this.argumentsRange;
    copy.environmentRange = this.environmentRange;
    copy.auxiliaryVector = this.auxiliaryVector;
    return copy;
  }

  acquire(): this {
    this.#references += 1;
    return this;
  }

  release(): void {
    this.#references -= 1;
    assert(this.#references >= 0, "an address space is released once per owner");
    if (this.#references > 0) return;
    this.#regions.remove(SPACE_START, SPACE_END);
    this.#account.uncharge(this.#presentCount);
    this.space.dispose();
  }

  /** Whether more than one owner lives in it (threads count one each). */
  get isShared(): boolean {
    return this.#references > 1;
  }

  get regions(): readonly Region[] {
    return this.#regions.all;
  }

  /** Resident pages. */
  get residentPages(): number {
    return this.#presentCount;
  }

  /** The most there ever were (VmHWM). */
  get residentPagesMax(): number {
    return Math.max(this.#presentCountMax, this.#presentCount);
  }

  /** Virtual size in bytes. */
  get sizeBytes(): number {
    return this.#regions.all.reduce((sum, region) => sum + (region.end - region.start), 0);
  }

  regionAt(address: number): Region | undefined {
    return this.#regions.find(address);
  }

  /** mmap: the address, or -errno. */
  map(request: MapRequest): number {
    const { sizeBytes, protection, flags } = request;
    const start = this.#place(request);
    if (start < 0) return start;
    if (request.isFixed) this.unmap(start, start + sizeBytes);
    this.#regions.insert({
      start,
      end: start + sizeBytes,
      protection,
      flags: flags & (MAP_TYPE | MAP_GROWSDOWN),
      backing: request.backing,
      position: request.position ?? 0,
      name: request.name ?? "",
    });
    return start;
  }

  unmap(start: number, end: number): void {
    this.#regions.remove(start, end);
    this.#drop(start, end);
  }

  /** mprotect: 0, or -ENOMEM when a page of the range is not mapped. */
  protect(start: number, end: number, protection: number): number {
    if (!this.#regions.covers(start, end)) return -Errno.ENOMEM;
    this.#regions.change(start, end, (region) => ({ ...region, protection }));
    for (const region of this.#regions.overlapping(start, end)) {
      this.#eachPresentRun(Math.max(start, region.start), Math.min(end, region.end), (from, to) =>
        this.space.setAccess(from, to, accessOf(region)),
      );
    }
    return 0;
  }

  /** PR_SET_VMA_ANON_NAME: 0, -ENOMEM for a hole, -EBADF for a file. */
  nameAnonymous(start: number, end: number, name: string): number {
    if (!this.#regions.covers(start, end)) return -Errno.ENOMEM;
    if (this.#regions.overlapping(start, end).some(({ backing }) => backing !== undefined))
      return -Errno.EBADF;
    this.#regions.change(start, end, (region) => ({ ...region, name }));
    return 0;
  }

  /** brk(2): the new end of the heap, or the old one when it cannot be. */
  setHeapEnd(wanted: number, bytesMax: number): number {
    const [old, end] = [pageCeil(this.heapEnd), pageCeil(wanted)];
    if (wanted < this.heapStart || wanted - this.heapStart > bytesMax) return this.heapEnd;
    if (end > old) {
      if (end > STACK_TOP - STACK_GUARD_BYTES || this.#regions.overlapping(old, end).length > 0)
        return this.heapEnd;
      const flags = MAP_PRIVATE;
      this.#regions.insert({
        start: old,
        end,
        protection: PROT_READ | PROT_WRITE,
        flags,
        backing: undefined,
        position: 0,
        name: "[heap]",
      });
    } else if (end < old) this.unmap(end, old);
    this.heapEnd = wanted;
    return wanted;
  }

  /** Forgets the contents of [start, end): MADV_DONTNEED. The next touch reads zeros or the file. */
  discard(start: number, end: number): void {
    this.#drop(start, end);
  }

  /** What the processor met, as Linux would see it. */
  handleFault(fault: Fault): FaultOutcome {
    if (fault.isBeyond) return { kind: "signal", signal: Signal.SIGSEGV, code: SEGV_MAPERR };
    return this.touch(fault.address, fault.isFetch ? PROT_EXEC : fault.isWrite ? PROT_WRITE : PROT_READ);
  }

  /** Makes the page of `address` present for an access of kind `need` (one PROT_ bit). */
  touch(address: number, need: number): FaultOutcome {
    const region = this.#regions.find(address) ?? this.#growStack(address);
    if (region === undefined) return { kind: "signal", signal: Signal.SIGSEGV, code: SEGV_MAPERR };
    // x86 reads what it may write or execute.
    const isAllowed = need === PROT_READ ? region.protection !== PROT_NONE : (region.protection & need) !== 0;
    if (!isAllowed) return { kind: "signal", signal: Signal.SIGSEGV, code: SEGV_ACCERR };
    const page = pageFloor(address);
    if (this.#isPresent(page)) {
      this.space.setAccess(page, page + PAGE_BYTES, accessOf(region));
      return MENDED;
    }
    return this.#bringIn(region, page);
  }

  /**
   * The bytes of [address, address + sizeBytes), present and allowed for `need`; undefined (EFAULT) when
   * not all of it is. The view holds until the guest runs or anything is mapped.
   */
  bytes(address: number, sizeBytes: number, need: number): Uint8Array | undefined {
    if (sizeBytes === 0) return EMPTY;
    const end = address + sizeBytes;
    if (!(address >= SPACE_START && end <= SPACE_END)) return undefined;
    const bit = need === PROT_WRITE ? PageAccess.write : PageAccess.read;
    for (let page = pageFloor(address); page < end; page += PAGE_BYTES) {
      const access = page < this.space.end ? this.space.access(page) : 0;
      // A writer of code: what was translated from the page goes before the guest runs again.
      if (bit === PageAccess.write && (access & PageAccess.execute) !== 0)
        this.space.codeChanged(page, page + PAGE_BYTES);
      if ((access & bit) !== 0) continue;
      if (this.touch(page, need).kind !== "mended") return undefined;
    }
    return this.space.bytes.subarray(address - LINEAR, end - LINEAR);
  }

  /** How many bytes from `address` on, at most `sizeBytes`, `bytes` would answer. */
  reachable(address: number, sizeBytes: number, need: number): number {
    let page = pageFloor(address);
    for (; page < address + sizeBytes; page += PAGE_BYTES) {
      if (this.bytes(Math.max(page, address), 1, need) === undefined) break;
    }
    return Math.max(0, Math.min(page - address, sizeBytes));
  }

  /** Puts bytes where the guest may not write: exec, ptrace. The pages must be mapped. */
  poke(address: number, source: Uint8Array): void {
    for (let page = pageFloor(address); page < address + source.length; page += PAGE_BYTES) {
      if (this.#isPresent(page)) continue;
      const region = this.#regions.find(page);
      assert(
        region !== undefined && this.#bringIn(region, page).kind === "mended",
        "pages poked into are mapped",
      );
    }
    this.space.bytes.set(source, address - LINEAR);
    this.space.codeChanged(address, address + source.length);
  }

  #place({ address, sizeBytes, isFixed, protection, flags }: MapRequest): number {
    if (isFixed) {
      const isInside = address >= SPACE_START && address + sizeBytes <= SPACE_END;
      return isInside ? address : address < SPACE_START ? -Errno.EPERM : -Errno.ENOMEM;
    }
    if (sizeBytes > SPACE_END - SPACE_START) return -Errno.ENOMEM;
    const isFree = address >= SPACE_START && address + sizeBytes <= SPACE_END;
    if (isFree && this.#regions.overlapping(address, address + sizeBytes).length === 0) return address;
    const isReservation =
      protection === PROT_NONE && sizeBytes >= RESERVATION_BYTES && (flags & MAP_SHARED) === 0;
    const gap = isReservation
      ? this.#regions.highestGap(sizeBytes, MMAP_BASE, SPACE_END)
      : this.#regions.lowestGap(sizeBytes, MMAP_BASE, SPACE_END);
    return gap ?? -Errno.ENOMEM;
  }

  #growStack(address: number): Region | undefined {
    const above = this.#regions.findFrom(address);
    if (above === undefined || (above.flags & MAP_GROWSDOWN) === 0) return undefined;
    const start = pageFloor(address);
    if (above.end - start > this.stackBytesMax) return undefined;
    if (this.#regions.overlapping(start - STACK_GUARD_BYTES, start).length > 0) return undefined;
    this.#regions.insert({ ...above, start, end: above.start });
    return this.#regions.find(address);
  }

  #bringIn(region: Region, page: number): FaultOutcome {
    const [from, to] = region.backing === undefined ? [page, page + PAGE_BYTES] : faultAround(region, page);
    if (!this.#makeExist(to)) return { kind: "outOfMemory" };
    for (let at = from; at < to; at += PAGE_BYTES) {
      if (this.#isPresent(at)) continue;
      if (!this.#account.charge(1)) return at > page ? MENDED : { kind: "outOfMemory" };
      const target = this.space.bytes.subarray(at - LINEAR, at - LINEAR + PAGE_BYTES);
      const isThere = region.backing?.load(region.position + (at - region.start), target) ?? true;
      if (!isThere) {
        this.#account.uncharge(1);
        if (at === page) return { kind: "signal", signal: Signal.SIGBUS, code: BUS_ADRERR };
        continue;
      }
      this.#present[at / PAGE_BYTES] = 1;
      this.#presentCount += 1;
      this.space.setAccess(at, at + PAGE_BYTES, accessOf(region));
    }
    return MENDED;
  }

  #drop(start: number, end: number): void {
    this.#eachPresentRun(start, end, (from, to) => {
      this.space.setAccess(from, to, PageAccess.none);
      this.space.bytes.fill(0, from - LINEAR, to - LINEAR);
      this.#present.fill(0, from / PAGE_BYTES, to / PAGE_BYTES);
      const count = (to - from) / PAGE_BYTES;
      this.#presentCountMax = this.residentPagesMax;
      this.#presentCount -= count;
      this.#account.uncharge(count);
    });
  }

  /** Makes addresses below `end` exist in the processor's memory. */
  #makeExist(end: number): boolean {
    const pages = end / PAGE_BYTES;
    if (pages > this.#present.length) {
      const larger = new Uint8Array(Math.min(pages * 2, SPACE_END / PAGE_BYTES));
      larger.set(this.#present);
      this.#present = larger;
    }
    if (end <= this.space.end) return true;
    return (
      this.space.grow(Math.min(Math.ceil(end / GROW_BYTES) * GROW_BYTES, SPACE_END)) || this.space.grow(end)
    );
  }

  #isPresent(page: number): boolean {
    return this.#present[page / PAGE_BYTES] === 1;
  }

  #presentRanges(): readonly (readonly [start: number, end: number])[] {
    const ranges: (readonly [number, number])[] = [];
    for (const { start, end } of this.#regions.all)
      this.#eachPresentRun(start, end, (from, to) => ranges.push([from, to]));
    return ranges;
  }

  #eachPresentRun(start: number, end: number, visit: (from: number, to: number) => void): void {
    const last = Math.min(end / PAGE_BYTES, this.#present.length);
    let page = this.#present.indexOf(1, start / PAGE_BYTES);
    while (page >= 0 && page < last) {
      const gap = this.#present.indexOf(0, page);
      const to = Math.min(gap < 0 ? last : gap, last);
      visit(page * PAGE_BYTES, to * PAGE_BYTES);
      page = this.#present.indexOf(1, to);
    }
  }

  /** Pages for the processor's translations: mapped for nobody, so that the guest cannot reach them. */
  #reserve(sizeBytes: number): number {
    const start = this.map({
      sizeBytes,
      address: 0,
      isFixed: false,
      protection: PROT_NONE,
      flags: MAP_PRIVATE,
      name: "[translations]",
    });
    return start > 0 && this.#makeExist(start + sizeBytes) ? start : 0;
  }
}

/** Linear byte = guest address - LINEAR (BIAS of the machine contract). */
const LINEAR = 0x1_0000;
const EMPTY = new Uint8Array(0);

function accessOf({ protection }: Region): number {
  const read = (protection & PROT_READ) !== 0 ? PageAccess.read : 0;
  const write = (protection & PROT_WRITE) !== 0 ? PageAccess.write : 0;
  return read | write | ((protection & PROT_EXEC) !== 0 ? PageAccess.execute : 0);
}

function faultAround(region: Region, page: number): readonly [number, number] {
  const window = FAULT_AROUND_PAGES * PAGE_BYTES;
  const start = page - (page % window);
  return [Math.max(start, region.start), Math.min(start + window, region.end)];
}
