/**
 * What a layer leaves to the layers below it. Two kinds of node: a hard link whose target is in a
 * lower layer, and a directory that exists only because something in it does. A layer is unpacked once
 * for all images, so neither can be settled then: they are settled per mount, against the stack that
 * the image has below the layer.
 *
 * A hard link across layers becomes a file with its target's attributes and contents, by reference;
 * the two are not one inode afterwards, as they are not after a copy-up in the kernel's overlay.
 */
import { fail } from "../base/errors.ts";
import { isFsError } from "../fs/errors.ts";
import type { Filesystem, NodeId } from "../fs/filesystem.ts";
import { walk } from "../fs/walk.ts";
import type { LowerNode } from "./layer-filesystem.ts";
import type { LayerIndex } from "./layer-index.ts";

/**
 * Where the unresolved nodes of `index` are in `lower`, the mounted stack below the layer, if any.
 * @throws SlipwayError `invalidParameter`, in the kernel's words, for a link without a target
 */
export function resolveLower(index: LayerIndex, lower: Filesystem | undefined): ReadonlyMap<NodeId, LowerNode> {
  const resolved = new Map<NodeId, LowerNode>();
  if (index.unresolved.length === 0) return resolved;
  const paths = pathsOf(index);
  for (const node of index.unresolved) {
    const path = paths.get(node) ?? "/";
    const linkPath = index.rare[node]?.lowerPath;
    const target = lower === undefined ? undefined : find(lower, linkPath ?? path);
    const isDirectory = target !== undefined && lower?.attributes(target).type === "directory";
    if (linkPath === undefined) {
      if (lower === undefined || target === undefined || !isDirectory) continue;
      resolved.set(node, { filesystem: lower, node: target });
      continue;
    }
    if (lower === undefined || target === undefined) {
      throw fail("invalidParameter", `failed to register layer: link /${linkPath} ${path}: no such file or directory`);
    }
    if (isDirectory) {
      throw fail("invalidParameter", `failed to register layer: link /${linkPath} ${path}: operation not permitted`);
    }
    resolved.set(node, { filesystem: lower, node: target });
  }
  return resolved;
}

function find(lower: Filesystem, path: string): NodeId | undefined {
  try {
    return walk(lower, path, { isLastFollowed: false }).node;
  } catch (thrown) {
    if (isFsError(thrown)) return undefined;
    throw thrown;
  }
}

/** A path of every node. */
function pathsOf(index: LayerIndex): ReadonlyMap<NodeId, string> {
  const paths = new Map<NodeId, string>([[1, ""]]);
  // Breadth first, as the index is numbered: a directory comes before what is in it.
  for (let node = 1; node <= index.types.length; node++) {
    const first = index.firsts[node - 1] ?? 0;
    const above = paths.get(node) ?? "";
    for (let at = first; at < first + (index.counts[node - 1] ?? 0); at++) {
      const child = index.nodes[at] ?? 0;
      if (!paths.has(child)) paths.set(child, `${above}/${index.names[at] ?? ""}`);
    }
  }
  return paths;
}
