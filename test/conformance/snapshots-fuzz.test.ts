/**
 * Damaged input: archives and journals with bytes changed, cut or repeated at random. Whatever
 * happens, it is an error of ours with a kind and never a crash, and what was not touched stays right.
 * SLIPWAY_SEED replays one seed.
 */
import { expect, test } from "vitest";
import { systemClock } from "../../layers/base/clock.ts";
import { SlipwayError } from "../../layers/base/errors.ts";
import { collectBytes, streamOf } from "../../layers/base/streams.ts";
import { MemoryPlace, MemoryStorage } from "../../layers/content/memory-storage.ts";
import { createNodeHasher } from "../../layers/content/node/node-hasher.ts";
import { MemoryFilesystem } from "../../layers/fs/memory.ts";
import { mkdirAll, writeWholeFile } from "../../layers/fs/walk.ts";
import { StorageSnapshotter } from "../../layers/snapshots/storage-snapshotter.ts";
import { packTree, unpackInto } from "../../layers/tar/archive.ts";
import { Random } from "./overlay-generator.ts";
import { sha256, treeOf } from "./tar-trees.ts";

const SEEDS = process.env["SLIPWAY_SEED"] === undefined ? 300 : 1;
const FIRST_SEED = Number(process.env["SLIPWAY_SEED"] ?? 1);
const MIB = 1024 * 1024;

/** Long names, holes, attributes, links: what has the most to go wrong. */
async function archive(): Promise<Uint8Array> {
  const tree = new MemoryFilesystem({ clock: { nowNs: () => 1_700_000_000_000_000_001n } });
  const deep = mkdirAll(tree, `/${"d".repeat(150)}/ü`);
  const sparse = writeWholeFile(tree, "/sparse", new Uint8Array(10).fill(1));
  tree.write(sparse, MIB, new Uint8Array(3000).fill(2));
  tree.link(sparse, deep, "n".repeat(200));
  tree.setXattr(sparse, "user.a", new Uint8Array(100).fill(65), "either");
  tree.create(deep, "link", { type: "symlink", mode: 0o777, uid: 0, gid: 0, target: "../".repeat(50) });
  tree.create(deep, "device", { type: "block", mode: 0o600, uid: 1, gid: 2, rdev: { major: 7, minor: 9 } });
  return collectBytes(packTree(tree, tree.root), MIB);
}

function damage(bytes: Uint8Array, random: Random): Uint8Array {
  const damaged = bytes.slice();
  for (let count = 1 + random.below(6); count > 0; count--) {
    const at = random.below(damaged.length);
    const kind = random.below(4);
    if (kind === 0) damaged[at] = random.below(256);
    else if (kind === 1) damaged.fill(random.below(256), at, at + random.below(40));
    else if (kind === 2) damaged.copyWithin(at, random.below(damaged.length), random.below(damaged.length));
    else damaged[at] = (damaged[at] ?? 0) ^ (1 << random.below(8));
  }
  return damaged.subarray(0, random.below(8) === 0 ? random.below(damaged.length) : damaged.length);
}

/** The checksum of every header made right again, so that damage gets past it. */
function withChecksums(bytes: Uint8Array): Uint8Array {
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    const block = bytes.subarray(at, at + 512);
    if (block[257] !== 0x75 || block[258] !== 0x73) continue;
    block.fill(0x20, 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  }
  return bytes;
}

async function outcomeOf(seed: number, work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return "fine";
  } catch (thrown) {
    if (thrown instanceof SlipwayError && thrown.kind !== "system") return thrown.kind;
    throw new Error(`seed ${seed}: ${String(thrown)}`, { cause: thrown });
  }
}

function newSnapshotter(place = new MemoryPlace()): StorageSnapshotter {
  return new StorageSnapshotter({ storage: new MemoryStorage(place), newHasher: createNodeHasher, clock: systemClock });
}

test("damaged archives are refused by kind, or unpacked to something", async () => {
  const whole = await archive();
  const outcomes = new Set<string>();
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const bytes = withChecksums(damage(whole, new Random(seed)));
    const outcome = await outcomeOf(seed, async () => {
      const snapshotter = newSnapshotter();
      const diffID = `sha256:${sha256(bytes)}`;
      await snapshotter.unpack(diffID, streamOf(bytes));
      const mounted = await snapshotter.mount({ layers: [diffID], writable: undefined });
      treeOf(mounted.filesystem);
      await mounted.unmount();
    });
    outcomes.add(outcome);
    const into = new MemoryFilesystem({ clock: systemClock, sizeBytesMax: 64 * MIB });
    outcomes.add(await outcomeOf(seed, () => unpackInto(into, "/", streamOf(bytes))));
  }
  if (SEEDS > 1) expect([...outcomes]).toEqual(expect.arrayContaining(["fine", "dataLoss"]));
});

test("damaged journals open at the last record that can be believed", async () => {
  const place = new MemoryPlace();
  const mounted = await newSnapshotter(place).mount({ layers: [], writable: "w" });
  for (let n = 0; n < 30; n++) writeWholeFile(mounted.filesystem, `/file${n}`, new Uint8Array(n * 50).fill(n));
  await mounted.unmount();
  const journal = place.files.get("writable/w.journal");
  const whole = new Uint8Array(journal?.sizeBytes ?? 0);
  journal?.readAt(0, whole);
  let found = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const copy = new MemoryPlace();
    copy.make("writable/w.journal").writeAt(0, damage(whole, new Random(seed)));
    await outcomeOf(seed, async () => {
      const again = await newSnapshotter(copy).mount({ layers: [], writable: "w" });
      const { filesystem } = again;
      for (const { name, ino } of filesystem.readDirectory(filesystem.root)) {
        const n = Number(name.slice(4));
        const bytes = new Uint8Array(5000);
        const count = filesystem.read(ino, 0, bytes);
        // Whole, or the write that follows its creation was cut off.
        if (count !== n * 50 && count !== 0) throw new Error(`file${n} has ${count} bytes`);
        if (!bytes.subarray(0, count).every((byte) => byte === n)) throw new Error(`file${n} is damaged`);
        found++;
      }
      await again.unmount();
    });
  }
  expect(found).toBeGreaterThan(0);
});
