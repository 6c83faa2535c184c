/** Who a task is and may become: getuid(2), setuid(2) and their relatives, getgroups(2), capget(2). */
import * as abi from "../abi/capability.ts";
import { Errno } from "../abi/errno.ts";
import { setCapabilities } from "../task/capability-sets.ts";
import { Capability, hasOwnCapability, shownGid, shownUid } from "../task/credentials.ts";
import type { Credentials } from "../task/credentials.ts";
import { idsOf, setAllIds, setFilesystemId, setId, setRealAndEffective } from "../task/set-ids.ts";
import type { IdKind } from "../task/set-ids.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { toKernelId } from "../ns/user-namespace.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** NGROUPS_MAX, linux/limits.h. */
const GROUPS_MAX = 65_536;
const HEADER_BYTES = 8;
const SET_BYTES = 12;

/** Takes new credentials, or passes -errno on (commit_creds: who changes is not to be looked into). */
export function becomeWho(task: Task, changed: Credentials | number): number {
  if (typeof changed === "number") return changed;
  const old = task.credentials;
  task.credentials = changed;
  const isOther =
    changed.euid !== old.euid ||
    changed.egid !== old.egid ||
    changed.fsuid !== old.fsuid ||
    changed.fsgid !== old.fsgid;
  if (isOther || (changed.permitted & ~old.permitted) !== 0n) {
    task.process.isDumpable = false;
    task.parentDeathSignal = 0;
  }
  return 0;
}

function getIds(task: Task, kind: IdKind, addresses: readonly number[]): Result {
  idsOf(task.credentials, kind).forEach((id, index) =>
    task.memory.writeU32(addresses[index] ?? 0, shown(task, kind, id)),
  );
  return 0;
}

function shown(task: Task, kind: IdKind, id: number): number {
  return kind === "uid" ? shownUid(task.credentials, id) : shownGid(task.credentials, id);
}

function setFs(task: Task, kind: IdKind, id: number): Result {
  const old = kind === "uid" ? task.credentials.fsuid : task.credentials.fsgid;
  becomeWho(task, setFilesystemId(task.credentials, kind, id));
  return shown(task, kind, old);
}

function sysGetgroups(task: Task, count: number, address: number): Result {
  const { groups } = task.credentials;
  if ((count | 0) < 0) return -Errno.EINVAL;
  if ((count | 0) === 0) return groups.length;
  if ((count | 0) < groups.length) return -Errno.EINVAL;
  groups.forEach((gid, index) => task.memory.writeU32(address + index * 4, shownGid(task.credentials, gid)));
  return groups.length;
}

function sysSetgroups(task: Task, count: number, address: number): Result {
  const { credentials, memory } = task;
  const isAllowed =
    credentials.user === undefined ||
    (credentials.user.isSetgroupsAllowed && credentials.user.gidMap.length > 0);
  if (!hasOwnCapability(credentials, Capability.CAP_SETGID) || !isAllowed) return -Errno.EPERM;
  if (count >>> 0 > GROUPS_MAX) return -Errno.EINVAL;
  const groups: number[] = [];
  for (let index = 0; index < count >>> 0; index++) {
    const gid = toKernelId(credentials.user?.gidMap, memory.readU32(address + index * 4));
    if (gid === undefined) return -Errno.EINVAL;
    groups.push(gid);
  }
  task.credentials = { ...credentials, groups: groups.sort((first, second) => first - second) };
  return 0;
}

/** Words of each set, or -EINVAL after telling the newest version. */
function capabilityWords(task: Task, header: number): number {
  switch (task.memory.readU32(header)) {
    case abi.LINUX_CAPABILITY_VERSION_1:
      return 1;
    case abi.LINUX_CAPABILITY_VERSION_2:
    case abi.LINUX_CAPABILITY_VERSION_3:
      return 2;
    default:
      task.memory.writeU32(header, abi.LINUX_CAPABILITY_VERSION_3);
      return -Errno.EINVAL;
  }
}

function sysCapget(task: Task, header: number, data: number): Result {
  const words = capabilityWords(task, header);
  if (words < 0) return data === 0 ? 0 : words;
  if (data === 0) return 0;
  const pid = task.memory.readI32(header + 4);
  if (pid < 0) return -Errno.EINVAL;
  const target = pid === 0 ? task : task.pidNamespace.task(pid);
  if (target === undefined) return -Errno.ESRCH;
  const { effective, permitted, inheritable } = target.credentials;
  const out = new DataView(new ArrayBuffer(SET_BYTES * words));
  for (let word = 0; word < words; word++) {
    [effective, permitted, inheritable].forEach((set, index) => {
      out.setUint32(word * SET_BYTES + index * 4, Number(BigInt.asUintN(32, set >> BigInt(32 * word))), true);
    });
  }
  task.memory.copyOut(data, new Uint8Array(out.buffer));
  return 0;
}

function sysCapset(task: Task, header: number, data: number): Result {
  const words = capabilityWords(task, header);
  if (words < 0) return words;
  const pid = new DataView(task.memory.copyIn(header, HEADER_BYTES).buffer).getInt32(4, true);
  if (pid !== 0 && pid !== task.ownTid) return -Errno.EPERM;
  const view = new DataView(task.memory.copyIn(data, SET_BYTES * words).buffer);
  const setAt = (offset: number): bigint => {
    const high = words === 2 ? BigInt(view.getUint32(SET_BYTES + offset, true)) << 32n : 0n;
    return BigInt(view.getUint32(offset, true)) | high;
  };
  return becomeWho(
    task,
    setCapabilities(task.credentials, { effective: setAt(0), permitted: setAt(4), inheritable: setAt(8) }),
  );
}

export const IDENTITY_CALLS: readonly SyscallRow[] = [
  call(102, "getuid", "", (task) => shownUid(task.credentials, task.credentials.uid)),
  call(104, "getgid", "", (task) => shownGid(task.credentials, task.credentials.gid)),
  call(105, "setuid", "uid", (task, uid) => becomeWho(task, setId(task.credentials, "uid", uid))),
  call(106, "setgid", "gid", (task, gid) => becomeWho(task, setId(task.credentials, "gid", gid))),
  call(107, "geteuid", "", (task) => shownUid(task.credentials, task.credentials.euid)),
  call(108, "getegid", "", (task) => shownGid(task.credentials, task.credentials.egid)),
  call(113, "setreuid", "uid, uid", (task, real, effective) =>
    becomeWho(task, setRealAndEffective(task.credentials, "uid", real, effective)),
  ),
  call(114, "setregid", "gid, gid", (task, real, effective) =>
    becomeWho(task, setRealAndEffective(task.credentials, "gid", real, effective)),
  ),
  call(115, "getgroups", "int, address", sysGetgroups),
  call(116, "setgroups", "int, gids", sysSetgroups),
  call(117, "setresuid", "uid, uid, uid", (task, ...ids) =>
    becomeWho(task, setAllIds(task.credentials, "uid", [ids[0], ids[1], ids[2]])),
  ),
  call(118, "getresuid", "address, address, address", (task, ...at) => getIds(task, "uid", at)),
  call(119, "setresgid", "gid, gid, gid", (task, ...ids) =>
    becomeWho(task, setAllIds(task.credentials, "gid", [ids[0], ids[1], ids[2]])),
  ),
  call(120, "getresgid", "address, address, address", (task, ...at) => getIds(task, "gid", at)),
  call(122, "setfsuid", "uid", (task, uid) => setFs(task, "uid", uid)),
  call(123, "setfsgid", "gid", (task, gid) => setFs(task, "gid", gid)),
  call(125, "capget", "capheader, address", sysCapget),
  call(126, "capset", "capheader, capdata", sysCapset),
];
