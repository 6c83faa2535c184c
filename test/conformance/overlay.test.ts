/**
 * The overlay against the kernel's own: the same random layer stacks, the same random operations, the
 * same answers and the same trees. SLIPWAY_SEED replays one seed, SLIPWAY_SEEDS sets how many are run.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MemoryFilesystem } from "../../layers/fs/memory.ts";
import { overlayChanges } from "../../layers/overlay/diff.ts";
import { OverlayFilesystem } from "../../layers/overlay/overlay.ts";
import { Random, performRandomly } from "./overlay-generator.ts";
import type { Performed } from "./overlay-generator.ts";
import { Kernel, missingForKernel } from "./overlay-kernel.ts";
import { Runner, contentsOf, dump, rebuild, testClock } from "./overlay-operations.ts";
import type { DumpedNode } from "./overlay-operations.ts";

const SEEDS = Number(process.env["SLIPWAY_SEEDS"] ?? 300);
const ONLY_SEED = process.env["SLIPWAY_SEED"];
/** Seeds per test: a failure names its seed, and a progress line comes now and then. */
const BATCH = 50;
const LAYER_OPERATIONS = 30;
const MOUNTED_OPERATIONS = 60;

const missing = missingForKernel();
let kernel: Kernel | undefined;

function oracle(): Kernel {
  if (kernel === undefined) throw new Error("no kernel");
  return kernel;
}

beforeAll(async () => {
  if (missing === undefined) kernel = await Kernel.start();
});

afterAll(async () => {
  await kernel?.stop();
});

function makeMemory(): MemoryFilesystem {
  return new MemoryFilesystem({ clock: testClock() });
}

/** Answers of both sides, next to the operation they belong to, where they differ. */
function differences(performed: readonly Performed[], answers: readonly string[]): unknown[] {
  return performed.flatMap(({ operation, answer }, index) =>
    answer === answers[index] ? [] : [{ index, operation, ours: answer, kernel: answers[index] }],
  );
}

/** Makes the same random layer on both sides; it is compared on the way: memory against tmpfs. */
async function makeLayer(
  random: Random,
  directory: string,
  seconds: number,
  hasLinks: boolean,
): Promise<MemoryFilesystem> {
  const layer = makeMemory();
  const runner = new Runner(layer);
  const performed = performRandomly(random, layer, runner, LAYER_OPERATIONS, { isLayer: true, hasLinks });
  performed.push({ operation: { op: "stamp", seconds }, answer: runner.run({ op: "stamp", seconds }) });
  const answers = await oracle().run(
    directory,
    performed.map(({ operation }) => operation),
  );
  expect(differences(performed, answers)).toEqual([]);
  expect(dump(layer)).toEqual(await oracle().dump(directory));
  return layer;
}

interface Comparison {
  readonly comparesFileLinks: boolean;
  readonly comparesDirectoryLinks: boolean;
}

function comparable(nodes: readonly DumpedNode[], comparison: Comparison): DumpedNode[] {
  return nodes.map((node) => {
    const isCompared = node.type === "directory" ? comparison.comparesDirectoryLinks : comparison.comparesFileLinks;
    const xattrs = Object.fromEntries(
      Object.entries(node.xattrs).filter(([name]) => !name.startsWith("trusted.overlay.")),
    );
    return { ...node, nlink: isCompared ? node.nlink : -1, xattrs };
  });
}

/** What Docker prints for two trees, compared whole as moby's archive.ChangesDirs does. */
function changesOf(before: readonly DumpedNode[], after: readonly DumpedNode[]): { kind: number; path: string }[] {
  const old = new Map(before.map((node) => [node.path, node]));
  const now = new Map(after.map((node) => [node.path, node]));
  const kinds = new Map<string, number>();
  const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));
  const facts = ({ type, mode, uid, gid, rdev, size, mtime }: DumpedNode): string =>
    [type, mode, uid, gid, rdev, ...(type === "directory" ? [] : [size, mtime])].join();
  for (const node of after.slice(1)) {
    const earlier = old.get(node.path);
    if (earlier === undefined) kinds.set(node.path, 1);
    else if (facts(earlier) !== facts(node)) kinds.set(node.path, 0);
  }
  for (const { path } of before.slice(1)) {
    if (!now.has(path) && now.get(parentOf(path))?.type === "directory") kinds.set(path, 2);
  }
  for (let path of [...kinds.keys()]) {
    for (path = parentOf(path); path !== ""; path = parentOf(path)) if (!kinds.has(path)) kinds.set(path, 0);
  }
  return [...kinds].map(([path, kind]) => ({ kind, path })).sort((left, right) => (left.path < right.path ? -1 : 1));
}

/** Whiteouts that hide nothing. */
function needlessWhiteouts(upper: MemoryFilesystem, lowers: readonly MemoryFilesystem[]): string[] {
  const hidden = new Set(dump(new OverlayFilesystem(undefined, lowers)).map(({ path }) => path));
  const whiteouts = dump(upper).filter(({ type, rdev }) => type === "character" && rdev === "0:0");
  return whiteouts.map(({ path }) => path).filter((path) => !hidden.has(path));
}

/** The answers that both sides gave to what was done on the mounted overlay. */
async function compareOnce(seed: number): Promise<string[]> {
  const random = new Random(seed);
  // With links in lower layers, who counts which hidden name differs (README, Quirks), so that these
  // seeds compare groups of names; the others compare every count.
  const links = seed % 3;
  const comparison = { comparesDirectoryLinks: links === 0, comparesFileLinks: links < 2 };
  const count = 1 + random.below(3);
  const directories: string[] = [];
  const lowers: MemoryFilesystem[] = [];
  for (let index = 0; index < count; index++) {
    const hasLinks = links === 2 || (links === 1 && index === count - 1);
    directories.unshift(`lower${index}`);
    lowers.unshift(await makeLayer(random, `lower${index}`, 1_000_000 + index * 1000, hasLinks));
  }
  await oracle().mount({ directory: "merged", upper: "upper", work: "work", lowers: directories, index: "on" });
  const upper = makeMemory();
  const overlay = new OverlayFilesystem(upper, lowers);
  const compare = async (fs: OverlayFilesystem, directory: string, how: Comparison): Promise<void> => {
    expect(comparable(dump(fs), how)).toEqual(comparable(await oracle().dump(directory), how));
  };
  await compare(overlay, "merged", comparison);

  const runner = new Runner(overlay);
  const performed = performRandomly(random, overlay, runner, MOUNTED_OPERATIONS, { isLayer: false, hasLinks: true });
  const answers = await oracle().run(
    "merged",
    performed.map(({ operation }) => operation),
  );
  if (ONLY_SEED !== undefined) console.log(performed.map((step) => JSON.stringify(step)).join("\n"));
  expect(differences(performed, answers)).toEqual([]);
  await compare(overlay, "merged", comparison);

  expect(needlessWhiteouts(upper, lowers)).toEqual([]);
  expect(overlayChanges(upper, lowers)).toEqual(
    changesOf(dump(new OverlayFilesystem(undefined, lowers)), dump(overlay)),
  );

  // What was written down is enough to see the same tree again, and the kernel reads it as we do.
  runner.close();
  await compare(new OverlayFilesystem(upper, lowers), "merged", {
    comparesFileLinks: false,
    comparesDirectoryLinks: false,
  });
  await oracle().run("ourUpper", rebuild(dump(upper), contentsOf(upper)));
  await oracle().mount({ directory: "ours", upper: "ourUpper", work: "ourWork", lowers: directories, index: "off" });
  await compare(overlay, "ours", { comparesFileLinks: false, comparesDirectoryLinks: false });

  // And we read what the kernel wrote down.
  await oracle().unmount("merged");
  await oracle().mount({ directory: "again", upper: "upper", work: "work2", lowers: directories, index: "off" });
  const kernelUpper = makeMemory();
  const rebuilder = new Runner(kernelUpper);
  for (const operation of rebuild(await oracle().dump("upper"), await oracle().contents("upper")))
    rebuilder.run(operation);
  await compare(new OverlayFilesystem(kernelUpper, lowers), "again", {
    comparesFileLinks: false,
    comparesDirectoryLinks: false,
  });
  await oracle().clear();
  return answers;
}

/** How often each answer was given; all that was read counts as one. */
function countOf(answers: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const answer of answers) {
    const kind = /^(ok|E[A-Z]+)$/.test(answer) ? answer : "value";
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => `${kind} ${count}`).join(", ");
}

async function compareBatch(seeds: readonly number[]): Promise<void> {
  const answers: string[] = [];
  for (const seed of seeds) {
    try {
      answers.push(...(await compareOnce(seed)));
    } catch (thrown) {
      await oracle().clear();
      if (thrown instanceof Error) thrown.message = `SLIPWAY_SEED=${seed}: ${thrown.message}`;
      throw thrown;
    }
  }
  if (process.env["SLIPWAY_SEEDS"] !== undefined) console.log(countOf(answers));
  expect(answers.length).toBeGreaterThanOrEqual(seeds.length * MOUNTED_OPERATIONS);
  // Both sides refusing everything would be agreement, too.
  const isWholeBatch = ONLY_SEED === undefined;
  if (isWholeBatch) expect(answers.filter((answer) => answer === "ok").length).toBeGreaterThan(answers.length / 2);
}

const seeds = ONLY_SEED === undefined ? Array.from({ length: SEEDS }, (_, index) => index + 1) : [Number(ONLY_SEED)];

describe.skipIf(missing !== undefined)(`the overlay against the kernel's (${missing ?? "root, overlayfs"})`, () => {
  for (let start = 0; start < seeds.length; start += BATCH) {
    const batch = seeds.slice(start, start + BATCH);
    const title = `seeds ${batch[0]} to ${batch[batch.length - 1]} give the same answers and trees`;
    test(title, { timeout: 600_000 }, () => compareBatch(batch));
  }
});
