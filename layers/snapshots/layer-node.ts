/**
 * A node of a layer while it is unpacked, and the paths that lead to it. The hard idea: a path is
 * resolved inside the layer alone, links included, so that nothing can leave it; what the layers
 * below hold is not known here.
 */
import { fail } from "../base/errors.ts";
import type { Device, NodeType } from "../fs/filesystem.ts";
import { NAME_BYTES_MAX } from "../fs/filesystem.ts";
import { nameSizeBytes } from "../fs/names.ts";

/** Bytes of a file: [position in the file, size, position in the pack]. */
export type PackedExtent = readonly [position: number, sizeBytes: number, packPosition: number];

export interface LayerNode {
  type: Exclude<NodeType, "socket">;
  mode: number;
  uid: number;
  gid: number;
  rdev: Device;
  /** Of symbolic links. */
  target: string;
  sizeBytes: number;
  mtimeNs: bigint;
  atimeNs: bigint;
  xattrs: Map<string, Uint8Array> | undefined;
  extents: PackedExtent[];
  /** Of directories. */
  children: Map<string, LayerNode> | undefined;
  isOpaque: boolean;
  /** Made because an entry below it needed it: the layers below, if they have it, say what it is like. */
  isImplied: boolean;
  /** A hard link whose target is in a layer below: its path there. */
  lowerPath: string | undefined;
}

/** Docker's for parents that no layer describes. */
const IMPLIED_MODE = 0o755;

/** As the kernel (MAXSYMLINKS). */
const LINKS_MAX = 40;

/** PATH_MAX: no kernel could reach what lies deeper, and no header may cost more nodes than this. */
const PATH_BYTES_MAX = 4096;

export function newDirectory(isImplied: boolean): LayerNode {
  return {
    type: "directory",
    mode: IMPLIED_MODE,
    uid: 0,
    gid: 0,
    rdev: { major: 0, minor: 0 },
    target: "",
    sizeBytes: 0,
    mtimeNs: 0n,
    atimeNs: 0n,
    xattrs: undefined,
    extents: [],
    children: new Map(),
    isOpaque: false,
    isImplied,
    lowerPath: undefined,
  };
}

/** Whether the node says that a name of the layers below is gone. */
export function isWhiteout(node: LayerNode): boolean {
  return node.type === "character" && node.rdev.major === 0 && node.rdev.minor === 0;
}

/** Fails for names that no Linux filesystem could hold, in the kernel's words. */
export function checkPath(components: readonly string[]): void {
  let pathBytes = 0;
  for (const component of components) {
    const sizeBytes = component.length * 3 <= NAME_BYTES_MAX ? component.length : nameSizeBytes(component);
    pathBytes += sizeBytes + 1;
    if (sizeBytes > NAME_BYTES_MAX || pathBytes > PATH_BYTES_MAX) {
      throw fail("invalidParameter", `${component.slice(0, 40)}…: file name too long`);
    }
  }
}

/** The same for the target of a symbolic link. */
export function checkTarget(target: string): void {
  if (target === "" || nameSizeBytes(target) >= PATH_BYTES_MAX) {
    throw fail("invalidParameter", `symlink ${target.slice(0, 40)}: file name too long or empty`);
  }
}

/**
 * The directory at `components`, made where it is missing. Symbolic links on the way are followed
 * inside the layer; whatever else is in the way gives way to a directory, as a later entry wins.
 */
export function directoryAt(root: LayerNode, components: readonly string[]): LayerNode {
  const found = follow(root, components, (parent, name) => {
    const made = newDirectory(true);
    const before = parent.children?.get(name);
    // What was removed and is needed again hides what is below.
    made.isOpaque = before !== undefined && isWhiteout(before);
    parent.children?.set(name, made);
    return made;
  });
  return found ?? root;
}

/** The node at `components`, its last name not followed; undefined where the layer has none. */
export function nodeAt(root: LayerNode, components: readonly string[]): LayerNode | undefined {
  const parent = follow(root, components.slice(0, -1), () => undefined);
  return parent?.children?.get(components.at(-1) ?? "");
}

function follow(
  root: LayerNode,
  components: readonly string[],
  onMissing: (parent: LayerNode, name: string) => LayerNode | undefined,
): LayerNode | undefined {
  const chain: LayerNode[] = [root];
  const pending = [...components].reverse();
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (chain.length > 1) chain.pop();
      continue;
    }
    const parent = chain.at(-1) ?? root;
    const child = parent.children?.get(name);
    if (child?.type === "symlink") {
      if (++links > LINKS_MAX) {
        throw fail("invalidParameter", `${components.join("/")}: too many levels of symbolic links`);
      }
      if (child.target.startsWith("/")) chain.length = 1;
      pending.push(...child.target.split("/").reverse());
      continue;
    }
    const next = child?.children === undefined ? onMissing(parent, name) : child;
    if (next === undefined) return undefined;
    chain.push(next);
  }
  return chain.at(-1) ?? root;
}
