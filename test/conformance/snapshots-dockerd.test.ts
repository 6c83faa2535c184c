/**
 * Layers through a real dockerd: it loads an image of random layers, one of them a container's changes
 * as we export them; what `docker export` gives, and what the layers it saves give here, is our mount.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../layers/base/clock.ts";
import { collectBytes, streamOf } from "../../layers/base/streams.ts";
import { MemoryPlace, MemoryStorage } from "../../layers/content/memory-storage.ts";
import { createNodeHasher } from "../../layers/content/node/node-hasher.ts";
import { MemoryFilesystem } from "../../layers/fs/memory.ts";
import { writeWholeFile } from "../../layers/fs/walk.ts";
import { StorageSnapshotter } from "../../layers/snapshots/storage-snapshotter.ts";
import { readTar, unpackInto } from "../../layers/tar/archive.ts";
import type { Dockerd } from "../support/dockerd.ts";
import { mayRunDockerd, startDockerd } from "../support/dockerd.ts";
import type { TreeNode } from "./tar-trees.ts";
import { coarse, makeTree, makeTreeOver, missingForTrees, sha256, treeOf, withDirectory } from "./tar-trees.ts";

const SEED = Number(process.env["SLIPWAY_SEED"] ?? 31);
const LAYER_BYTES_MAX = 256 * 1024 * 1024;
const hasTools = missingForTrees("umoci", "skopeo", "docker") === undefined;
const canRun = mayRunDockerd && hasTools && spawnSync("docker", ["--version"]).status === 0;

/** What dockerd puts into every container that it creates. */
const DOCKERS_OWN = /^\/(\.dockerenv|dev|etc|proc|sys)(\/(console|pts|shm|hosts|hostname|resolv\.conf|mtab))?$/;

let dockerd: Dockerd | undefined;

beforeAll(async () => {
  if (canRun) dockerd = await startDockerd();
});

afterAll(async () => {
  await dockerd?.stop();
});

function docker(...args: string[]): Buffer {
  const environment = { ...process.env, DOCKER_HOST: dockerd?.host ?? "" };
  return execFileSync("docker", args, { env: environment, maxBuffer: LAYER_BYTES_MAX });
}

function newSnapshotter(): StorageSnapshotter {
  const storage = new MemoryStorage(new MemoryPlace());
  return new StorageSnapshotter({ storage, newHasher: createNodeHasher, clock: systemClock });
}

async function unpack(snapshotter: StorageSnapshotter, layer: Uint8Array): Promise<string> {
  const diffID = `sha256:${sha256(layer)}`;
  await snapshotter.unpack(diffID, streamOf(layer));
  return diffID;
}

/** Without what `docker export` does not tell. */
function comparable(tree: readonly TreeNode[]): TreeNode[] {
  const names = new Map<string | undefined, number>();
  for (const { group } of tree) names.set(group, (names.get(group) ?? 0) + 1);
  return coarse(tree)
    .filter(({ path }) => path !== "/" && !DOCKERS_OWN.test(path))
    .map(({ group, ...node }) => ({
      ...node,
      ...(group !== undefined && (names.get(group) ?? 0) > 1 ? { group } : {}),
      mtimeNs: node.type === "directory" ? "-" : node.mtimeNs,
    }));
}

/** Two random layers, and a third that a container of ours made of them. */
async function makeLayers(directory: string): Promise<{ layers: Uint8Array[]; tree: TreeNode[] }> {
  const [lower, upper] = [join(directory, "lower"), join(directory, "upper")];
  for (const tree of [lower, upper]) mkdirSync(tree);
  makeTree(SEED, lower);
  makeTreeOver(SEED + 1000, lower, upper);
  const layers: Uint8Array[] = [lower, upper].map((tree) =>
    execFileSync("tar", ["-C", tree, "--numeric-owner", "--format=pax", "-c", "."], { maxBuffer: LAYER_BYTES_MAX }),
  );
  const snapshotter = newSnapshotter();
  const diffIDs: string[] = [];
  for (const layer of layers) diffIDs.push(await unpack(snapshotter, layer));
  const mounted = await snapshotter.mount({ layers: diffIDs, writable: "c" });
  const { filesystem } = mounted;
  filesystem.readDirectory(filesystem.root).forEach(({ name, type }, index) => {
    if (type === "directory") writeWholeFile(filesystem, `/${name}/by us`, new Uint8Array(1000).fill(index));
    else if (index % 2 === 0) filesystem.unlink(filesystem.root, name);
  });
  writeWholeFile(filesystem, "/ü", new Uint8Array(10));
  layers.push(await collectBytes(mounted.exportDiff(), LAYER_BYTES_MAX));
  const tree = treeOf(filesystem);
  await mounted.unmount();
  return { layers, tree };
}

function loadImage(directory: string, layers: readonly Uint8Array[]): void {
  const layout = join(directory, "image");
  execFileSync("umoci", ["init", "--layout", layout]);
  execFileSync("umoci", ["new", "--image", `${layout}:t`]);
  for (const layer of layers) {
    writeFileSync(join(directory, "layer.tar"), layer);
    execFileSync("umoci", ["raw", "add-layer", "--image", `${layout}:t`, join(directory, "layer.tar")]);
  }
  const archive = join(directory, "image.tar");
  execFileSync("skopeo", ["copy", "-q", `oci:${layout}:t`, `docker-archive:${archive}:slipway/random:t`]);
  docker("load", "-q", "-i", archive);
}

test.skipIf(!canRun)("dockerd shows our layers as we do, and we show those it saves", (context) =>
  withDirectory(async (directory) => {
    if (dockerd === undefined) return context.skip("dockerd does not start here");
    const { layers, tree } = await makeLayers(directory);
    loadImage(directory, layers);
    const container = docker("create", "slipway/random:t", "none").toString().trim();
    const exported = new MemoryFilesystem({ clock: systemClock });
    await unpackInto(exported, "/", streamOf(docker("export", container)));
    expect(comparable(tree).length).toBeGreaterThan(20);
    expect(comparable(treeOf(exported))).toEqual(comparable(tree));

    const saved = join(directory, "saved");
    mkdirSync(saved);
    execFileSync("tar", ["-C", saved, "-x"], { input: docker("save", "slipway/random:t") });
    const [manifest] = JSON.parse(readFileSync(join(saved, "manifest.json"), "utf8")) as { Layers: string[] }[];
    const snapshotter = newSnapshotter();
    const diffIDs: string[] = [];
    for (const name of manifest?.Layers ?? []) diffIDs.push(await unpack(snapshotter, readFileSync(join(saved, name))));
    expect(diffIDs.length).toBe(3);
    const mounted = await snapshotter.mount({ layers: diffIDs, writable: undefined });
    expect(comparable(treeOf(mounted.filesystem))).toEqual(comparable(tree));
    await mounted.unmount();
    for await (const { header } of readTar(streamOf(docker("save", "slipway/random:t")))) {
      expect(header.name).not.toBe("");
    }
  }),
);
