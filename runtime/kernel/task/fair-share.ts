/**
 * Who of several control groups runs next (cpu.weight; kernel/sched/fair.c in small). One hard idea: every group
 * has a virtual time that passes the slower the more it weighs, and at each level of the tree the one that is
 * furthest behind comes first. A group that slept starts where the others are, so that sleeping saves nothing up.
 */
import type { Cgroup } from "../cgroup.ts";

/** What the tasks of a group weigh against groups below it, and what a group weighs unless told. */
const WEIGHT_DEFAULT = 100;

export class FairShare {
  /** Among its siblings; and of its own tasks, among the groups below it. */
  virtualNs = 0;
  ownVirtualNs = 0;
  /** The virtual time of whoever was chosen last below here. */
  floorNs = 0;
  /** Groups with ready tasks, itself included. */
  readyGroups = 0;

  charge(usedNs: number, weight: number): void {
    this.virtualNs += (usedNs * WEIGHT_DEFAULT) / weight;
  }

  chargeOwn(usedNs: number): void {
    this.ownVirtualNs += usedNs;
  }
}

/** The first task of `group` has become ready. */
export function enterRound(group: Cgroup): void {
  group.share.ownVirtualNs = Math.max(group.share.ownVirtualNs, group.share.floorNs);
  for (let at: Cgroup | undefined = group; at !== undefined; at = at.parent) {
    if (at.share.readyGroups === 0 && at.parent !== undefined) {
      at.share.virtualNs = Math.max(at.share.virtualNs, at.parent.share.floorNs);
    }
    at.share.readyGroups += 1;
  }
}

/** Its last ready task has been taken. */
export function leaveRound(group: Cgroup): void {
  for (let at: Cgroup | undefined = group; at !== undefined; at = at.parent) at.share.readyGroups -= 1;
}

/** Preconditions: below `root` somebody is ready; `hasOwn` tells whether a group has ready tasks of its own. */
export function nextGroup(root: Cgroup, hasOwn: (group: Cgroup) => boolean): Cgroup {
  let at = root;
  for (;;) {
    let chosen = hasOwn(at) ? at : undefined;
    let leastNs = chosen === undefined ? Number.POSITIVE_INFINITY : at.share.ownVirtualNs;
    for (const child of at.children) {
      if (child.share.readyGroups === 0 || child.share.virtualNs >= leastNs) continue;
      [chosen, leastNs] = [child, child.share.virtualNs];
    }
    if (chosen === undefined) return at;
    at.share.floorNs = Math.max(at.share.floorNs, leastNs);
    if (chosen === at) return at;
    at = chosen;
  }
}
