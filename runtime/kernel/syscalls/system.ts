/** uname(2), getrandom(2), prlimit(2), sysinfo(2) and other questions about the machine. */
import { encodeUtf8 } from "../../../layers/base/bytes.ts";
import { Errno } from "../abi/errno.ts";
import { loadAverages } from "../task/load.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** What uname says: the release programs check features by. */
export const RELEASE = "6.12.0-slipway";
export const VERSION = "#1 SMP PREEMPT_DYNAMIC Slipway";
const FIELD_BYTES = 65;
const SYSINFO_BYTES = 112;
/** SI_LOAD_SHIFT. */
const LOAD_SCALE = 65_536;
/** Larger requests are cut, as /dev/urandom reads are (INT_MAX >> 6 rounded to what we fill at once). */
const RANDOM_BYTES_MAX = 0x1ff_ffff;

/** linux/personality.h: what linux32(8) asks for, to be told it is an older machine. */
const PER_MASK = 0xff;
const PER_LINUX32 = 8;

function sysUname(task: Task, address: number): Result {
  const { hostname, domainname } = task.namespaces.uts;
  const machine = (task.personality & PER_MASK) === PER_LINUX32 ? "i686" : "x86_64";
  const fields = ["Linux", hostname, RELEASE, VERSION, machine, domainname];
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

/** struct sysinfo (linux/sysinfo.h). */
function sysSysinfo(task: Task, address: number): Result {
  const { kernel, cgroup } = task;
  const view = new DataView(new ArrayBuffer(SYSINFO_BYTES));
  const word = (at: number, value: number): void => view.setBigUint64(at, BigInt(Math.max(0, Math.floor(value))), true);
  let root = cgroup;
  while (root.parent !== undefined) root = root.parent;
  word(0, kernel.uptimeSeconds());
  loadAverages(kernel).forEach((load, index) => word(8 + index * 8, Math.round(load * LOAD_SCALE)));
  word(32, kernel.memoryBytes);
  word(40, kernel.memoryBytes - root.memoryBytes);
  view.setUint16(80, Math.min(0xffff, task.pidNamespace.tasks().length), true);
  view.setUint32(104, 1, true);
  task.memory.copyOut(address, new Uint8Array(view.buffer));
  return 0;
}

export const SYSTEM_CALLS: readonly SyscallRow[] = [
  call(63, "uname", "address", sysUname),
  call(99, "sysinfo", "address", sysSysinfo),
  call(318, "getrandom", "buffer, size, flags", sysGetrandom),
];
