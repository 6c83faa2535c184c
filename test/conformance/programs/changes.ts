/**
 * What a program left behind, as lines to compare: everything in the upper directory of the overlay it ran
 * on, natively (a directory of this machine) or in the guest (a filesystem in memory). Both are overlayfs
 * uppers, so that whiteouts and copied-up files must agree as well. Times are not compared.
 */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Attributes, Filesystem, NodeId } from "../../../layers/fs/filesystem.ts";
import { decodeName } from "../../../layers/fs/names.ts";
import { readWholeNode } from "../../../layers/fs/walk.ts";
import { hostPath, typeOf } from "./host-tree.ts";

const FILE_BYTES_MAX = 1024 * 1024 * 1024;

type Described = Pick<Attributes, "type" | "mode" | "uid" | "gid" | "nlink" | "rdev">;

export function hostChanges(directory: string, isIgnored: (path: string) => boolean): string[] {
  const lines: string[] = [];
  const visit = (at: Buffer, path: string): void => {
    for (const name of readdirSync(at, { encoding: "buffer" }).map(decodeName)) {
      const [child, childPath] = [hostPath(at, name), `${path}/${name}`];
      if (isIgnored(childPath)) continue;
      const stats = lstatSync(child, { bigint: true });
      const type = typeOf(stats);
      const described = {
        type,
        mode: Number(stats.mode & 0o7777n),
        uid: Number(stats.uid),
        gid: Number(stats.gid),
        nlink: Number(stats.nlink),
        rdev: { major: Number(stats.rdev >> 8n), minor: Number(stats.rdev & 0xffn) },
      };
      const target = (): string => decodeName(readlinkSync(child, "buffer"));
      lines.push(describe(childPath, described, () => readFileSync(child), target));
      if (type === "directory") visit(child, childPath);
    }
  };
  visit(Buffer.from(directory), "");
  return lines.sort();
}

export function guestChanges(files: Filesystem, isIgnored: (path: string) => boolean): string[] {
  const lines: string[] = [];
  const visit = (at: NodeId, path: string): void => {
    for (const { name, ino } of files.readDirectory(at)) {
      const childPath = `${path}/${name}`;
      if (isIgnored(childPath)) continue;
      const attributes = files.attributes(ino);
      const bytes = (): Uint8Array => readWholeNode(files, ino, FILE_BYTES_MAX);
      lines.push(describe(childPath, attributes, bytes, () => files.readLink(ino)));
      if (attributes.type === "directory") visit(ino, childPath);
    }
  };
  visit(files.root, "");
  return lines.sort();
}

function describe(path: string, node: Described, bytes: () => Uint8Array, target: () => string): string {
  const head = `${path} ${node.type} ${node.mode.toString(8)} ${node.uid}:${node.gid}`;
  switch (node.type) {
    case "file": {
      const content = bytes();
      const digest = createHash("sha256").update(content).digest("hex").slice(0, 16);
      return `${head} links ${node.nlink} ${content.length} bytes ${digest}`;
    }
    case "symlink":
      return `${head} -> ${target()}`;
    case "character":
    case "block":
      return node.rdev.major === 0 && node.rdev.minor === 0
        ? `${path} removed`
        : `${head} ${node.rdev.major}:${node.rdev.minor}`;
    default:
      return head;
  }
}
