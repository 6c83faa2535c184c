/** The three lists of mounts: mounts, mountinfo, mountstats (fs/proc_namespace.c), as seen from a root directory. */
import { MountFlag, pathOf } from "../vfs/mount.ts";
import type { Dentry, Location, Mount, MountNamespace } from "../vfs/mount.ts";
import { propagationOf } from "./propagation.ts";

/** Characters a list of words cannot hold, in octal (mangle). */
function mangle(text: string): string {
  return text.replace(
    /[ \t\n\\#]/g,
    (character) => `\\${(character.codePointAt(0) ?? 0).toString(8).padStart(3, "0")}`,
  );
}

function ownOptions(mount: Mount): string {
  const names: [number, string][] = [
    [MountFlag.noSuid, ",nosuid"],
    [MountFlag.noDevices, ",nodev"],
    [MountFlag.noExec, ",noexec"],
    [MountFlag.noAtime, ",noatime"],
    [MountFlag.noDirectoryAtime, ",nodiratime"],
    [MountFlag.relAtime, ",relatime"],
    [MountFlag.noSymlinks, ",nosymfollow"],
  ];
  return names.map(([flag, name]) => (mount.has(flag) ? name : "")).join("");
}

const writability = (isReadOnly: boolean): string => (isReadOnly ? "ro" : "rw");

function dentryPath(dentry: Dentry): string {
  const names: string[] = [];
  for (let at = dentry; at.parent !== undefined; at = at.parent) names.unshift(at.name);
  return `/${names.join("/")}${dentry.isUnlinked ? "//deleted" : ""}`;
}

interface Seen {
  readonly mount: Mount;
  readonly path: string;
}

/** In the order they were mounted, those that can be reached from `root`. */
function seenFrom(namespace: MountNamespace, root: Location): readonly Seen[] {
  const mounts = [...namespace.mounts()].sort((first, second) => first.id - second.id);
  return mounts.flatMap((mount) => {
    const path = pathOf({ mount, dentry: mount.root }, root);
    return path === undefined ? [] : [{ mount, path }];
  });
}

export function mountsText(namespace: MountNamespace, root: Location): string {
  return seenFrom(namespace, root)
    .map(({ mount, path }) => {
      const { filesystem, source, isReadOnly } = mount.superblock;
      const options =
        writability(mount.has(MountFlag.readOnly) || isReadOnly) +
        ownOptions(mount) +
        (filesystem.showOptions?.() ?? "");
      return `${mangle(source)} ${mangle(path)} ${filesystem.type} ${options} 0 0\n`;
    })
    .join("");
}

export function mountInfoText(namespace: MountNamespace, root: Location): string {
  return seenFrom(namespace, root)
    .map(({ mount, path }) => {
      const { filesystem, source, device, isReadOnly } = mount.superblock;
      const parent = mount.mountpoint?.mount.id ?? namespace.rootfsId;
      const options = writability(mount.has(MountFlag.readOnly)) + ownOptions(mount);
      const superOptions = writability(isReadOnly) + (filesystem.showOptions?.() ?? "");
      const place = `${mangle(dentryPath(mount.root))} ${mangle(path)}`;
      return `${mount.id} ${parent} 0:${device} ${place} ${options}${propagationOf(mount)} - ${filesystem.type} ${mangle(source)} ${superOptions}\n`;
    })
    .join("");
}

export function mountStatsText(namespace: MountNamespace, root: Location): string {
  return seenFrom(namespace, root)
    .map(
      ({ mount, path }) =>
        `device ${mangle(mount.superblock.source)} mounted on ${mangle(path)} with fstype ${mount.superblock.filesystem.type}\n`,
    )
    .join("");
}
