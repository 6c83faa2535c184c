/**
 * /proc/pid/{uid_map,gid_map,setgroups} (kernel/user_namespace.c: map_write). A map is written once, by
 * somebody with power over the namespace; without power over the ids outside, only one's own id may be mapped.
 */
import { Errno } from "../abi/errno.ts";
import { Capability, hasCapabilityIn } from "../task/credentials.ts";
import type { Credentials } from "../task/credentials.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { Extent, UserNamespace } from "./user-namespace.ts";
import { EXTENTS_MAX, fromKernelId, toKernelId } from "./user-namespace.ts";

type Kind = "uid" | "gid";

const ID_MAX = 0xffff_ffff;
const mapOf = (namespace: UserNamespace | undefined, kind: Kind): readonly Extent[] | undefined =>
  kind === "uid" ? namespace?.uidMap : namespace?.gidMap;

export function mapText(task: Task, reader: Task, kind: Kind): string {
  const { user } = task.credentials;
  const row = (numbers: readonly number[]): string =>
    `${numbers.map((number) => String(number).padStart(10)).join(" ")}\n`;
  if (user === undefined) return row([0, 0, ID_MAX]);
  const below = reader.credentials.user === user ? user.parent : reader.credentials.user;
  return (mapOf(user, kind) ?? [])
    .map(({ inside, outside, count }) =>
      row([inside, fromKernelId(mapOf(below, kind), outside) ?? ID_MAX, count]),
    )
    .join("");
}

export function writeMap(task: Task, writer: Task, kind: Kind, written: string): void {
  const { user } = task.credentials;
  const who = writer.credentials;
  if (user === undefined || (mapOf(user, kind) ?? []).length > 0) throw new SyscallError(Errno.EPERM);
  if (!hasCapabilityIn(who, Capability.CAP_SYS_ADMIN, user)) throw new SyscallError(Errno.EPERM);
  if (who.user !== user && who.user !== user.parent) throw new SyscallError(Errno.EPERM);
  const lines = written.replace(/\n$/, "").split("\n");
  if (lines.length > EXTENTS_MAX) throw new SyscallError(Errno.EINVAL);
  const extents = lines.map((line) => extentOf(line));
  checkOverlaps(extents);
  if (!isPermitted(user, who, kind, extents)) throw new SyscallError(Errno.EPERM);
  const mapped = extents.map((extent) => {
    const outside = toKernelId(mapOf(user.parent, kind), extent.outside);
    if (outside === undefined) throw new SyscallError(Errno.EPERM);
    return { ...extent, outside };
  });
  if (kind === "uid") user.uidMap = mapped;
  else user.gidMap = mapped;
}

export function writeSetgroups(task: Task, writer: Task, written: string): void {
  const { user } = task.credentials;
  const word = written.trim();
  if (word !== "allow" && word !== "deny") throw new SyscallError(Errno.EINVAL);
  if (user === undefined || !hasCapabilityIn(writer.credentials, Capability.CAP_SYS_ADMIN, user))
    throw new SyscallError(Errno.EPERM);
  if (word === "deny" && user.gidMap.length > 0) throw new SyscallError(Errno.EPERM);
  if (word === "allow" && !user.isSetgroupsAllowed) throw new SyscallError(Errno.EPERM);
  user.isSetgroupsAllowed = word === "allow";
}

function extentOf(line: string): Extent {
  const words = line.trim().split(/\s+/);
  const [inside, outside, count] = words.map(Number);
  const isRight = words.length === 3 && words.every((word) => /^\d+$/.test(word));
  if (!isRight || inside === undefined || outside === undefined || count === undefined || count === 0)
    throw new SyscallError(Errno.EINVAL);
  if (inside + count > ID_MAX || outside + count > ID_MAX) throw new SyscallError(Errno.EINVAL);
  return { inside, outside, count };
}

function checkOverlaps(extents: readonly Extent[]): void {
  const overlap = (first: number, second: number, a: Extent, b: Extent): boolean =>
    first < second + b.count && second < first + a.count;
  extents.forEach((a, index) => {
    for (const b of extents.slice(index + 1)) {
      if (overlap(a.inside, b.inside, a, b) || overlap(a.outside, b.outside, a, b))
        throw new SyscallError(Errno.EINVAL);
    }
  });
}

/** new_idmap_permitted. */
function isPermitted(
  namespace: UserNamespace,
  who: Credentials,
  kind: Kind,
  extents: readonly Extent[],
): boolean {
  const [only] = extents;
  if (extents.length === 1 && only?.count === 1 && namespace.ownerUid === who.euid) {
    const outside = toKernelId(mapOf(namespace.parent, kind), only.outside);
    if (kind === "uid" && outside === who.euid) return true;
    if (kind === "gid" && !namespace.isSetgroupsAllowed && outside === who.egid) return true;
  }
  return hasCapabilityIn(
    who,
    kind === "uid" ? Capability.CAP_SETUID : Capability.CAP_SETGID,
    namespace.parent,
  );
}
