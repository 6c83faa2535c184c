/**
 * user_namespaces(7). One hard idea: the kernel itself counts users only as the first namespace does;
 * a namespace below translates at its border, and what has no number there is shown as nobody (65534).
 * A task in the first namespace has no `UserNamespace` at all, so that the usual case translates nothing.
 */
import { nextNamespaceInode } from "../task/pid-namespace.ts";

/** fs/overflowuid. */
export const OVERFLOW_ID = 65_534;
/** Lines of a map (UID_GID_MAP_MAX_EXTENTS). */
export const EXTENTS_MAX = 340;
/** Namespaces in namespaces before ENOSPC (kernel/user_namespace.c). */
export const LEVELS_MAX = 32;

/** A line of uid_map, its outside already in the kernel's numbers. */
export interface Extent {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

export class UserNamespace {
  readonly inode = nextNamespaceInode();
  /** Undefined below the first namespace. */
  readonly parent: UserNamespace | undefined;
  readonly level: number;
  /** Who made it, in the kernel's numbers: has every capability in it when in the parent. */
  readonly ownerUid: number;
  readonly ownerGid: number;
  uidMap: readonly Extent[] = [];
  gidMap: readonly Extent[] = [];
  isSetgroupsAllowed: boolean;

  constructor(parent: UserNamespace | undefined, ownerUid: number, ownerGid: number) {
    this.parent = parent;
    this.level = (parent?.level ?? 0) + 1;
    this.ownerUid = ownerUid;
    this.ownerGid = ownerGid;
    this.isSetgroupsAllowed = parent?.isSetgroupsAllowed ?? true;
  }
}

/** The kernel's number of `id`; undefined when nobody has it there (EINVAL). */
export function toKernelId(map: readonly Extent[] | undefined, id: number): number | undefined {
  if (id >>> 0 === 0xffff_ffff) return undefined;
  const number = id >>> 0;
  if (map === undefined) return number;
  const extent = map.find(({ inside, count }) => number >= inside && number < inside + count);
  return extent === undefined ? undefined : extent.outside + (number - extent.inside);
}

/** The number `id` of the kernel has there; undefined when none. */
export function fromKernelId(map: readonly Extent[] | undefined, id: number): number | undefined {
  if (map === undefined) return id;
  const extent = map.find(({ outside, count }) => id >= outside && id < outside + count);
  return extent === undefined ? undefined : extent.inside + (id - extent.outside);
}

/** Whether `namespace` is `ancestor` or below it; undefined is the first. */
export function isWithin(namespace: UserNamespace | undefined, ancestor: UserNamespace | undefined): boolean {
  if (ancestor === undefined) return true;
  for (let at = namespace; at !== undefined; at = at.parent) if (at === ancestor) return true;
  return false;
}
