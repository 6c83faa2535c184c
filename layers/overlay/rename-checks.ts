/**
 * What renameat2(2) refuses on an overlay, in the order in which the kernel finds it: do_renameat2 and
 * vfs_rename first, ovl_rename (fs/overlayfs/dir.c) after them.
 */
import { FsError } from "../fs/errors.ts";
import type { RenameMode } from "../fs/filesystem.ts";
import type { OverlayNode } from "./overlay-node.ts";
import type { OverlayTree } from "./tree.ts";

export interface RenameRequest {
  readonly moved: OverlayNode;
  readonly from: OverlayNode;
  /** What the new name leads to. */
  readonly victim: OverlayNode | undefined;
  readonly to: OverlayNode;
  readonly mode: RenameMode;
}

/** False when both names lead to one node, and nothing is to be done. */
export function checkRename(tree: OverlayTree, request: RenameRequest): boolean {
  const { moved, from, victim, to, mode } = request;
  if (mode === "noReplace" && victim !== undefined) throw new FsError("EEXIST");
  if (mode === "exchange" && victim === undefined) throw new FsError("ENOENT");
  if (moved.holds(to)) throw new FsError("EINVAL");
  if (victim?.holds(from) === true) throw new FsError(mode === "exchange" ? "EINVAL" : "ENOTEMPTY");
  if (to.isRemoved) throw new FsError("ENOENT", "the directory was removed");
  if (victim === moved) return false;
  const isDirectory = moved.type === "directory";
  const isVictimDirectory = victim?.type === "directory";
  if (victim !== undefined && mode !== "exchange") {
    if (isDirectory && !isVictimDirectory) throw new FsError("ENOTDIR");
    if (!isDirectory && isVictimDirectory) throw new FsError("EISDIR");
  }
  if (isDirectory && !moved.isPureUpper) throw new FsError("EXDEV");
  if (mode === "exchange") {
    if (isVictimDirectory && !victim.isPureUpper) throw new FsError("EXDEV");
  } else if (isVictimDirectory && tree.entries(victim).length > 0) {
    throw new FsError("ENOTEMPTY");
  }
  return true;
}
