/**
 * All names of a file with several links in a lower layer. Directories lead to files but files do not
 * lead back, so a layer is read through once, when the first such file of it is copied up.
 */
import type { Filesystem, NodeId } from "../fs/filesystem.ts";

export class LowerAliases {
  readonly #byLayer = new Map<Filesystem, ReadonlyMap<NodeId, readonly string[]>>();

  /** Paths of `node` in `layer`, each with a leading slash. */
  paths(layer: Filesystem, node: NodeId): readonly string[] {
    let groups = this.#byLayer.get(layer);
    if (groups === undefined) {
      groups = groupLinks(layer);
      this.#byLayer.set(layer, groups);
    }
    return groups.get(node) ?? [];
  }
}

function groupLinks(layer: Filesystem): ReadonlyMap<NodeId, readonly string[]> {
  const first = new Map<NodeId, string>();
  const groups = new Map<NodeId, string[]>();
  const pending: { path: string; node: NodeId }[] = [{ path: "", node: layer.root }];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    for (const { name, ino, type } of layer.readDirectory(directory.node)) {
      const path = `${directory.path}/${name}`;
      if (type === "directory") {
        pending.push({ path, node: ino });
        continue;
      }
      const earlier = first.get(ino);
      if (earlier === undefined) first.set(ino, path);
      else groups.set(ino, [...(groups.get(ino) ?? [earlier]), path]);
    }
  }
  return groups;
}
