/**
 * Stacks of layers against umoci and dockerd: the same layer tars, unpacked and mounted here and
 * unpacked there, give the same tree. The stacks are random: two trees of the host, the upper with
 * whiteouts and opaque directories for the lower. SLIPWAY_SEED replays one seed.
 */
import { execFileSync } from "node:child_process";
import { createReadStream, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../layers/base/clock.ts";
import type { ByteStream } from "../../layers/base/streams.ts";
import { collectBytes, streamOf } from "../../layers/base/streams.ts";
import { createNodeHasher } from "../../layers/content/node/node-hasher.ts";
import { NodeStorage } from "../../layers/content/node/node-storage.ts";
import { MemoryPlace, MemoryStorage } from "../../layers/content/memory-storage.ts";
import type { Storage } from "../../layers/content/storage.ts";
import { resolve, writeWholeFile } from "../../layers/fs/walk.ts";
import { StorageSnapshotter } from "../../layers/snapshots/storage-snapshotter.ts";
import type { TreeNode } from "./tar-trees.ts";
import {
  makeLinks,
  makeTree,
  makeTreeOver,
  missingForTrees,
  sha256,
  treeOf,
  treeOnHost,
  withDirectory,
} from "./tar-trees.ts";

const SEEDS = process.env["SLIPWAY_SEED"] === undefined ? [11, 12, 13, 14] : [Number(process.env["SLIPWAY_SEED"])];
const LAYER_BYTES_MAX = 256 * 1024 * 1024;
const missing = missingForTrees("umoci", "skopeo");

function newSnapshotter(storage: Storage = new MemoryStorage(new MemoryPlace())): StorageSnapshotter {
  return new StorageSnapshotter({ storage, newHasher: createNodeHasher, clock: systemClock });
}

/** Packs a tree of the host as a layer. */
function packLayer(tree: string, archive: string): void {
  execFileSync("tar", [
    "-C", tree, "--numeric-owner", "--format=pax", "--xattrs", "--xattrs-include=*", "-cf", archive, ".",
  ]);
}

/** What umoci makes of an image with these layers. */
function unpackWithUmoci(directory: string, archives: readonly string[]): TreeNode[] {
  const layout = join(directory, "image");
  const bundle = join(directory, "bundle");
  execFileSync("umoci", ["init", "--layout", layout]);
  execFileSync("umoci", ["new", "--image", `${layout}:t`]);
  for (const archive of archives) execFileSync("umoci", ["raw", "add-layer", "--image", `${layout}:t`, archive]);
  execFileSync("umoci", ["unpack", "--keep-dirlinks", "--image", `${layout}:t`, bundle], { stdio: "pipe" });
  return treeOnHost(join(bundle, "rootfs"));
}

async function mountOurs(archives: readonly string[]): Promise<TreeNode[]> {
  const snapshotter = newSnapshotter();
  const layers: string[] = [];
  for (const archive of archives) {
    const diffID = `sha256:${sha256(readFileSync(archive))}`;
    await snapshotter.unpack(diffID, Readable.toWeb(createReadStream(archive)) as ByteStream);
    layers.push(diffID);
  }
  const mounted = await snapshotter.mount({ layers, writable: undefined });
  const tree = treeOf(mounted.filesystem);
  await mounted.unmount();
  return tree;
}

/**
 * Without what differs by design: times of directories in which umoci removes what a whiteout hides;
 * attributes without a value (to Go's archive/tar an empty PAX record takes the attribute back); links
 * of which a whiteout leaves one name (a lower file still counts them, as in the kernel's overlay).
 */
function comparable(tree: readonly TreeNode[]): TreeNode[] {
  const names = new Map<string | undefined, number>();
  for (const { group } of tree) names.set(group, (names.get(group) ?? 0) + 1);
  return tree.map(({ xattrs, group, ...node }) => {
    const valued = Object.entries(xattrs ?? {}).filter(([, value]) => value !== "");
    return {
      ...node,
      ...(group !== undefined && (names.get(group) ?? 0) > 1 ? { group } : {}),
      mtimeNs: node.type === "directory" ? "-" : node.mtimeNs,
      ...(valued.length > 0 ? { xattrs: Object.fromEntries(valued) } : {}),
    };
  });
}

describe.each(SEEDS)("the stack of seed %i", (seed) => {
  test.skipIf(missing !== undefined)("is for umoci what it is for us", () =>
    withDirectory(async (directory) => {
      const [lower, upper] = [join(directory, "lower"), join(directory, "upper")];
      for (const tree of [lower, upper]) mkdirSync(tree);
      makeTree(seed, lower);
      makeTreeOver(seed + 1000, lower, upper);
      const archives = ["1.tar", "2.tar"].map((name) => join(directory, name));
      packLayer(lower, archives[0] ?? "");
      packLayer(upper, archives[1] ?? "");
      const expected = unpackWithUmoci(directory, archives);
      expect(comparable(await mountOurs(archives))).toEqual(comparable(expected));
    }),
  );

  test.skipIf(missing !== undefined)("with links to lower layers has the same files and contents", () =>
    withDirectory(async (directory) => {
      const lower = join(directory, "lower");
      mkdirSync(lower);
      makeTree(seed, lower);
      const archives = ["1.tar", "2.tar"].map((name) => join(directory, name));
      packLayer(lower, archives[0] ?? "");
      makeLinks(seed, lower, archives[1] ?? "");
      // Which names are one inode differs by design: see the README of layers/snapshots.
      const ungrouped = (tree: readonly TreeNode[]): TreeNode[] =>
        comparable(tree.map(({ group: _group, ...node }) => node));
      const expected = unpackWithUmoci(directory, archives);
      expect(ungrouped(await mountOurs(archives))).toEqual(ungrouped(expected));
    }),
  );
});

test.skipIf(missing !== undefined)("a container's changes are a layer that umoci unpacks to the same tree", () =>
  withDirectory(async (directory) => {
    const lower = join(directory, "lower");
    mkdirSync(lower);
    makeTree(5, lower);
    const archives = ["1.tar", "2.tar"].map((name) => join(directory, name));
    packLayer(lower, archives[0] ?? "");
    const base = readFileSync(archives[0] ?? "");
    const storage = new NodeStorage(join(directory, "storage"));
    const snapshotter = newSnapshotter(storage);
    const diffID = `sha256:${sha256(base)}`;
    await snapshotter.unpack(diffID, streamOf(base));
    const mounted = await snapshotter.mount({ layers: [diffID], writable: "c" });
    const { filesystem } = mounted;
    filesystem.readDirectory(filesystem.root).forEach(({ name, type }, index) => {
      const node = resolve(filesystem, `/${name}`, { isLastFollowed: false });
      if (index % 3 === 0 && type !== "directory") filesystem.unlink(filesystem.root, name);
      else if (index % 3 === 1 && type === "file") filesystem.write(node, 3, new Uint8Array(2000).fill(7));
      else if (type === "directory") writeWholeFile(filesystem, `/${name}/added`, new Uint8Array(100).fill(index));
    });
    writeFileSync(archives[1] ?? "", await collectBytes(mounted.exportDiff(), LAYER_BYTES_MAX));
    const expected = treeOf(filesystem);
    await mounted.unmount();
    await storage.close();
    const unpacked = unpackWithUmoci(directory, archives);
    expect(comparable(unpacked)).toEqual(comparable(expected));
  }),
);
