/**
 * Our tar against GNU tar, on random trees of the host: whatever dialect GNU tar writes, we unpack the
 * tree it was made from; whatever we write, GNU tar (and Python's tarfile) unpack as we meant it.
 * SLIPWAY_SEED replays one seed.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../layers/base/clock.ts";
import { collectBytes, streamOf } from "../../layers/base/streams.ts";
import { MemoryFilesystem } from "../../layers/fs/memory.ts";
import { packTree, unpackInto } from "../../layers/tar/archive.ts";
import { coarse, makeTree, missingForTrees, treeOf, treeOnHost, withDirectory } from "./tar-trees.ts";
import type { TreeNode } from "./tar-trees.ts";

const SEEDS = process.env["SLIPWAY_SEED"] === undefined ? [1, 2, 3, 4, 5, 6] : [Number(process.env["SLIPWAY_SEED"])];
const ARCHIVE_BYTES_MAX = 256 * 1024 * 1024;
const missing = missingForTrees();

interface Dialect {
  readonly name: string;
  readonly options: readonly string[];
  readonly kept: (tree: readonly TreeNode[]) => readonly TreeNode[];
}

const exact = (tree: readonly TreeNode[]): readonly TreeNode[] => tree;
const PAX = ["--format=pax", "--xattrs", "--xattrs-include=*"];

const dialects: readonly Dialect[] = [
  { name: "GNU", options: ["--format=gnu"], kept: coarse },
  { name: "GNU with holes", options: ["--format=gnu", "--sparse"], kept: coarse },
  { name: "PAX", options: PAX, kept: exact },
  { name: "PAX with holes, 0.0", options: [...PAX, "--sparse", "--sparse-version=0.0"], kept: exact },
  { name: "PAX with holes, 0.1", options: [...PAX, "--sparse", "--sparse-version=0.1"], kept: exact },
  { name: "PAX with holes, 1.0", options: [...PAX, "--sparse", "--sparse-version=1.0"], kept: exact },
];

function newFilesystem(): MemoryFilesystem {
  return new MemoryFilesystem({ clock: systemClock });
}

/** In pieces of a size that no block agrees with. */
async function unpack(bytes: Uint8Array): Promise<MemoryFilesystem> {
  const filesystem = newFilesystem();
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 9973) pieces.push(bytes.subarray(at, at + 9973));
  await unpackInto(filesystem, "/", streamOf(...pieces));
  return filesystem;
}

describe.each(SEEDS)("the tree of seed %i", (seed) => {
  test.skipIf(missing !== undefined)("is read from every dialect GNU tar writes", () =>
    withDirectory(async (directory) => {
      const tree = join(directory, "tree");
      mkdirSync(tree);
      makeTree(seed, tree);
      const expected = treeOnHost(tree);
      for (const { name, options, kept } of dialects) {
        const archive = join(directory, "archive.tar");
        execFileSync("tar", ["-C", tree, "--numeric-owner", ...options, "-cf", archive, "."]);
        const filesystem = await unpack(readFileSync(archive));
        expect({ name, tree: treeOf(filesystem) }).toEqual({ name, tree: kept(expected) });
      }
    }),
  );

  test.skipIf(missing !== undefined)("is written so that GNU tar and Python read it", () =>
    withDirectory(async (directory) => {
      const tree = join(directory, "tree");
      mkdirSync(tree);
      makeTree(seed, tree);
      const expected = treeOnHost(tree);
      const archive = join(directory, "archive.tar");
      execFileSync("tar", ["-C", tree, "--numeric-owner", ...PAX, "--sparse", "-cf", archive, "."]);
      const filesystem = await unpack(readFileSync(archive));
      const ours = await collectBytes(packTree(filesystem, filesystem.root, { name: "." }), ARCHIVE_BYTES_MAX);
      writeFileSync(archive, ours);
      const output = join(directory, "gnu");
      mkdirSync(output);
      execFileSync("tar", [
        "-C", output, "--numeric-owner", "--same-owner", "--xattrs", "--xattrs-include=*", "--warning=no-timestamp",
        "-xpf", archive,
      ]);
      expect(treeOnHost(output)).toEqual(expected);
      const listed = execFileSync("python3", ["-c", COUNT_WITH_PYTHON, archive]).toString();
      expect(Number(listed)).toBe(expected.length);
    }),
  );
});

/** Reads every entry and its body with tarfile, which knows PAX and its sparse formats by itself. */
const COUNT_WITH_PYTHON = `
import sys, tarfile
with tarfile.open(sys.argv[1]) as archive:
    members = archive.getmembers()
    for member in members:
        if member.isreg(): assert len(archive.extractfile(member).read()) == member.size
print(len(members))`;
