/**
 * What the pieces of the filesystem contract share: how they get a filesystem, and short words for
 * what they ask it.
 */
import { decodeUtf8 } from "../../layers/base/bytes.ts";
import { isFsError } from "../../layers/fs/errors.ts";
import type { Attributes, Filesystem, NodeId, RenameMode } from "../../layers/fs/filesystem.ts";
import { readWholeNode, resolve, walk } from "../../layers/fs/walk.ts";

export const FILE = { type: "file", mode: 0o644, uid: 0, gid: 0 } as const;
export const DIRECTORY = { type: "directory", mode: 0o755, uid: 0, gid: 0 } as const;

export type Arrange = (fs: Filesystem) => void;
export type Make = () => Filesystem | Promise<Filesystem>;
export type Settle = (arranged: Filesystem) => Filesystem | Promise<Filesystem>;

export type Open = (arrange?: Arrange) => Promise<Filesystem>;

export function at(fs: Filesystem, path: string): NodeId {
  return resolve(fs, path, { isLastFollowed: false });
}

export function textOf(fs: Filesystem, file: NodeId): string {
  return decodeUtf8(readWholeNode(fs, file, 1_000_000));
}

export function codeOf(action: () => unknown): unknown {
  try {
    return action();
  } catch (thrown) {
    if (isFsError(thrown)) return thrown.code;
    throw thrown;
  }
}

export function renamer(fs: Filesystem): (from: string, to: string, mode?: RenameMode) => unknown {
  const place = (path: string): [NodeId, string] => {
    const { parent, name } = walk(fs, path, { isLastFollowed: false });
    return [parent, name];
  };
  return (from, to, mode = "replace") => codeOf(() => fs.rename(...place(from), ...place(to), mode));
}

/** Which times are no longer 1. */
export function timesOf({ mtimeNs, ctimeNs }: Attributes): string {
  return (mtimeNs === 1n ? "" : "m") + (ctimeNs === 1n ? "" : "c");
}

export function removeTree(fs: Filesystem, parent: NodeId, name: string): void {
  const node = fs.lookup(parent, name) ?? 0;
  if (fs.attributes(node).type !== "directory") return fs.unlink(parent, name);
  for (const entry of fs.readDirectory(node)) removeTree(fs, node, entry.name);
  fs.removeDirectory(parent, name);
}
