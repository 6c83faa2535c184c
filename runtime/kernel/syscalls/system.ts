/** uname(2), getrandom(2), prlimit(2), sysinfo(2) and other questions about the machine. */
import { encodeUtf8 } from "../../../layers/base/bytes.ts";
import { Errno } from "../abi/errno.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** What uname says: the release programs check features by. */
export const RELEASE = "6.12.0-slipway";
export const VERSION = "#1 SMP PREEMPT_DYNAMIC Slipway";
const FIELD_BYTES = 65;
/** Larger requests are cut, as /dev/urandom reads are (INT_MAX >> 6 rounded to what we fill at once). */
const RANDOM_BYTES_MAX = 0x1ff_ffff;

function sysUname(task: Task, address: number): Result {
  const { hostname, domainname } = task.namespaces.uts;
  const fields = ["Linux", hostname, RELEASE, VERSION, "x86_64", domainname];
  const bytes = new Uint8Array(FIELD_BYTES * fields.length);
  fields.forEach((text, index) => bytes.set(encodeUtf8(text).subarray(0, FIELD_BYTES - 1), index * FIELD_BYTES));
  task.memory.copyOut(address, bytes);
  return 0;
}

function sysGetrandom(task: Task, address: number, sizeBytes: number, flags: number): Result {
  if ((flags & ~7) !== 0) return -Errno.EINVAL;
  const count = Math.min(sizeBytes, RANDOM_BYTES_MAX);
  task.memory.copyOut(address, task.kernel.randomBytes(count));
  return count;
}

export const SYSTEM_CALLS: readonly SyscallRow[] = [
  call(63, "uname", "address", sysUname),
  call(318, "getrandom", "buffer, size, flags", sysGetrandom),
];
