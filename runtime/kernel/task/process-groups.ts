/**
 * Orphaned process groups (POSIX; kernel/exit.c: will_become_orphaned_pgrp). A group is orphaned when no
 * member has a parent in another group of the same session: nobody could continue it once it is stopped.
 */
import type { Process, ProcessGroup } from "./process.ts";

/** `leaving` counts as gone already. */
export function isOrphaned(group: ProcessGroup, leaving?: Process): boolean {
  for (const member of group.members) {
    const { parent } = member;
    if (member === leaving || member.isZombie || parent === undefined) continue;
    if (parent.group !== group && parent.session === group.session) return false;
  }
  return true;
}

/** Whether a member is stopped: such a group is hung up when it becomes an orphan. */
export function hasStopped(group: ProcessGroup): boolean {
  return [...group.members].some((member) => member.isStopped);
}
