/**
 * Trees to compare: on the host (made and read by `tar-tree.py`, since Node cannot make devices or
 * attributes) and in one of our filesystems, as the same plain data.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Filesystem, NodeId } from "../../layers/fs/filesystem.ts";
import { readWholeNode } from "../../layers/fs/walk.ts";

const SCRIPT = new URL("tar-tree.py", import.meta.url).pathname;
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;
const NS_PER_SECOND = 1_000_000_000n;

export interface TreeNode {
  readonly path: string;
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: string;
  readonly target?: string;
  readonly rdev?: readonly [number, number];
  readonly sha256?: string;
  /** First path of the names that are one file. */
  readonly group?: string;
  readonly xattrs?: Readonly<Record<string, string>>;
}

/** Why trees cannot be made here, or undefined. Names of `tools` are looked for too. */
export function missingForTrees(...tools: readonly string[]): string | undefined {
  if (process.platform !== "linux") return "needs Linux";
  if (process.getuid?.() !== 0) return "needs root (mknod, chown)";
  for (const tool of ["python3", "tar", ...tools]) {
    if (spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0) return `needs ${tool}`;
  }
  return undefined;
}

/** Runs `work` with a directory that is removed afterwards. */
export async function withDirectory<Result>(work: (directory: string) => Result | Promise<Result>): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), "slipway-tar-"));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export function makeTree(seed: number, directory: string): void {
  execFileSync("python3", [SCRIPT, "make", String(seed), directory]);
}

/** A tree with whiteouts for some of what `lower` has. */
export function makeTreeOver(seed: number, lower: string, directory: string): void {
  execFileSync("python3", [SCRIPT, "over", String(seed), lower, directory]);
}

/** An archive of hard links to files of `lower`, which it does not hold itself. */
export function makeLinks(seed: number, lower: string, archive: string): void {
  execFileSync("python3", [SCRIPT, "links", String(seed), lower, archive]);
}

export function treeOnHost(directory: string): TreeNode[] {
  const text = execFileSync("python3", [SCRIPT, "dump", directory], { maxBuffer: OUTPUT_BYTES_MAX });
  return JSON.parse(text.toString()) as TreeNode[]; // As the script writes.
}

export function treeOf(filesystem: Filesystem): TreeNode[] {
  const paths: [path: string, node: NodeId][] = [];
  const pending: [path: string, node: NodeId][] = [["", filesystem.root]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [path, node] = next;
    paths.push([path === "" ? "/" : path, node]);
    if (filesystem.attributes(node).type !== "directory") continue;
    for (const { name } of filesystem.readDirectory(node)) {
      pending.push([`${path}/${name}`, filesystem.lookup(node, name) ?? 0]);
    }
  }
  paths.sort(([left], [right]) => (left < right ? -1 : 1));
  const groups = new Map<NodeId, string>();
  return paths.map(([path, node]) => describeNode(filesystem, path, node, groups));
}

function describeNode(filesystem: Filesystem, path: string, node: NodeId, groups: Map<NodeId, string>): TreeNode {
  const { type, mode, uid, gid, mtimeNs, rdev, nlink } = filesystem.attributes(node);
  const isLinked = type !== "directory" && nlink > 1;
  if (isLinked && !groups.has(node)) groups.set(node, path);
  const xattrs = Object.fromEntries(
    [...filesystem.listXattrs(node)]
      .sort()
      .map((name) => [name, Buffer.from(filesystem.getXattr(node, name) ?? []).toString("hex")]),
  );
  return {
    path,
    type,
    mode,
    uid,
    gid,
    mtimeNs: String(mtimeNs),
    ...(type === "symlink" ? { target: filesystem.readLink(node) } : {}),
    ...(type === "character" || type === "block" ? { rdev: [rdev.major, rdev.minor] as const } : {}),
    ...(type === "file" ? { sha256: sha256(readWholeNode(filesystem, node, OUTPUT_BYTES_MAX)) } : {}),
    ...(isLinked ? { group: groups.get(node) ?? "" } : {}),
    ...(Object.keys(xattrs).length > 0 ? { xattrs } : {}),
  };
}

/** What an archive without PAX keeps: whole seconds, no attributes. */
export function coarse(tree: readonly TreeNode[]): TreeNode[] {
  return tree.map(({ xattrs: _xattrs, ...node }) => ({
    ...node,
    mtimeNs: String((BigInt(node.mtimeNs) / NS_PER_SECOND) * NS_PER_SECOND),
  }));
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
