/** The filesystems of layers/snapshots against the contract of all filesystems. */
import { afterAll } from "vitest";
import { systemClock } from "../../layers/base/clock.ts";
import { MemoryPlace, MemoryStorage } from "../../layers/content/memory-storage.ts";
import { NodeStorage } from "../../layers/content/node/node-storage.ts";
import type { Storage } from "../../layers/content/storage.ts";
import { compact } from "../../layers/snapshots/compact.ts";
import { WritableFilesystem } from "../../layers/snapshots/writable-filesystem.ts";
import { testClock } from "../conformance/overlay-operations.ts";
import { filesystemContract } from "./filesystem.ts";
import { endPlaces, temporaryDirectory } from "./storage-places.ts";

afterAll(endPlaces);

const NAME = "writable/contract.journal";

async function openIn(storage: Storage): Promise<WritableFilesystem> {
  const clock = { ...testClock(), after: systemClock.after.bind(systemClock) };
  return new WritableFilesystem(await storage.files.openWritable(NAME), { clock });
}

/** Where each filesystem under test keeps its journal. */
const places = new WeakMap<object, Storage>();

function maker(newStorage: () => Storage): () => Promise<WritableFilesystem> {
  return async () => {
    const storage = newStorage();
    const filesystem = await openIn(storage);
    places.set(filesystem, storage);
    return filesystem;
  };
}

function storageOf(filesystem: object): Storage {
  const storage = places.get(filesystem);
  if (storage === undefined) throw new Error("not a filesystem of this test");
  return storage;
}

function asWritable(filesystem: unknown): WritableFilesystem {
  if (filesystem instanceof WritableFilesystem) return filesystem;
  throw new Error("not a writable layer");
}

const inMemory = maker(() => new MemoryStorage(new MemoryPlace()));
const inNode = maker(() => new NodeStorage(temporaryDirectory()));

filesystemContract("writable layer", inMemory);
filesystemContract("writable layer, synced after everything", async () => {
  const filesystem = await inMemory();
  const write = filesystem.write.bind(filesystem);
  filesystem.write = (...call) => {
    const count = write(...call);
    filesystem.sync();
    return count;
  };
  return filesystem;
});
filesystemContract("writable layer, closed and opened again", inMemory, async (arranged) => {
  asWritable(arranged).close();
  return openIn(storageOf(arranged));
});
filesystemContract("writable layer, compacted", inMemory, async (arranged) => {
  await compact(storageOf(arranged), NAME, asWritable(arranged), systemClock);
  return openIn(storageOf(arranged));
});
filesystemContract("writable layer in a directory of the host, opened again", inNode, async (arranged) => {
  asWritable(arranged).close();
  return openIn(storageOf(arranged));
});
