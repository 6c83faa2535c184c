/**
 * What is mounted over a container's root: tmpfs, volumes, and the small files the engine keeps
 * (/etc/hosts and its like). Mount points need not exist in the image; where they do not, they are
 * mounted into being, because a mount must leave no trace in the container's writable layer.
 */
import { encodeUtf8 } from "../../../../layers/base/bytes.ts";
import type { Clock } from "../../../../layers/base/clock.ts";
import type { Filesystem } from "../../../../layers/fs/filesystem.ts";
import { MemoryFilesystem } from "../../../../layers/fs/memory.ts";
import { ReadOnlyFilesystem } from "../../../../layers/fs/read-only.ts";
import type { Mounted, Snapshotter } from "../../../../layers/snapshots/snapshotter.ts";
import type { MountSpec } from "../../backend.ts";
import { tmpfsOptions } from "../../pod/tmpfs-options.ts";
import type { Tree } from "./tree.ts";
import { pathOf } from "./tree.ts";

/** Whether /dev is ours to make. */
export function hasNoDev(mounts: readonly MountSpec[]): boolean {
  return !mounts.some((mount) => mount.target === "/dev");
}

/** Mounts one; a volume's own mount is the caller's to close. */
export async function mountOver(
  tree: Tree,
  mount: MountSpec,
  snapshotter: Snapshotter,
  clock: Clock,
): Promise<Mounted | undefined> {
  const target = canonicalTarget(tree, mount.target, clock);
  switch (mount.kind) {
    case "tmpfs":
      tree.mount(target, new MemoryFilesystem({ clock, ...tmpfsOptions(mount.options) }));
      return undefined;
    case "file": {
      const filesystem = new MemoryFilesystem({ clock });
      const node = filesystem.create(filesystem.root, "file", {
        type: "file",
        mode: 0o644,
        uid: 0,
        gid: 0,
      });
      filesystem.write(node, 0, encodeUtf8(mount.content));
      tree.mount(target, filesystem, node);
      return undefined;
    }
    case "volume": {
      const volume = await snapshotter.mount({ layers: [], writable: mount.volume });
      const filesystem: Filesystem = volume.filesystem;
      tree.mount(target, mount.isReadOnly ? new ReadOnlyFilesystem(filesystem) : filesystem);
      return volume;
    }
  }
}

/**
 * The target without links. Directories that are missing on the way are mounted as empty ones, so
 * that nothing is written into the container's layer for them.
 */
function canonicalTarget(tree: Tree, target: string, clock: Clock): string {
  const names = target.split("/").filter((name) => name !== "" && name !== ".");
  const last = names.pop() ?? "";
  let at = tree.root;
  for (const name of names) {
    const next = tree.walk(name, at);
    if (next.entry === undefined) {
      tree.mount(pathOf(next.parent, next.name), new MemoryFilesystem({ clock }));
      at = tree.resolve(name, at);
    } else at = next.entry;
  }
  const place = tree.walk(last, at);
  return pathOf(place.parent, place.name);
}
