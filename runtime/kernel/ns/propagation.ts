/**
 * Shared, slave and unbindable mounts (mount_namespaces(7)). Docker makes a container's mounts private and
 * programs say `--make-rprivate` or `--make-rslave` first thing; what a shared mount would hand on to its
 * peers is not handed on: kept, shown, and a Quirk.
 */
import { Errno } from "../abi/errno.ts";
import type { Mount } from "../vfs/mount.ts";

export const MS_UNBINDABLE = 1 << 17;
export const MS_PRIVATE = 1 << 18;
export const MS_SLAVE = 1 << 19;
export const MS_SHARED = 1 << 20;
export const PROPAGATION_FLAGS = MS_UNBINDABLE | MS_PRIVATE | MS_SLAVE | MS_SHARED;

interface Propagation {
  readonly kind: number;
  readonly group: number;
}

const kept = new WeakMap<Mount, Propagation>();
let lastGroup = 0;

/** 0, or -EINVAL for more than one kind at once. */
export function setPropagation(mount: Mount, kind: number): number {
  switch (kind) {
    case MS_PRIVATE:
      kept.delete(mount);
      return 0;
    case MS_SLAVE:
      // A slave without a master is private.
      kept.delete(mount);
      return 0;
    case MS_UNBINDABLE:
      kept.set(mount, { kind, group: 0 });
      return 0;
    case MS_SHARED:
      if (kept.get(mount)?.kind !== MS_SHARED) kept.set(mount, { kind, group: (lastGroup += 1) });
      return 0;
    default:
      return -Errno.EINVAL;
  }
}

export function isUnbindable(mount: Mount): boolean {
  return kept.get(mount)?.kind === MS_UNBINDABLE;
}

/** A copy of a mount is its peer. */
export function copyPropagation(from: Mount, to: Mount): void {
  const propagation = kept.get(from);
  if (propagation !== undefined) kept.set(to, propagation);
}

/** The optional fields of mountinfo. */
export function propagationOf(mount: Mount): string {
  const propagation = kept.get(mount);
  if (propagation === undefined) return "";
  return propagation.kind === MS_SHARED ? ` shared:${propagation.group}` : " unbindable";
}
