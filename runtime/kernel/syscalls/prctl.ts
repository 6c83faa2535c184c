/** prctl(2): what a program says about itself; privileges are prctl-privileges.ts. personality(2). */
import { decodeName, encodeName } from "../../../layers/fs/names.ts";
import { Errno } from "../abi/errno.ts";
import {
  Prctl,
  PR_SET_VMA_ANON_NAME,
  PR_TIMING_STATISTICAL,
  PR_TSC_ENABLE,
  TASK_COMM_BYTES,
} from "../abi/prctl.ts";
import { SIGNAL_MAX } from "../abi/signal.ts";
import { PAGE_BYTES, pageCeil } from "../mm/region.ts";
import { commOf } from "../task/exec.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { privilegePrctl } from "./prctl-privileges.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";
import { prctlGetSeccomp, prctlSetSeccomp } from "./seccomp.ts";

const PERSONALITY_QUERY = 0xffff_ffff;
const ANON_NAME_BYTES_MAX = 80;

function sysPrctl(task: Task, option: number, a: number, b: number, c: number, d: number): Result {
  const privilege = privilegePrctl(task, option, a, b, c, d);
  if (privilege !== undefined) return privilege;
  const { process, memory } = task;
  switch (option) {
    case Prctl.PR_SET_PDEATHSIG:
      if (a < 0 || a > SIGNAL_MAX) return -Errno.EINVAL;
      task.parentDeathSignal = a;
      return 0;
    case Prctl.PR_GET_PDEATHSIG:
      memory.writeU32(a, task.parentDeathSignal);
      return 0;
    case Prctl.PR_GET_DUMPABLE:
      return process.isDumpable ? 1 : 0;
    case Prctl.PR_SET_DUMPABLE:
      if (a !== 0 && a !== 1) return -Errno.EINVAL;
      process.isDumpable = a === 1;
      return 0;
    case Prctl.PR_SET_NAME:
      task.comm = nameAt(task, a);
      return 0;
    case Prctl.PR_GET_NAME: {
      const name = new Uint8Array(TASK_COMM_BYTES);
      name.set(encodeName(task.comm).subarray(0, TASK_COMM_BYTES - 1));
      memory.copyOut(a, name);
      return 0;
    }
    case Prctl.PR_SET_CHILD_SUBREAPER:
      process.isSubreaper = a !== 0;
      return 0;
    case Prctl.PR_GET_CHILD_SUBREAPER:
      memory.writeU32(a, process.isSubreaper ? 1 : 0);
      return 0;
    case Prctl.PR_GET_SECCOMP:
      return prctlGetSeccomp(task);
    case Prctl.PR_SET_SECCOMP:
      return prctlSetSeccomp(task, a, b);
    case Prctl.PR_GET_TID_ADDRESS:
      memory.writeInteger(a, task.clearChildTid);
      return 0;
    default:
      return machinePrctl(task, option, a, b, c, d);
  }
}

/** Options about memory and processor. */
function machinePrctl(task: Task, option: number, a: number, b: number, c: number, d: number): Result {
  const { addressSpace, memory } = task;
  switch (option) {
    case Prctl.PR_GET_TIMING:
      return PR_TIMING_STATISTICAL;
    case Prctl.PR_SET_TIMING:
      return a === PR_TIMING_STATISTICAL ? 0 : -Errno.EINVAL;
    case Prctl.PR_GET_TSC:
      memory.writeU32(a, PR_TSC_ENABLE);
      return 0;
    case Prctl.PR_SET_TIMERSLACK:
      task.timerSlackNs = a <= 0 ? task.defaultTimerSlackNs : a;
      return 0;
    case Prctl.PR_GET_TIMERSLACK:
      return task.timerSlackNs;
    case Prctl.PR_SET_THP_DISABLE:
      if (b !== 0 || c !== 0 || d !== 0) return -Errno.EINVAL;
      addressSpace.isHugeDisabled = a !== 0;
      return 0;
    case Prctl.PR_GET_THP_DISABLE:
      if (a !== 0 || b !== 0 || c !== 0 || d !== 0) return -Errno.EINVAL;
      return addressSpace.isHugeDisabled ? 1 : 0;
    case Prctl.PR_SET_VMA:
      return a === PR_SET_VMA_ANON_NAME ? nameRegion(task, b, c, d) : -Errno.EINVAL;
    default:
      return -Errno.EINVAL;
  }
}

function nameAt(task: Task, address: number): string {
  const reach = task.addressSpace.reachable(address, TASK_COMM_BYTES - 1, 1);
  const bytes = task.memory.copyIn(address, Math.max(1, reach));
  const end = bytes.indexOf(0);
  if (end < 0 && reach < TASK_COMM_BYTES - 1) task.memory.readU8(address + reach); // EFAULT, as strncpy_from_user.
  return commOf(decodeName(end < 0 ? bytes : bytes.subarray(0, end)));
}

/** PR_SET_VMA_ANON_NAME: what /proc/pid/maps calls an anonymous mapping. */
function nameRegion(task: Task, start: number, sizeBytes: number, address: number): Result {
  const name =
    address === 0 ? "" : decodeName(task.memory.readCString(address, ANON_NAME_BYTES_MAX, Errno.EINVAL));
  if (!/^[ -Z^_a-z{-~!-#%-@]*$/.test(name)) return -Errno.EINVAL;
  if (start % PAGE_BYTES !== 0 || sizeBytes < 0) return -Errno.EINVAL;
  const { addressSpace } = task;
  const end = start + pageCeil(sizeBytes);
  if (addressSpace.coveredEnd(start, end) < end) return -Errno.ENOMEM;
  if (addressSpace.regionsIn(start, end).some(({ backing }) => backing !== undefined)) return -Errno.EBADF;
  const shown = name === "" ? "" : `[anon:${name}]`;
  addressSpace.change(start, end, (region) => ({ ...region, name: shown }));
  return 0;
}

function sysPersonality(task: Task, wanted: number): Result {
  const old = task.personality;
  if (wanted >>> 0 !== PERSONALITY_QUERY) task.personality = wanted >>> 0;
  return old;
}

export const PRCTL_CALLS: readonly SyscallRow[] = [
  call(135, "personality", "int", sysPersonality, "PER_LINUX32 changes uname; the rest is kept, not acted on"),
  call(
    157,
    "prctl",
    "int, address, address, address, address",
    sysPrctl,
    "no PR_SET_MM, speculation, scheduling cores, MCE or SVE",
  ),
];
