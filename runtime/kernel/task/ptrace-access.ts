/**
 * Who may look into another task (kernel/ptrace.c: __ptrace_may_access): memory, descriptors, environment.
 * The same user in all three ids, or CAP_SYS_PTRACE; and nothing that is more capable or not dumpable.
 */
import { Capability, hasCapabilityIn } from "./credentials.ts";
import type { Task } from "./task.ts";

/** `byFilesystemId`: as files of proc are checked (PTRACE_MODE_FSCREDS); else by real ids, as ptrace itself. */
export function mayLookInto(caller: Task, target: Task, byFilesystemId = true): boolean {
  if (caller.process === target.process) return true;
  const [who, whom] = [caller.credentials, target.credentials];
  const uid = byFilesystemId ? who.fsuid : who.uid;
  const gid = byFilesystemId ? who.fsgid : who.gid;
  const isPrivileged = hasCapabilityIn(who, Capability.CAP_SYS_PTRACE, whom.user);
  const isSame =
    uid === whom.euid && uid === whom.suid && uid === whom.uid && gid === whom.egid && gid === whom.sgid && gid === whom.gid;
  if (!isSame && !isPrivileged) return false;
  if (!target.process.isDumpable && !isPrivileged) return false;
  const isCovered = who.user === whom.user && (whom.permitted & ~(byFilesystemId ? who.effective : who.permitted)) === 0n;
  return isCovered || isPrivileged;
}
