/**
 * Shared, slave and unbindable mounts (mount_namespaces(7), "SHARED SUBTREES"). One hard idea: what is mounted below a
 * shared mount is mounted below all its peers and, one way, below their slaves; a peer is recognised by its
 * group, and a place is found in it because dentries are the same in every mount of a filesystem.
 */
import { Errno } from "../abi/errno.ts";
import { MS_PRIVATE, MS_SHARED, MS_SLAVE, MS_UNBINDABLE } from "../abi/mount.ts";
import type { Mount } from "../vfs/mount.ts";

export const PROPAGATION_FLAGS = MS_UNBINDABLE | MS_PRIVATE | MS_SLAVE | MS_SHARED;

interface PeerGroup {
  readonly id: number;
  readonly members: Set<Mount>;
  readonly slaves: Set<Mount>;
}

interface Propagation {
  group: PeerGroup | undefined;
  master: PeerGroup | undefined;
  isUnbindable: boolean;
}

const kept = new WeakMap<Mount, Propagation>();
let lastGroup = 0;

function stateOf(mount: Mount): Propagation {
  let state = kept.get(mount);
  if (state === undefined) kept.set(mount, (state = { group: undefined, master: undefined, isUnbindable: false }));
  return state;
}

/** 0, or -EINVAL for more than one kind at once. */
export function setPropagation(mount: Mount, kind: number): number {
  const state = stateOf(mount);
  switch (kind) {
    case MS_SHARED:
      state.isUnbindable = false;
      if (state.group === undefined) {
        lastGroup += 1;
        state.group = { id: lastGroup, members: new Set([mount]), slaves: new Set() };
      }
      return 0;
    case MS_SLAVE:
      becomeSlave(mount, state);
      return 0;
    case MS_PRIVATE:
    case MS_UNBINDABLE:
      becomeSlave(mount, state);
      state.master?.slaves.delete(mount);
      state.master = undefined;
      state.isUnbindable = kind === MS_UNBINDABLE;
      return 0;
    default:
      return -Errno.EINVAL;
  }
}

/** Out of its group, but still told what happens there; the last member hands its slaves on to its own master. */
function becomeSlave(mount: Mount, state: Propagation): void {
  const { group } = state;
  if (group === undefined) return;
  group.members.delete(mount);
  state.group = undefined;
  if (group.members.size > 0) {
    state.master?.slaves.delete(mount);
    state.master = group;
    group.slaves.add(mount);
    return;
  }
  for (const slave of group.slaves) {
    stateOf(slave).master = state.master;
    state.master?.slaves.add(slave);
  }
}

export function isShared(mount: Mount): boolean {
  return kept.get(mount)?.group !== undefined;
}

export function isUnbindable(mount: Mount): boolean {
  return kept.get(mount)?.isUnbindable === true;
}

/** A copy of a mount is its peer, and a slave of the same master. */
export function copyPropagation(from: Mount, to: Mount): void {
  const source = kept.get(from);
  if (source === undefined) return;
  const { group, master, isUnbindable: unbindable } = source;
  kept.set(to, { group, master, isUnbindable: unbindable });
  group?.members.add(to);
  master?.slaves.add(to);
}

/** The optional fields of mountinfo. */
export function propagationOf(mount: Mount): string {
  const state = kept.get(mount);
  if (state === undefined) return "";
  return (
    (state.group === undefined ? "" : ` shared:${state.group.id}`) +
    (state.master === undefined ? "" : ` master:${state.master.id}`) +
    (state.isUnbindable ? " unbindable" : "")
  );
}

export interface Receiver {
  readonly mount: Mount;
  /** Hears of it and tells nobody. */
  readonly isSlave: boolean;
}

/** Who else hears of what happens in `mount`: peers, then slaves of the group, and theirs. */
export function receiversOf(mount: Mount): readonly Receiver[] {
  const found = new Map<Mount, Receiver>();
  const visit = (group: PeerGroup, isSlave: boolean): void => {
    for (const member of group.members) {
      if (member !== mount && !found.has(member)) found.set(member, { mount: member, isSlave });
    }
    for (const slave of group.slaves) {
      if (found.has(slave)) continue;
      found.set(slave, { mount: slave, isSlave: true });
      const { group: own } = stateOf(slave);
      if (own !== undefined) visit(own, true);
    }
  };
  const { group } = stateOf(mount);
  if (group !== undefined) visit(group, false);
  return [...found.values()];
}
