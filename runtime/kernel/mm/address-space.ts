/**
 * One address space (mm_struct): regions, the pages that are there, and the space of the processor that
 * holds the bytes. One hard idea: pages come on demand. A region only says what may be there; the first
 * touch, by the guest or by a system call, faults the page in (zeros or the file's bytes), charges it to
 * the cgroup, and gives it its access in the processor's page map. So a reservation costs nothing, fork
 * copies only what was touched, and memory.max means what it says.
 *
 * Invariant: a page that is not present holds zeros and has no access. Addresses beyond 4 GiB: beyond.ts.
 * Shared by the tasks of a process (CLONE_VM) and by vfork's child: counted by `acquire` and `release`.
 */
import { assert } from "../../../layers/base/assert.ts";
import type { Fault, Machine, Space } from "../../cpu/machine.ts";
import { PageAccess, SPACE_END, SPACE_START } from "../../cpu/machine.ts";
import { Errno } from "../abi/errno.ts";
import {
  MAP_GROWSDOWN, MAP_LOCKED, MAP_PRIVATE, MAP_SHARED, MAP_TYPE, PROT_EXEC, PROT_NONE, PROT_READ, PROT_WRITE,
} from "../abi/mman.ts";
import { Beyond, isOutside, mayGoBeyond } from "./beyond.ts";
import type { FaultOutcome } from "./fault-outcome.ts";
import { BEYOND_END, MENDED, NOT_ALLOWED, NOT_MAPPED, OUT_OF_MEMORY } from "./fault-outcome.ts";
import { orNoMemory, whereThereIsRoom } from "./host-room.ts";
import type { MemoryAccount } from "./memory-account.ts";
import type { MapRequest } from "./placement.ts";
import { growStack, MMAP_BASE, placeOf, STACK_GUARD_BYTES, STACK_TOP } from "./placement.ts";
import type { Backing, Held, Region } from "./region.ts";
import { accessOf, faultAround, PAGE_BYTES, pageCeil, pageFloor, RegionFlag, RegionList } from "./region.ts";
import type { Coherence } from "./shared-mappings.ts";
import { ResidentPages } from "./resident-pages.ts";
import { coherenceOf, SharedMappings, sharedOf } from "./shared-mappings.ts";

/** Memory grows in steps, because each growth renews every view of it. */
const GROW_BYTES = 4 * 1024 * 1024;

export class AddressSpace {
  readonly space: Space;
  readonly #machine: Machine;
  readonly #regions: RegionList;
  readonly #account: MemoryAccount;
  readonly #resident: ResidentPages;
  #references = 1;
  readonly #coherence: Coherence;
  readonly #shared: SharedMappings;
  readonly #beyond: Beyond;
  /** The program (mm->exe_file). */
  #program: Held | undefined;
  /** [start_brk, brk): the heap. */
  heapStart = 0;
  heapEnd = 0;
  /** MEMBARRIER_CMD_REGISTER_ commands given. */
  membarrierRegistrations = 0;
  /** PR_SET_THP_DISABLE: told, nothing more. */
  isHugeDisabled = false;
  /** MAP_LOCKED after mlockall(MCL_FUTURE). */
  lockFuture = 0;
  /** RLIMIT_STACK, copied here so that a fault need not know the task. */
  stackBytesMax = 8 * 1024 * 1024;
  /** Somebody who traces it goes through it instruction by instruction. */
  isSteppedSingly = false;
  /** Where exec put arguments, environment and the auxiliary vector: /proc/pid/cmdline and environ. */
  argumentsRange: readonly [start: number, end: number] = [0, 0];
  environmentRange: readonly [start: number, end: number] = [0, 0];
  /** As it was put on the stack: /proc/pid/auxv. */
  auxiliaryVector: Uint8Array = EMPTY;

  private constructor(machine: Machine, account: MemoryAccount, parent?: AddressSpace) {
    this.#machine = machine;
    this.#account = account;
    const options = { reserve: (sizeBytes: number) => this.#reserve(sizeBytes) };
    // Before anything is held: the host may have no memory for it.
    this.space = parent?.space.clone(parent.#presentRanges(), options) ?? machine.createSpace(options);
    this.#regions = parent === undefined ? new RegionList() : parent.#regions.clone();
    this.#resident = new ResidentPages(
      MMAP_BASE / PAGE_BYTES + 1024,
      parent === undefined ? undefined : parent.#resident,
    );
    this.#coherence = coherenceOf(machine);
    const home = {
      space: this.space,
      isPresent: (page: number) => this.#resident.has(page),
      renewAccess: (page: number, region: Region) =>
        this.space.setAccess(page, page + PAGE_BYTES, this.#accessOf(region, page)),
      discard: (start: number, end: number) => this.#drop(start, end),
    };
    this.#shared = new SharedMappings(home, this.#regions);
    if (parent !== undefined) parent.#shared.copyTo(this.#shared);
    this.#beyond = parent === undefined ? new Beyond(this) : parent.#beyond.copyFor(this);
  }

  /** @throws SyscallError ENOMEM when the host has no memory for it. */
  static create(machine: Machine, account: MemoryAccount): AddressSpace {
    return orNoMemory(whereThereIsRoom(() => new AddressSpace(machine, account)));
  }

  /** A copy for fork(2), charged to `account`; undefined when its memory does not allow that, or the host's. */
  fork(account: MemoryAccount): AddressSpace | undefined {
    this.#shared.flushAll();
    if (!account.charge(this.#resident.count)) return undefined;
    const copy = whereThereIsRoom(() => new AddressSpace(this.#machine, account, this));
    if (copy === undefined) {
      account.uncharge(this.#resident.count);
      return undefined;
    }
    if (this.#program !== undefined) copy.runs(this.#program);
    copy.heapStart = this.heapStart;
    copy.heapEnd = this.heapEnd;
    copy.stackBytesMax = this.stackBytesMax;
    copy.isSteppedSingly = this.isSteppedSingly;
    copy.membarrierRegistrations = this.membarrierRegistrations;
    copy.isHugeDisabled = this.isHugeDisabled;
    copy.argumentsRange = this.argumentsRange;
    copy.environmentRange = this.environmentRange;
    copy.#heedForkAdvice();
    copy.auxiliaryVector = this.auxiliaryVector;
    return copy;
  }

  /** `program` is what exec put here, held as long as this lives. */
  runs(program: Held): void {
    program.acquire();
    this.#program = program;
  }

  acquire(): this {
    this.#references += 1;
    return this;
  }

  release(): void {
    this.#references -= 1;
    assert(this.#references >= 0, "an address space is released once per owner");
    if (this.#references > 0) return;
    this.#shared.flushAll();
    this.#coherence.leave(this.#shared);
    this.#regions.remove(SPACE_START, SPACE_END);
    this.#beyond.release();
    this.#shared.prune();
    this.#program?.release();
    this.#account.uncharge(this.#resident.count);
    this.space.dispose();
  }

  /** What RLIMIT_DATA counts: private memory that can be written, stacks apart. */
  get dataBytes(): number {
    const isData = ({ flags, protection }: Region): boolean =>
      (protection & PROT_WRITE) !== 0 && (flags & (MAP_SHARED | MAP_GROWSDOWN)) === 0;
    return this.#regions.sizeBytes(isData);
  }

  get lockedBytes(): number {
    return this.#regions.sizeBytes(({ flags }) => (flags & MAP_LOCKED) !== 0);
  }

  /** Whether more than one owner lives in it (threads count one each). */
  get isShared(): boolean {
    return this.#references > 1;
  }

  /** Whether another task can find a change in it: one that runs in it, or has the same pages mapped. */
  get isSeenByOthers(): boolean {
    return this.isShared || this.#regions.all.some(({ flags }) => (flags & MAP_TYPE) === MAP_SHARED);
  }

  get regions(): readonly Region[] {
    return this.#beyond.shown(this.#regions.all);
  }

  /** The pages that are there: how many, the most there ever were (VmHWM), those of a range. */
  get resident(): Pick<ResidentPages, "count" | "countMax" | "countIn"> {
    return this.#resident;
  }

  /** Virtual size in bytes. */
  get sizeBytes(): number {
    return this.#regions.sizeBytes() + this.#beyond.sizeBytes;
  }

  /** It is about to run, or to be looked at: pages shared with others are made the newest. */
  enter(): void {
    this.#coherence.enter(this.#shared);
  }

  regionAt(address: number): Region | undefined {
    return this.#regions.find(address) ?? this.#beyond.regionAt(address);
  }

  /** The program's own address of what the processor calls `address`: windows show what lies beyond. */
  shownAddress(address: number): number {
    return this.#beyond.shownAddress(address);
  }

  /** mmap: the address, or -errno. */
  map(request: MapRequest): number {
    const { sizeBytes, protection, flags } = request;
    const start = placeOf(this.#regions, request);
    if (start < 0 && mayGoBeyond(request))
      return this.#beyond.map({ ...request, flags: request.flags & REGION_FLAGS });
    if (start < 0) return start;
    if (request.isFixed) this.unmap(start, start + sizeBytes);
    this.#regions.insert({
      start,
      end: start + sizeBytes,
      protection,
      flags: flags & REGION_FLAGS,
      backing: request.backing,
      position: request.position ?? 0,
      name: request.name ?? "",
    });
    const object = (flags & MAP_SHARED) === 0 ? undefined : request.backing?.share?.();
    if (object !== undefined) this.#shared.add(object);
    return start;
  }

  unmap(start: number, end: number): void {
    if (end > SPACE_END || start < SPACE_START) this.#beyond.unmap(start, end);
    this.#shared.flushRange(start, end);
    this.#drop(start, end);
    this.#regions.remove(start, end);
    this.#shared.prune();
  }

  /** mprotect: 0, or -ENOMEM at the first page that is not mapped, those before it being changed. */
  protect(start: number, wantedEnd: number, protection: number): number {
    if (isOutside(start)) return this.#beyond.protect(start, wantedEnd, protection);
    const end = Math.min(wantedEnd, this.#regions.coveredEnd(start, wantedEnd));
    const isWriting = (protection & PROT_WRITE) !== 0;
    const isRefused =
      isWriting &&
      this.#regions.overlapping(start, end).some(({ flags }) => (flags & RegionFlag.mayNotWrite) !== 0);
    if (isRefused) return -Errno.EACCES;
    this.#shared.flushRange(start, end);
    this.#regions.change(start, end, (region) => ({ ...region, protection }));
    for (const region of this.#regions.overlapping(start, end)) {
      this.#resident.eachRun(Math.max(start, region.start), Math.min(end, region.end), (from, to) =>
        this.space.setAccess(from, to, this.#accessOf(region, from)),
      );
    }
    return end < wantedEnd ? -Errno.ENOMEM : 0;
  }

  /** brk(2): the new end of the heap, or the old one when it cannot be. */
  setHeapEnd(wanted: number, bytesMax: number): number {
    const [old, end] = [pageCeil(this.heapEnd), pageCeil(wanted)];
    if (wanted < this.heapStart || wanted - this.heapStart > bytesMax) return this.heapEnd;
    if (end > old) {
      if (end > STACK_TOP - STACK_GUARD_BYTES || this.#regions.overlapping(old, end).length > 0)
        return this.heapEnd;
      this.#regions.insert({ ...HEAP, start: old, end });
    } else if (end < old) this.unmap(end, old);
    this.heapEnd = wanted;
    return wanted;
  }

  /** mremap: the region of [start, end) continues to `newEnd`, where nothing is. */
  extend(start: number, end: number, newEnd: number): void {
    const region = this.#regions.find(end - 1);
    assert(region !== undefined && region.start <= start, "one region is extended");
    this.#regions.insert({
      ...region,
      start: end,
      end: newEnd,
      position: region.position + (end - region.start),
    });
  }

  /** mremap: [start, end) is found at `target` from now on, where nothing is; its old place is free unless `keepsOld`. */
  move(start: number, end: number, target: number, keepsOld: boolean): boolean {
    this.#shared.flushRange(start, end);
    if (!this.#makeExist(target + (end - start))) return false;
    for (const region of this.#regions.overlapping(start, end)) {
      const [from, to] = [Math.max(region.start, start), Math.min(region.end, end)];
      const position = region.position + (from - region.start);
      this.#regions.insert({
        ...region,
        start: target + (from - start),
        end: target + (to - start),
        position,
      });
    }
    this.#resident.eachRun(start, end, (from, to) => {
      const at = target + (from - start);
      this.space.bytes.copyWithin(at - LINEAR, from - LINEAR, to - LINEAR);
      this.#resident.add(at, at + to - from);
      for (let page = at; page < at + to - from; page += PAGE_BYTES) {
        const region = this.#regions.find(page);
        if (region !== undefined) this.space.setAccess(page, page + PAGE_BYTES, this.#accessOf(region, page));
      }
      this.space.codeChanged(at, at + to - from);
    });
    const moved = this.#resident.countIn(start, end);
    this.#drop(start, end);
    this.#account.charge(moved); // Given back by #drop a moment ago.
    if (!keepsOld) this.unmap(start, end);
    return true;
  }

  /** Changes the regions of [start, end) in what no page depends on: flags and names. */
  change(start: number, end: number, change: (region: Region) => Region): void {
    this.#regions.change(start, end, change);
    if (end > SPACE_END || start < SPACE_START) this.#beyond.change(start, end, change);
  }

  /** Up to where [start, end) is mapped without a hole. */
  coveredEnd(start: number, end: number): number {
    return isOutside(start) ? this.#beyond.coveredEnd(start, end) : this.#regions.coveredEnd(start, end);
  }

  regionsIn(start: number, end: number): readonly Region[] {
    const here = this.#regions.overlapping(start, end);
    return end > SPACE_END || start < SPACE_START ? this.#beyond.regionsIn(start, end, here) : here;
  }

  isFree(start: number, end: number): boolean {
    return start >= SPACE_START && end <= SPACE_END && this.#regions.overlapping(start, end).length === 0;
  }

  /** Where mmap would put so much, or -ENOMEM. */
  freePlace(sizeBytes: number): number {
    return placeOf(this.#regions, { sizeBytes, address: 0, isFixed: false, protection: PROT_READ, flags: 0 });
  }

  isResident(page: number): boolean {
    return isOutside(page) ? this.#beyond.isResident(page) : this.#resident.has(page);
  }

  /** Brings the changes of shared pages in [start, end) to the file: msync. */
  synchronize(start: number, end: number): void {
    if (end > SPACE_END || start < SPACE_START) this.#beyond.synchronize(start, end);
    this.#shared.flushRange(start, end);
  }

  /** Forgets the contents of [start, end): MADV_DONTNEED. The next touch reads zeros or the file. */
  discard(start: number, end: number): void {
    if (end > SPACE_END || start < SPACE_START) this.#beyond.discard(start, end);
    this.#shared.flushRange(start, end);
    this.#drop(start, end);
  }

  /** What the processor met, as Linux would see it. */
  handleFault(fault: Fault): FaultOutcome {
    const { address, isBeyond, isFetch } = fault;
    // Code is not run there; and what is half in a window cannot be written.
    if (isOutside(address) ? isFetch || address < 0 : isBeyond) return NOT_MAPPED;
    return this.touch(fault.address, fault.isFetch ? PROT_EXEC : fault.isWrite ? PROT_WRITE : PROT_READ);
  }

  /** Makes the page of `address` present for an access of kind `need` (one PROT_ bit). */
  touch(address: number, need: number): FaultOutcome {
    if (isOutside(address)) return this.#beyond.touch(address, need);
    const region = this.#regions.find(address) ?? growStack(this.#regions, address, this.stackBytesMax);
    if (region === undefined) return NOT_MAPPED;
    // x86 reads what it may write or execute.
    const isAllowed = need === PROT_READ ? region.protection !== PROT_NONE : (region.protection & need) !== 0;
    if (!isAllowed) return NOT_ALLOWED;
    const page = pageFloor(address);
    const isShared = sharedOf(region) !== undefined;
    if (isShared) this.#shared.settle(region, page, need === PROT_WRITE);
    if (!this.#resident.has(page)) {
      const outcome = this.#bringIn(region, page);
      if (outcome.kind !== "mended" || need !== PROT_WRITE || !isShared) return outcome;
    }
    if (need === PROT_WRITE && isShared) this.#shared.markDirty(page);
    this.space.setAccess(page, page + PAGE_BYTES, this.#accessOf(region, page));
    return MENDED;
  }

  /**
   * The bytes of [address, address + sizeBytes), present and allowed for `need`; undefined (EFAULT) when
   * not all of it is. The view holds until the guest runs or anything is mapped.
   */
  bytes(address: number, sizeBytes: number, need: number): Uint8Array | undefined {
    if (sizeBytes === 0) return EMPTY;
    const end = address + sizeBytes;
    if (isOutside(address)) return this.#beyond.bytes(address, sizeBytes, need);
    if (end > SPACE_END) return undefined;
    if (!this.#shared.isEmpty) this.enter();
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

  /** Puts bytes where the guest may not write: exec, ptrace. False for pages that cannot be there. */
  poke(address: number, source: Uint8Array): boolean {
    if (isOutside(address)) return this.#beyond.poke(address, source);
    for (let page = pageFloor(address); page < address + source.length; page += PAGE_BYTES) {
      if (this.#resident.has(page)) continue;
      const region = this.#regions.find(page);
      if (region === undefined || this.#bringIn(region, page).kind !== "mended") return false;
    }
    this.space.bytes.set(source, address - LINEAR);
    this.space.codeChanged(address, address + source.length);
    return true;
  }

  #bringIn(region: Region, page: number): FaultOutcome {
    if (region.backing !== undefined) return this.#load(region, region.backing, page);
    if (!this.#makeExist(page + PAGE_BYTES) || !this.#account.charge(1)) return OUT_OF_MEMORY;
    this.#resident.add(page, page + PAGE_BYTES);
    this.space.setAccess(page, page + PAGE_BYTES, this.#accessOf(region, page));
    return MENDED;
  }

  /** The pages around `page` that are not there yet come together: one read of the file. */
  #load(region: Region, backing: Backing, page: number): FaultOutcome {
    let [from, to] = faultAround(region, page, (at) => !this.#resident.has(at));
    if (!this.#makeExist(to)) return OUT_OF_MEMORY;
    if (!this.#account.charge((to - from) / PAGE_BYTES)) {
      [from, to] = [page, page + PAGE_BYTES];
      if (!this.#account.charge(1)) return OUT_OF_MEMORY;
    }
    const { bytes } = this.space;
    const loaded = backing.load(region.position + (from - region.start), bytes.subarray(from - LINEAR, to - LINEAR));
    const end = Math.min(to, pageCeil(from + loaded));
    this.#account.uncharge((to - end) / PAGE_BYTES);
    if (end > from) {
      this.#resident.add(from, end);
      this.space.setAccess(from, end, this.#accessOf(region, page));
    }
    return page < end ? MENDED : BEYOND_END;
  }

  #drop(start: number, end: number): void {
    this.#shared.forget(start, end);
    this.#resident.eachRun(start, end, (from, to) => {
      this.space.setAccess(from, to, PageAccess.none);
      this.space.bytes.fill(0, from - LINEAR, to - LINEAR);
      this.#resident.remove(from, to);
      this.#account.uncharge((to - from) / PAGE_BYTES);
    });
  }

  /** Makes addresses below `end` exist in the processor's memory. */
  #makeExist(end: number): boolean {
    this.#resident.reach(end);
    if (end <= this.space.end) return true;
    return (
      this.space.grow(Math.min(Math.ceil(end / GROW_BYTES) * GROW_BYTES, SPACE_END)) || this.space.grow(end)
    );
  }

  /** A page that others see as well may be written only once it is known to differ. */
  #accessOf(region: Region, page: number): number {
    return accessOf(region, sharedOf(region) === undefined || this.#shared.isDirty(page));
  }

  /** MADV_DONTFORK and MADV_WIPEONFORK, in the copy. */
  #heedForkAdvice(): void {
    for (const { start, end, flags } of [...this.regions]) {
      if ((flags & RegionFlag.dontFork) !== 0) this.unmap(start, end);
      else if ((flags & RegionFlag.wipeOnFork) !== 0) this.discard(start, end);
    }
  }

  #presentRanges(): readonly (readonly [start: number, end: number])[] {
    const ranges: (readonly [number, number])[] = [];
    for (const { start, end } of this.#regions.all)
      this.#resident.eachRun(start, end, (from, to) => ranges.push([from, to]));
    return ranges;
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

/** What a region keeps of its flags. */
const REGION_FLAGS = MAP_TYPE | MAP_GROWSDOWN | MAP_LOCKED | RegionFlag.mayNotWrite;
/** Linear byte = guest address - LINEAR (BIAS of the machine contract). */
const LINEAR = 0x1_0000;
const EMPTY = new Uint8Array(0);
const HEAP = { protection: PROT_READ | PROT_WRITE, flags: MAP_PRIVATE, backing: undefined, position: 0, name: "[heap]" } as const;
