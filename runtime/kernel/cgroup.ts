/**
 * A control group (cgroups(7), version 2) with the controllers we enforce: memory.max by the page
 * accountant, pids.max at fork, cpu.max by the scheduler. One hard idea: a charge climbs to the root first
 * and is taken only when every level allows it, so that nothing has to be given back.
 */
import { Diagnostics } from "./diagnostics.ts";
import type { Direction } from "./io-account.ts";
import { IoAccount } from "./io-account.ts";
import type { MemoryAccount } from "./mm/memory-account.ts";
import { PAGE_BYTES } from "./mm/region.ts";
import { FairShare } from "./task/fair-share.ts";

const NS_PER_US = 1000;

export interface CgroupEvents {
  /** memory.events. */
  max: number;
  oom: number;
  oomKill: number;
}

export class Cgroup implements MemoryAccount {
  readonly name: string;
  readonly parent: Cgroup | undefined;
  readonly children = new Set<Cgroup>();
  /** Bytes; infinite without a limit. */
  memoryMax = Number.POSITIVE_INFINITY;
  pidsMax = Number.POSITIVE_INFINITY;
  /** cpu.max: `cpuQuotaNs` in every `cpuPeriodNs`. */
  cpuQuotaNs = Number.POSITIVE_INFINITY;
  cpuPeriodNs = 100_000 * NS_PER_US;
  /** cpu.weight: its share of the processor among its siblings (task/fair-share.ts). */
  cpuWeight = 100;
  /** cpuset.cpus and cpuset.mems as they were written; empty: all there are, and there is one of each. */
  cpus = "";
  memoryNodes = "";
  /** memory.high, low, min and swap.max: kept; only memory.max is enforced, and there is no swap. */
  memoryHigh = Number.POSITIVE_INFINITY;
  memoryLow = 0;
  memoryMin = 0;
  swapMax = Number.POSITIVE_INFINITY;
  /** memory.oom.group: all of it dies together. */
  isKilledTogether = false;
  /** cgroup.subtree_control: what the children may limit. */
  readonly childControllers = new Set<string>();
  #isOwnFrozen = false;
  readonly events: CgroupEvents = { max: 0, oom: 0, oomKill: 0 };
  readonly diagnostics: Diagnostics;
  /** pids.events: forks refused. */
  pidsRefused = 0;
  /** io.stat and io.max, of the one disk there is. */
  readonly io = new IoAccount();
  readonly share = new FairShare();
  cpuNs = 0;
  throttledNs = 0;
  throttledPeriods = 0;
  periods = 0;
  #memoryPages = 0;
  #memoryPeakPages = 0;
  #pids = 0;
  #pidsPeak = 0;
  #periodStartNs = 0;
  #periodUsedNs = 0;

  constructor(name: string, parent: Cgroup | undefined) {
    this.name = name;
    this.parent = parent;
    this.diagnostics = new Diagnostics(parent?.diagnostics);
    parent?.children.add(this);
  }

  /** Frozen itself or with a group above. */
  get isFrozen(): boolean {
    return this.#isOwnFrozen || (this.parent?.isFrozen ?? false);
  }

  set isFrozen(isFrozen: boolean) {
    this.#isOwnFrozen = isFrozen;
  }

  /** cgroup.freeze: what was asked of this group. */
  get isOwnFrozen(): boolean {
    return this.#isOwnFrozen;
  }

  get memoryBytes(): number {
    return this.#memoryPages * PAGE_BYTES;
  }

  get memoryPeakBytes(): number {
    return this.#memoryPeakPages * PAGE_BYTES;
  }

  get pids(): number {
    return this.#pids;
  }

  get pidsPeak(): number {
    return this.#pidsPeak;
  }

  charge(pages: number): boolean {
    for (const group of this.#upwards()) {
      if ((group.#memoryPages + pages) * PAGE_BYTES <= group.memoryMax) continue;
      group.events.max += 1;
      return false;
    }
    for (const group of this.#upwards()) {
      group.#memoryPages += pages;
      group.#memoryPeakPages = Math.max(group.#memoryPeakPages, group.#memoryPages);
    }
    return true;
  }

  uncharge(pages: number): void {
    for (const group of this.#upwards()) group.#memoryPages -= pages;
  }

  /** One more task; false at pids.max. */
  chargeTask(): boolean {
    for (const group of this.#upwards()) {
      if (group.#pids + 1 <= group.pidsMax) continue;
      group.pidsRefused += 1;
      return false;
    }
    for (const group of this.#upwards()) {
      group.#pids += 1;
      group.#pidsPeak = Math.max(group.#pidsPeak, group.#pids);
    }
    return true;
  }

  unchargeTask(): void {
    for (const group of this.#upwards()) group.#pids -= 1;
  }

  /** A task comes over from `from`: no limit refuses that (cgroup v2). */
  takeTask(from: Cgroup): void {
    from.unchargeTask();
    for (const group of this.#upwards()) {
      group.#pids += 1;
      group.#pidsPeak = Math.max(group.#pidsPeak, group.#pids);
    }
  }

  /** rmdir: the group is gone from its parent. */
  detach(): void {
    this.parent?.children.delete(this);
  }

  /** Notes that a task of the group ran. */
  chargeCpu(usedNs: number): void {
    this.share.chargeOwn(usedNs);
    for (const group of this.#upwards()) {
      group.cpuNs += usedNs;
      group.share.charge(usedNs, group.cpuWeight);
      group.#periodUsedNs += usedNs;
    }
  }

  /** Bytes to or from the disk; until when whoever moved them waits, 0 when nobody limits it. */
  chargeIo(direction: Direction, bytes: number, nowNs: number): number {
    let until = 0;
    for (const group of this.#upwards()) until = Math.max(until, group.io.charge(direction, bytes, nowNs));
    return until;
  }

  /** When its tasks may run again: 0 is now. */
  throttledUntilNs(nowNs: number): number {
    let until = 0;
    for (const group of this.#upwards()) until = Math.max(until, group.#ownThrottle(nowNs));
    return until;
  }

  #ownThrottle(nowNs: number): number {
    if (this.cpuQuotaNs === Number.POSITIVE_INFINITY) {
      // What was used freely is no debt when a quota comes.
      this.#periodStartNs = nowNs;
      this.#periodUsedNs = 0;
      return 0;
    }
    if (nowNs >= this.#periodStartNs + this.cpuPeriodNs) {
      const passed = Math.floor((nowNs - this.#periodStartNs) / this.cpuPeriodNs);
      this.#periodUsedNs = Math.max(0, this.#periodUsedNs - passed * this.cpuQuotaNs);
      this.#periodStartNs += passed * this.cpuPeriodNs;
      this.periods += 1;
    }
    if (this.#periodUsedNs < this.cpuQuotaNs) return 0;
    this.throttledPeriods += 1;
    const until = this.#periodStartNs + this.cpuPeriodNs;
    this.throttledNs += until - nowNs;
    return until;
  }

  *#upwards(): Generator<Cgroup> {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- where the climb starts
    for (let group: Cgroup | undefined = this; group !== undefined; group = group.parent) yield group;
  }
}
