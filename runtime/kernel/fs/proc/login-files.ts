/**
 * /proc/<pid>/loginuid and sessionid (kernel/audit.c): who logged in, however often it became another since.
 * One hard idea: what is not set yet, anybody may set for itself; pam_loginuid does, and refuses the session
 * when it cannot.
 */
import { Errno } from "../../abi/errno.ts";
import { Capability, hasCapability } from "../../task/credentials.ts";
import { SyscallError } from "../../task/syscall-error.ts";
import type { Task } from "../../task/task.ts";
import { LOGGED_OUT } from "../../task/task.ts";
import { parseNumber } from "../nodes.ts";

export function setLoginUid(task: Task, writer: Task, written: string): void {
  if (task !== writer) throw new SyscallError(Errno.EPERM);
  const uid = parseNumber(written, 0, LOGGED_OUT);
  const isUnset = task.login.uid === LOGGED_OUT;
  if (!isUnset && !hasCapability(task.credentials, Capability.CAP_AUDIT_CONTROL)) throw new SyscallError(Errno.EPERM);
  task.login = { uid, session: uid === LOGGED_OUT ? LOGGED_OUT : (task.kernel.loginSessions += 1) };
}
