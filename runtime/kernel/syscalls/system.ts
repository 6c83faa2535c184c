/** uname(2), getrandom(2), prlimit(2), sysinfo(2) and other questions about the machine. */
import { encodeUtf8 } from "../../../layers/base/bytes.ts";
import { Errno } from "../abi/errno.ts";
import { RELEASE, VERSION } from "../abi/release.ts";
import { setting } from "../fs/proc/sysctl.ts";
import { Capability, hasCapability } from "../task/credentials.ts";
import { loadAverages } from "../task/load.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { countMissing } from "./dispatch.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** SYSLOG_ACTION_ of linux/syslog.h. */
const Syslog = {
  close: 0,
  open: 1,
  read: 2,
  readAll: 3,
  readClear: 4,
  clear: 5,
  consoleOff: 6,
  consoleOn: 7,
  consoleLevel: 8,
  sizeUnread: 9,
  sizeBuffer: 10,
} as const;
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
  fields.forEach((text, index) =>
    bytes.set(encodeUtf8(text).subarray(0, FIELD_BYTES - 1), index * FIELD_BYTES),
  );
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
  const word = (at: number, value: number): void =>
    view.setBigUint64(at, BigInt(Math.max(0, Math.floor(value))), true);
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

/** klogctl(3): the messages for dmesg(1). With kernel.dmesg_restrict only for CAP_SYSLOG (check_syslog_permissions). */
function sysSyslog(task: Task, action: number, address: number, sizeBytes: number): Result {
  const { kernel, credentials } = task;
  const isOpen = action === Syslog.readAll || action === Syslog.sizeBuffer;
  const isFree = isOpen && setting(kernel, "kernel/dmesg_restrict") === "0";
  if (!isFree && !hasCapability(credentials, Capability.CAP_SYSLOG)) return -Errno.EPERM;
  switch (action) {
    case Syslog.close:
    case Syslog.open:
    case Syslog.consoleOff:
    case Syslog.consoleOn: // There is no console.
      return 0;
    case Syslog.readAll:
    case Syslog.readClear:
      return readLog(task, address, sizeBytes, action === Syslog.readClear);
    case Syslog.clear:
      kernel.log.clear();
      return 0;
    case Syslog.consoleLevel:
      return sizeBytes < 1 || sizeBytes > 8 ? -Errno.EINVAL : 0;
    case Syslog.sizeUnread:
      return encodeUtf8(kernel.log.text).length;
    case Syslog.sizeBuffer:
      return kernel.log.sizeBytes;
    case Syslog.read:
      countMissing(task, "syslog 2");
      return -Errno.ENOSYS;
    default:
      return -Errno.EINVAL;
  }
}

/** The last of it, in whole lines. */
function readLog(task: Task, address: number, sizeBytes: number, isClearing: boolean): Result {
  if (address === 0 || sizeBytes < 0) return -Errno.EINVAL;
  const { log } = task.kernel;
  let { text } = log;
  while (encodeUtf8(text).length > sizeBytes) text = text.slice(text.indexOf("\n") + 1);
  if (isClearing) log.clear();
  const bytes = encodeUtf8(text);
  if (bytes.length > 0) task.memory.copyOut(address, bytes);
  return bytes.length;
}

export const SYSTEM_CALLS: readonly SyscallRow[] = [
  call(63, "uname", "address", sysUname),
  call(99, "sysinfo", "address", sysSysinfo),
  call(103, "syslog", "int, address, int", sysSyslog, "no waiting for messages"),
  call(318, "getrandom", "buffer, size, flags", sysGetrandom),
];
