/**
 * The measured work, the same in Node and in a browser's worker: a blob from HTTP into the content
 * store (verified), then unpacked from there into a snapshot (verified again) and committed.
 */
import { must } from "../../../layers/base/assert.ts";
import { systemClock } from "../../../layers/base/clock.ts";
import { piecesOf } from "../../../layers/base/streams.ts";
import { StorageContentStore } from "../../../layers/content/blob-store.ts";
import type { Storage } from "../../../layers/content/storage.ts";
import type { HasherFactory } from "../../../layers/oci/hasher.ts";
import { StorageSnapshotter } from "../../../layers/snapshots/storage-snapshotter.ts";

export interface PullOrder {
  readonly url: string;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly diffID: string;
}

export interface PullTimes {
  readonly fetchMs: number;
  readonly unpackMs: number;
  readonly totalMs: number;
  readonly entries: number;
}

export async function pull(
  order: PullOrder,
  storage: Storage,
  createHasher: HasherFactory,
): Promise<PullTimes> {
  const store = new StorageContentStore(storage.files, createHasher);
  const snapshotter = new StorageSnapshotter({ storage, newHasher: createHasher, clock: systemClock });
  const start = performance.now();
  await fetchBlob(store, order);
  const fetched = performance.now();
  const layer = await snapshotter.unpack(order.diffID, await store.read(order.digest));
  const end = performance.now();
  return { fetchMs: fetched - start, unpackMs: end - fetched, totalMs: end - start, entries: layer.entries };
}

async function fetchBlob(store: StorageContentStore, order: PullOrder): Promise<void> {
  const ingest = await store.ingest({ digest: order.digest, sizeBytes: order.sizeBytes });
  if (ingest === undefined) throw new Error("the bench needs a fresh storage");
  const response = await fetch(order.url);
  if (!response.ok) throw new Error(`${order.url}: ${response.status}`);
  for await (const piece of piecesOf(must(response.body, "a body"))) await ingest.write(piece);
  await ingest.commit();
}
