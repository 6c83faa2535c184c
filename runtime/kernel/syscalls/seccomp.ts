/** seccomp(2) and prctl(PR_SET_SECCOMP): who may set which mode, and for whom (kernel/seccomp.c). */
import type { BpfInstruction } from "../abi/bpf.ts";
import { BPF_MAXINSNS, SOCK_FILTER_BYTES } from "../abi/bpf.ts";
import { Errno } from "../abi/errno.ts";
import * as abi from "../abi/seccomp.ts";
import { isValidFilter } from "../task/bpf.ts";
import { Capability, hasCapability } from "../task/credentials.ts";
import { SeccompFilter, seccompMode } from "../task/seccomp.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { countMissing } from "./dispatch.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** MAX_INSNS_PER_PATH: of all filters together, and what each costs besides its instructions. */
const INSTRUCTIONS_MAX = 32_768;
const FILTER_COST = 4;
/** Flags without a listener; LOG and SPEC_ALLOW have nothing to change here. */
const FLAGS = abi.SECCOMP_FILTER_FLAG_TSYNC | abi.SECCOMP_FILTER_FLAG_LOG | abi.SECCOMP_FILTER_FLAG_SPEC_ALLOW |
  abi.SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
const ACTIONS: readonly number[] = [
  abi.SECCOMP_RET_KILL_PROCESS, abi.SECCOMP_RET_KILL_THREAD, abi.SECCOMP_RET_TRAP, abi.SECCOMP_RET_ERRNO,
  abi.SECCOMP_RET_TRACE, abi.SECCOMP_RET_LOG, abi.SECCOMP_RET_ALLOW,
];

function sysSeccomp(task: Task, operation: number, flags: number, address: number): Result {
  switch (operation) {
    case abi.SECCOMP_SET_MODE_STRICT:
      return flags !== 0 || address !== 0 ? -Errno.EINVAL : setStrict(task);
    case abi.SECCOMP_SET_MODE_FILTER:
      return setFilter(task, flags, address);
    case abi.SECCOMP_GET_ACTION_AVAIL:
      if (flags !== 0) return -Errno.EINVAL;
      return ACTIONS.includes(task.memory.readU32(address)) ? 0 : -Errno.EOPNOTSUPP;
    default:
      return -Errno.EINVAL;
  }
}

/** prctl(PR_SET_SECCOMP, mode, filter). */
export function prctlSetSeccomp(task: Task, mode: number, address: number): Result {
  if (mode === abi.SECCOMP_MODE_STRICT) return setStrict(task);
  return mode === abi.SECCOMP_MODE_FILTER ? setFilter(task, 0, address) : -Errno.EINVAL;
}

function setStrict(task: Task): number {
  if (task.seccomp instanceof SeccompFilter) return -Errno.EINVAL;
  task.seccomp = "strict";
  return 0;
}

function setFilter(task: Task, flags: number, address: number): number {
  if ((flags & abi.SECCOMP_FILTER_FLAG_NEW_LISTENER) !== 0) countMissing(task, "seccomp SECCOMP_FILTER_FLAG_NEW_LISTENER");
  if ((flags & ~FLAGS) !== 0) return -Errno.EINVAL;
  const { memory } = task;
  const length = memory.readU16(address);
  const at = memory.readInteger(address + 8);
  if (length === 0 || length > BPF_MAXINSNS) return -Errno.EINVAL;
  const isPrivileged = hasCapability(task.credentials, Capability.CAP_SYS_ADMIN);
  if (!task.hasNoNewPrivileges && !isPrivileged) return -Errno.EACCES;
  const program = decodeProgram(memory.copyIn(at, length * SOCK_FILTER_BYTES));
  if (!isValidFilter(program)) return -Errno.EINVAL;
  const { seccomp } = task;
  if (seccomp === "strict") return -Errno.EINVAL;
  const filter = new SeccompFilter(program, seccomp);
  if (totalLength(seccomp) + filter.length > INSTRUCTIONS_MAX) return -Errno.ENOMEM;
  const isForAll = (flags & abi.SECCOMP_FILTER_FLAG_TSYNC) !== 0;
  const apart = isForAll ? [...task.process.tasks].find((other) => !canFollow(other, task)) : undefined;
  if (apart !== undefined)
    return (flags & abi.SECCOMP_FILTER_FLAG_TSYNC_ESRCH) !== 0 ? -Errno.ESRCH : apart.tidIn(task.pidNamespace);
  task.seccomp = filter;
  if (!isForAll) return 0;
  for (const other of task.process.tasks) {
    other.seccomp = task.seccomp;
    if (task.hasNoNewPrivileges) other.hasNoNewPrivileges = true;
  }
  return 0;
}

/** A thread can take over filters that continue its own. */
function canFollow(other: Task, task: Task): boolean {
  const { seccomp } = other;
  if (other === task || seccomp === undefined) return true;
  if (seccomp === "strict" || task.seccomp === "strict") return false;
  return seccomp.isAncestorOf(task.seccomp);
}

function totalLength(filter: SeccompFilter | undefined): number {
  let sum = 0;
  for (let at = filter; at !== undefined; at = at.previous) sum += at.length + FILTER_COST;
  return sum;
}

function decodeProgram(bytes: Uint8Array): readonly BpfInstruction[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / SOCK_FILTER_BYTES }, (_, index) => {
    const at = index * SOCK_FILTER_BYTES;
    return {
      code: view.getUint16(at, true), jt: view.getUint8(at + 2), jf: view.getUint8(at + 3), k: view.getUint32(at + 4, true),
    };
  });
}

export function prctlGetSeccomp(task: Task): number {
  return seccompMode(task.seccomp);
}

export const SECCOMP_CALLS: readonly SyscallRow[] = [
  call(317, "seccomp", "int, flags:seccomp, address", sysSeccomp, "no listeners"),
];
