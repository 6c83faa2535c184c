/**
 * What layers and writable layers promise on every host: the same cases on a Storage in memory, in a
 * directory of Node and in OPFS of each browser, with that host's own DecompressionStream.
 */
import { concatBytes, decodeUtf8, encodeUtf8 } from "../../layers/base/bytes.ts";
import { systemClock } from "../../layers/base/clock.ts";
import { collectBytes, streamFrom, streamOf } from "../../layers/base/streams.ts";
import { compressGzip, decompress } from "../../layers/compression/decompress.ts";
import type { Storage } from "../../layers/content/storage.ts";
import { MemoryFilesystem } from "../../layers/fs/memory.ts";
import { mkdirAll, readWholeFile, resolve, writeWholeFile } from "../../layers/fs/walk.ts";
import type { HasherFactory } from "../../layers/oci/hasher.ts";
import { StorageSnapshotter } from "../../layers/snapshots/storage-snapshotter.ts";
import { packTree } from "../../layers/tar/archive.ts";
import { equal, fails } from "../support/check.ts";
import type { StoragePlace } from "./storage.ts";

const MIB = 1024 * 1024;

export interface SnapshotsHost {
  readonly storages: StoragePlace;
  readonly createHasher: HasherFactory;
}

export interface SnapshotsCase {
  readonly name: string;
  readonly run: (host: SnapshotsHost) => Promise<void>;
}

export const snapshotsCases: readonly SnapshotsCase[] = [
  { name: "gzip members are joined, whatever looks like a member inside them", run: joinsMembers },
  { name: "thousands of small gzip members are joined", run: joinsManyMembers },
  { name: "broken gzip is refused", run: refusesBrokenGzip },
  { name: "a layer is unpacked, mounted, changed and found again", run: keepsChanges },
  { name: "a layer with a wrong digest leaves nothing", run: leavesNothing },
  { name: "a writable layer has one owner", run: hasOneOwner },
];

async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  return collectBytes(compressGzip(streamOf(bytes)), 64 * MIB);
}

/** Bytes that do not compress, the same on every host. */
function noise(sizeBytes: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  let state = seed;
  for (let at = 0; at < sizeBytes; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 23;
  }
  return bytes;
}

async function expand(packed: Uint8Array, pieceBytes: number): Promise<Uint8Array> {
  function* pieces(): Generator<Uint8Array> {
    for (let at = 0; at < packed.length; at += pieceBytes) yield packed.slice(at, at + pieceBytes);
  }
  const { stream } = await decompress(streamFrom(pieces()));
  return collectBytes(stream, 64 * MIB);
}

async function joinsMembers(): Promise<void> {
  // Members of stored blocks, full of what begins like a member and is none.
  const decoys = await Promise.all([10, 1000, 70_000].map(async (size) => gzip(noise(size, size))));
  const plain = [...decoys, noise(100_000, 7), encodeUtf8("end"), new Uint8Array(0), ...decoys];
  const members = await Promise.all([concatBytes(plain), ...plain, concatBytes(plain)].map(gzip));
  const whole = concatBytes([concatBytes(plain), ...plain, concatBytes(plain)]);
  for (const pieceBytes of [333, 65_536, 10_000_000]) {
    equal(await expand(concatBytes(members), pieceBytes), whole, `in pieces of ${pieceBytes}`);
  }
}

async function joinsManyMembers(): Promise<void> {
  const members = await Promise.all([1, 100, 5000].map(async (size) => gzip(noise(size, size))));
  const packed = concatBytes(Array.from({ length: 700 }, () => concatBytes(members)));
  equal((await expand(packed, 65_536)).length, 700 * 5101, "bytes of 2,100 members");
}

async function refusesBrokenGzip(): Promise<void> {
  const packed = await gzip(noise(50_000));
  await fails(expand(packed.subarray(0, packed.length - 1), 4096), "dataLoss", /^gzip: /);
  await fails(expand(packed.subarray(0, 30_000), 4096), "dataLoss");
  await fails(expand(concatBytes([packed, encodeUtf8("trailing garbage")]), 4096), "dataLoss");
  await fails(expand(concatBytes([packed, new Uint8Array(1024)]), 1 << 20), "dataLoss");
  const damaged = packed.slice();
  damaged[packed.length - 7] = (damaged[packed.length - 7] ?? 0) ^ 1;
  await fails(expand(damaged, 4096), "dataLoss");
}

async function layerTar(): Promise<Uint8Array> {
  const tree = new MemoryFilesystem({ clock: systemClock });
  mkdirAll(tree, "/etc");
  writeWholeFile(tree, "/etc/hosts", encodeUtf8("127.0.0.1 localhost\n"));
  writeWholeFile(tree, "/big", noise(3 * MIB));
  return collectBytes(packTree(tree, tree.root), 64 * MIB);
}

async function digestOf({ createHasher }: SnapshotsHost, bytes: Uint8Array): Promise<string> {
  const hasher = await createHasher("sha256");
  hasher.update(bytes);
  return `sha256:${hasher.digestHex()}`;
}

async function open(host: SnapshotsHost): Promise<{ storage: Storage; snapshotter: StorageSnapshotter }> {
  const storage = await host.storages.open();
  const snapshotter = new StorageSnapshotter({ storage, newHasher: host.createHasher, clock: systemClock });
  return { storage, snapshotter };
}

async function keepsChanges(host: SnapshotsHost): Promise<void> {
  const first = await open(host);
  const tar = await layerTar();
  const diffID = await digestOf(host, tar);
  await first.snapshotter.unpack(diffID, streamOf(await gzip(tar)));
  const mounted = await first.snapshotter.mount({ layers: [diffID], writable: "c" });
  writeWholeFile(mounted.filesystem, "/etc/hosts", encodeUtf8("changed"));
  writeWholeFile(mounted.filesystem, "/new", noise(2 * MIB, 5));
  mounted.filesystem.unlink(mounted.filesystem.root, "big");
  mounted.filesystem.sync();
  const diff = await collectBytes(mounted.exportDiff(), 64 * MIB);
  await mounted.unmount();
  await first.storage.close();

  const second = await open(host);
  await second.snapshotter.sweep();
  const again = await second.snapshotter.mount({ layers: [diffID], writable: "c" });
  const committed = await digestOf(host, diff);
  await second.snapshotter.unpack(committed, streamOf(diff));
  const view = await second.snapshotter.mount({ layers: [diffID, committed], writable: undefined });
  for (const { filesystem } of [again, view]) {
    equal(decodeUtf8(readWholeFile(filesystem, "/etc/hosts", MIB)), "changed", "/etc/hosts");
    equal(readWholeFile(filesystem, "/new", 8 * MIB), noise(2 * MIB, 5), "/new");
    equal(filesystem.lookup(resolve(filesystem, "/"), "big"), undefined, "/big");
  }
  await again.unmount();
  await view.unmount();
  await second.snapshotter.removeWritable("c");
  for (const layer of [diffID, committed]) await second.snapshotter.removeLayer(layer);
  equal(await second.storage.files.list(""), [], "files left");
}

async function leavesNothing(host: SnapshotsHost): Promise<void> {
  const { storage, snapshotter } = await open(host);
  const tar = await layerTar();
  const wrong = await digestOf(host, encodeUtf8("something else"));
  await fails(snapshotter.unpack(wrong, streamOf(tar)), "dataLoss", /^layer verification failed: expected sha256:/);
  await fails(snapshotter.unpack(wrong, streamOf(tar.slice(0, tar.length / 2))), "dataLoss");
  equal(await storage.files.list(""), [], "files left");
  equal(await snapshotter.layers(), [], "layers");
}

async function hasOneOwner(host: SnapshotsHost): Promise<void> {
  const [first, second] = [await open(host), await open(host)];
  const mounted = await first.snapshotter.mount({ layers: [], writable: "c" });
  writeWholeFile(mounted.filesystem, "/mine", encodeUtf8("mine"));
  await fails(second.snapshotter.mount({ layers: [], writable: "c" }), "conflict");
  await fails(second.snapshotter.removeWritable("c"), "conflict");
  await mounted.unmount();
  const taken = await second.snapshotter.mount({ layers: [], writable: "c" });
  equal(decodeUtf8(readWholeFile(taken.filesystem, "/mine", MIB)), "mine", "/mine");
  await taken.unmount();
}
