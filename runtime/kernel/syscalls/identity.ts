/** Who a task is: getuid(2) and its relatives. */
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

export const IDENTITY_CALLS: readonly SyscallRow[] = [
  call(102, "getuid", "", (task) => task.credentials.uid),
  call(104, "getgid", "", (task) => task.credentials.gid),
  call(107, "geteuid", "", (task) => task.credentials.euid),
  call(108, "getegid", "", (task) => task.credentials.egid),
];
