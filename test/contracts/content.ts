/**
 * The contract suite of layers/content/content-store.ts, run on StorageContentStore over every
 * Storage and with the hasher of its host. "Crash" means: the storage ends, and nobody suspended.
 */
import { encodeUtf8 } from "../../layers/base/bytes.ts";
import { collectBytes } from "../../layers/base/streams.ts";
import { StorageContentStore } from "../../layers/content/blob-store.ts";
import type { ContentStore, Ingest } from "../../layers/content/content-store.ts";
import type { Storage } from "../../layers/content/storage.ts";
import type { HasherFactory } from "../../layers/oci/hasher.ts";
import { equal, fails } from "../support/check.ts";
import type { StoragePlace } from "./storage.ts";

export interface ContentPlace {
  readonly storages: StoragePlace;
  readonly createHasher: HasherFactory;
}

export interface ContentCase {
  readonly name: string;
  readonly run: (place: ContentPlace) => Promise<void>;
}

interface Opened {
  readonly storage: Storage;
  readonly store: StorageContentStore;
}

const HELLO = encodeUtf8("hello, blob");

async function openStore({ storages, createHasher }: ContentPlace): Promise<Opened> {
  const storage = await storages.open();
  return { storage, store: new StorageContentStore(storage.files, createHasher) };
}

export async function digestOf(bytes: Uint8Array, { createHasher }: ContentPlace): Promise<string> {
  const hasher = await createHasher("sha256");
  hasher.update(bytes);
  return `sha256:${hasher.digestHex()}`;
}

async function begin(store: ContentStore, digest: string, sizeBytes?: number): Promise<Ingest> {
  const ingest = await store.ingest({ digest, sizeBytes });
  if (ingest === undefined) throw new Error(`${digest} is there already`);
  return ingest;
}

async function putBlob(store: ContentStore, digest: string, bytes: Uint8Array): Promise<void> {
  const ingest = await begin(store, digest, bytes.length);
  await ingest.write(bytes.subarray(ingest.offset));
  await ingest.commit();
}

const goodCases: readonly ContentCase[] = [
  {
    name: "a committed blob is found, read whole and as a stream, and listed",
    async run(place) {
      const { store } = await openStore(place);
      const digest = await digestOf(HELLO, place);
      const ingest = await begin(store, digest, HELLO.length);
      equal(ingest.offset, 0);
      await ingest.write(HELLO.subarray(0, 5));
      await ingest.write(HELLO.subarray(5));
      equal(ingest.offset, HELLO.length);
      equal(await store.info(digest), undefined, "before the commit");
      await fails(store.read(digest), "notFound");
      equal(await store.list(), []);
      await ingest.commit();
      const again = (await openStore(place)).store;
      equal(await again.info(digest), { digest, sizeBytes: HELLO.length });
      equal(await again.readAll(digest, 100), HELLO);
      equal(await collectBytes(await again.read(digest), 100), HELLO);
      equal(await again.list(), [{ digest, sizeBytes: HELLO.length }]);
      equal(await again.ingest({ digest }), undefined, "second ingest");
    },
  },
  {
    name: "known digests of known bytes: empty, abc, and abc in SHA-512",
    async run(place) {
      const { store } = await openStore(place);
      // FIPS 180-4, examples.
      const known: readonly (readonly [string, string])[] = [
        ["", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
        ["abc", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
        [
          "abc",
          "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ],
      ];
      for (const [text, digest] of known) {
        await putBlob(store, digest, encodeUtf8(text));
        equal(await store.readAll(digest, 10), encodeUtf8(text), digest);
      }
      equal((await store.list()).length, 3);
    },
  },
  {
    name: "a large blob in many pieces comes back the same, also when its reader stops early",
    async run(place) {
      const { store } = await openStore(place);
      const bytes = new Uint8Array(3_000_017).map((_, index) => (index * 31) >> 3);
      const digest = await digestOf(bytes, place);
      const ingest = await begin(store, digest, bytes.length);
      for (let start = 0; start < bytes.length; start += 65_521) await ingest.write(bytes.subarray(start, start + 65_521));
      await ingest.commit();
      equal(await collectBytes(await store.read(digest), 4_000_000), bytes);
      const reader = (await store.read(digest)).getReader();
      await reader.read();
      await reader.cancel();
      await store.remove(digest);
      equal(await store.info(digest), undefined);
      await store.remove(digest);
      await putBlob(store, digest, bytes);
    },
  },
  {
    name: "a suspended ingest continues at its offset, in another worker",
    async run(place) {
      const digest = await digestOf(HELLO, place);
      const { store } = await openStore(place);
      const first = await begin(store, digest, HELLO.length);
      await first.write(HELLO.subarray(0, 4));
      await first.suspend();
      await first.suspend(); // Twice is harmless.
      await fails(first.write(HELLO), "conflict");
      await fails(first.commit(), "conflict");
      const other = (await openStore(place)).store;
      const second = await begin(other, digest, HELLO.length);
      equal(second.offset, 4);
      await second.write(HELLO.subarray(4));
      await second.commit();
      equal(await store.readAll(digest, 100), HELLO);
    },
  },
  {
    name: "an aborted ingest starts over",
    async run(place) {
      const digest = await digestOf(HELLO, place);
      const { store } = await openStore(place);
      const first = await begin(store, digest);
      await first.write(HELLO.subarray(0, 4));
      await first.abort();
      const second = await begin(store, digest);
      equal(second.offset, 0);
      await second.abort();
      equal(await store.info(digest), undefined);
    },
  },
  {
    name: "a second ingest of one digest waits; it gets nothing when the first commits",
    async run(place) {
      const digest = await digestOf(HELLO, place);
      const { store } = await openStore(place);
      const first = await begin(store, digest);
      const order: string[] = [];
      const second = store.ingest({ digest }).then((ingest) => {
        order.push("second");
        return ingest;
      });
      const third = store.ingest({ digest });
      await first.write(HELLO);
      order.push("written");
      await first.commit();
      equal(await second, undefined);
      equal(await third, undefined);
      equal(order, ["written", "second"]);
    },
  },
  {
    name: "a second ingest goes on where the first one stopped",
    async run(place) {
      const digest = await digestOf(HELLO, place);
      const { store } = await openStore(place);
      const first = await begin(store, digest);
      const second = store.ingest({ digest });
      await first.write(HELLO.subarray(0, 3));
      await first.suspend();
      const continued = await second;
      equal(continued?.offset, 3);
      await continued?.write(HELLO.subarray(3));
      await continued?.commit();
      equal(await store.readAll(digest, 100), HELLO);
    },
  },
  {
    name: "ingests of different digests go on side by side",
    async run(place) {
      const { store } = await openStore(place);
      const blobs = ["one", "two", "three", "four"].map(encodeUtf8);
      const ingests = await Promise.all(blobs.map(async (bytes) => begin(store, await digestOf(bytes, place))));
      await Promise.all(ingests.map((ingest, index) => ingest.write(blobs[index] ?? HELLO)));
      await Promise.all(ingests.map((ingest) => ingest.commit()));
      equal((await store.list()).length, 4);
    },
  },
];

const badCases: readonly ContentCase[] = [
  {
    name: "a wrong digest is dataLoss, and the bytes are dropped",
    async run(place) {
      const { store } = await openStore(place);
      const digest = await digestOf(HELLO, place);
      const ingest = await begin(store, digest, HELLO.length);
      await ingest.write(new Uint8Array(HELLO.length));
      await fails(ingest.commit(), "dataLoss", /unexpected commit digest sha256:[0-9a-f]{64}, expected sha256:/);
      equal(await store.info(digest), undefined);
      const second = await begin(store, digest, HELLO.length);
      equal(second.offset, 0);
      await second.write(HELLO);
      await second.commit();
      equal(await store.readAll(digest, 100), HELLO);
    },
  },
  {
    name: "a truncated stream is dataLoss at the commit",
    async run(place) {
      const { store } = await openStore(place);
      const digest = await digestOf(HELLO, place);
      const ingest = await begin(store, digest, HELLO.length);
      await ingest.write(HELLO.subarray(1));
      await fails(ingest.commit(), "dataLoss", /unexpected commit size 10, expected 11/);
      equal(await store.list(), []);
      await putBlob(store, digest, HELLO);
    },
  },
  {
    name: "a stream longer than expected is dataLoss at once",
    async run(place) {
      const { store } = await openStore(place);
      const digest = await digestOf(HELLO, place);
      const ingest = await begin(store, digest, HELLO.length);
      await ingest.write(HELLO);
      await fails(ingest.write(new Uint8Array(1)), "dataLoss", /more than the expected 11 bytes/);
      await ingest.abort();
      await putBlob(store, digest, HELLO);
    },
  },
  {
    name: "what is no digest is refused before it can become a file name",
    async run(place) {
      const { store } = await openStore(place);
      const hex = "a".repeat(64);
      const unfit = ["", "sha256", `sha256:${hex.slice(1)}`, `sha256:${hex}a`, `sha256:${"A".repeat(64)}`];
      for (const digest of [...unfit, `md5:${"a".repeat(32)}`, `sha512:${hex}`, "sha256:../../x", `../x:${hex}`]) {
        await fails(store.ingest({ digest }), "invalidParameter", /digest/);
        await fails(store.info(digest), "invalidParameter");
        await fails(store.read(digest), "invalidParameter");
        await fails(store.readAll(digest, 1), "invalidParameter");
        await fails(store.remove(digest), "invalidParameter");
      }
    },
  },
  {
    name: "readAll refuses what is larger than allowed",
    async run(place) {
      const { store } = await openStore(place);
      const digest = await digestOf(HELLO, place);
      await putBlob(store, digest, HELLO);
      await fails(store.readAll(digest, HELLO.length - 1), "resourceExhausted");
      await fails(store.readAll(`sha256:${"0".repeat(64)}`, 100), "notFound", /not found/);
    },
  },
  {
    name: "after a crash in mid-ingest the next one continues with what had arrived",
    async run(place) {
      const digest = await digestOf(HELLO, place);
      const crashed = await openStore(place);
      const lost = await begin(crashed.store, digest, HELLO.length);
      await lost.write(HELLO.subarray(0, 6));
      await crashed.storage.close();
      const { store } = await openStore(place);
      equal(await store.info(digest), undefined);
      const ingest = await begin(store, digest, HELLO.length);
      equal(ingest.offset, 6);
      await ingest.write(HELLO.subarray(6));
      await ingest.commit();
      equal(await store.readAll(digest, 100), HELLO);
    },
  },
  {
    name: "leftovers that cannot be right do not poison the digest",
    async run(place) {
      const digest = await digestOf(HELLO, place);
      const { store, storage } = await openStore(place);
      const leave = async (bytes: Uint8Array): Promise<void> => {
        const file = await storage.files.openWritable(`ingest/${digest.replace(":", "-")}`);
        file.truncate(0);
        file.writeAt(0, bytes);
        file.close();
      };
      await leave(new Uint8Array(HELLO.length + 1));
      const tooLong = await begin(store, digest, HELLO.length);
      equal(tooLong.offset, 0, "longer than the blob");
      await tooLong.abort();
      await leave(new Uint8Array(5));
      const garbage = await begin(store, digest, HELLO.length);
      equal(garbage.offset, 5);
      await garbage.write(HELLO.subarray(5));
      await fails(garbage.commit(), "dataLoss", /digest/);
      await putBlob(store, digest, HELLO);
    },
  },
  {
    name: "blobs cleared by the browser are notFound, and can be ingested again",
    async run(place) {
      const digest = await digestOf(HELLO, place);
      const { store } = await openStore(place);
      await putBlob(store, digest, HELLO);
      await place.storages.clearFiles();
      await fails(store.read(digest), "notFound", /not found/);
      equal(await store.info(digest), undefined);
      equal(await store.list(), []);
      await putBlob(store, digest, HELLO);
      equal(await store.readAll(digest, 100), HELLO);
    },
  },
  {
    name: "pruning drops interrupted ingests and spares one that is going on",
    async run(place) {
      const { store } = await openStore(place);
      const [left, live] = [encodeUtf8("left over"), encodeUtf8("alive")];
      const leftDigest = await digestOf(left, place);
      const interrupted = await begin(store, leftDigest);
      await interrupted.write(left.subarray(0, 4));
      await interrupted.suspend();
      const ingest = await begin(store, await digestOf(live, place));
      await ingest.write(live);
      equal(await store.pruneIngests(), 4);
      await ingest.commit();
      equal((await begin(store, leftDigest)).offset, 0);
    },
  },
];

export const contentCases: readonly ContentCase[] = [...goodCases, ...badCases];

/** Far above the quota of any place these cases run in. */
const QUOTA_SEARCH_BYTES_MAX = 64 * 1024 * 1024;

/**
 * A full disk: for places with a quota of a few MiB.
 * The filler stands for what a person would remove to make room.
 */
export async function checkQuota(place: ContentPlace, fillerBytes: number): Promise<void> {
  const { store, storage } = await openStore(place);
  const filler = await storage.files.openWritable("filler");
  filler.writeAt(0, new Uint8Array(fillerBytes));
  filler.close();
  const piece = new Uint8Array(64 * 1024).map((_, index) => index * 13);
  const size = { arrivedBytes: 0 };
  const digest = `sha256:${"0".repeat(64)}`;
  const ingest = await begin(store, digest);
  const fill = async (): Promise<void> => {
    while (size.arrivedBytes < QUOTA_SEARCH_BYTES_MAX) {
      await ingest.write(piece);
      size.arrivedBytes += piece.length;
    }
  };
  await fails(fill(), "resourceExhausted", /^no space left on device$/);
  await ingest.suspend();
  await storage.files.remove("filler");
  const continued = await begin(store, digest);
  equal(continued.offset, size.arrivedBytes, "what was kept");
  await continued.write(piece); // There is room again.
  await continued.abort();
  const whole = piece.subarray(0, 1000);
  await putBlob(store, await digestOf(whole, place), whole);
}
