/**
 * Ids and capabilities after exec (capabilities(7), "Transformation of capabilities during execve"):
 * set-user-ID and set-group-ID bits, and root's special treatment. File capabilities are not read yet.
 */
import type { Executable } from "../vfs/open-executable.ts";
import { MountFlag } from "../vfs/mount.ts";
import type { Task } from "./task.ts";

const SETUID = 0o4000;
const SETGID = 0o2000;
const GROUP_EXECUTE = 0o010;

export function credentialsAfterExec(task: Task, { attributes, location }: Executable): void {
  const old = task.credentials;
  const isHonoured = !task.hasNoNewPrivileges && !location.mount.has(MountFlag.noSuid);
  const isSetuid = isHonoured && (attributes.mode & SETUID) !== 0;
  const isSetgid = isHonoured && (attributes.mode & (SETGID | GROUP_EXECUTE)) === (SETGID | GROUP_EXECUTE);
  const euid = isSetuid ? attributes.uid : old.euid;
  const egid = isSetgid ? attributes.gid : old.egid;
  const isRoot = old.uid === 0 || euid === 0;
  const ambient = isSetuid || isSetgid ? 0n : old.ambient;
  const permitted = isRoot ? old.inheritable | old.bounding : ambient;
  const effective = euid === 0 ? permitted : ambient;
  task.credentials = {
    ...old,
    euid,
    suid: euid,
    fsuid: euid,
    egid,
    sgid: egid,
    fsgid: egid,
    permitted: task.hasNoNewPrivileges ? permitted & (isRoot ? permitted : old.permitted | ambient) : permitted,
    effective,
    ambient,
  };
}
