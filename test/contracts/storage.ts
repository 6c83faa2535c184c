/**
 * The contract suite of layers/content/storage.ts: every Storage passes all of it, in Node and in a
 * browser's worker. A case is a name and a function of a fresh place; `storage.test.ts` lists the
 * implementations, one line each.
 */
import { equal, fails } from "../support/check.ts";
import { decodeUtf8, encodeUtf8 } from "../../layers/base/bytes.ts";
import { collectBytes } from "../../layers/base/streams.ts";
import type { Storage } from "../../layers/content/storage.ts";

/** Where storages can be opened, each as another worker would. */
export interface StoragePlace {
  open(): Promise<Storage>;
  /** Files disappear and records stay: what a browser short of space does, or a person with `rm`. */
  clearFiles(): Promise<void>;
}

export interface StorageCase {
  readonly name: string;
  readonly run: (place: StoragePlace) => Promise<void>;
}

const bytesOf = encodeUtf8;

async function put(storage: Storage, name: string, text: string): Promise<void> {
  const file = await storage.files.openWritable(name);
  file.truncate(0);
  file.writeAt(0, bytesOf(text));
  file.flush();
  file.close();
}

async function textOf(storage: Storage, name: string): Promise<string> {
  const file = await storage.files.openReadOnly(name);
  try {
    const bytes = new Uint8Array(file.sizeBytes);
    equal(file.readAt(0, bytes), bytes.length, "bytes read");
    return decodeUtf8(bytes);
  } finally {
    file.close();
  }
}

/** Bytes that repeat with no power of two. */
function pattern(sizeBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  for (let index = 0; index < sizeBytes; index++) bytes[index] = (index * 7 + (index >> 8)) % 251;
  return bytes;
}

const fileCases: readonly StorageCase[] = [
  {
    name: "a file written, flushed and closed is found by another worker",
    async run(place) {
      await put(await place.open(), "a/b.c_d-e/F", "hello");
      const other = await place.open();
      equal(await textOf(other, "a/b.c_d-e/F"), "hello");
      equal(await other.files.info("a/b.c_d-e/F"), { name: "a/b.c_d-e/F", sizeBytes: 5 });
    },
  },
  {
    name: "a missing file is notFound, its info undefined, its removal fine",
    async run(place) {
      const { files } = await place.open();
      await fails(files.openReadOnly("no/such"), "notFound", /no\/such/);
      await fails(files.rename("no/such", "x"), "notFound");
      equal(await files.info("no/such"), undefined);
      await files.remove("no/such");
      equal(await files.list(""), []);
    },
  },
  {
    name: "unfit names are refused everywhere",
    async run(place) {
      const { files } = await place.open();
      const unfit = ["", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a b", "a:b", "a%b", "ü", "a\\b", "a\0"];
      for (const name of [...unfit, "x".repeat(256), "y/".repeat(600) + "y"]) {
        await fails(files.openWritable(name), "invalidParameter", /invalid file name/);
        await fails(files.openReadOnly(name), "invalidParameter");
        await fails(files.info(name), "invalidParameter");
        await fails(files.remove(name), "invalidParameter");
        await fails(files.rename(name, "fit"), "invalidParameter");
        await fails(files.rename("fit", name), "invalidParameter");
      }
    },
  },
  {
    name: "writes extend, overwrite and leave holes of zeros; truncate cuts and extends",
    async run(place) {
      const { files } = await place.open();
      const file = await files.openWritable("f");
      file.writeAt(0, bytesOf("abcdef"));
      file.writeAt(2, bytesOf("XY"));
      file.writeAt(8, bytesOf("z"));
      equal(file.sizeBytes, 9);
      const all = new Uint8Array(20);
      equal(file.readAt(0, all), 9);
      equal(decodeUtf8(all.subarray(0, 9)), "abXYef\0\0z");
      file.truncate(3);
      file.truncate(5);
      equal(file.readAt(0, all), 5);
      equal(decodeUtf8(all.subarray(0, 5)), "abX\0\0");
      equal(file.readAt(5, all), 0, "at the end");
      equal(file.readAt(50, all), 0, "past the end");
      file.writeAt(9, new Uint8Array(0));
      equal(file.sizeBytes, 5, "an empty write extends nothing");
      file.close();
      equal(await textOf(await place.open(), "f"), "abX\0\0");
    },
  },
  {
    name: "large files read the same at every offset, whole and as streams of a range",
    async run(place) {
      const storage = await place.open();
      const expected = pattern(1_500_001);
      const writer = await storage.files.openWritable("large");
      for (let start = 0; start < expected.length; start += 100_003) {
        writer.writeAt(start, expected.subarray(start, start + 100_003));
      }
      writer.flush();
      equal(await collectBytes(writer.stream(10, 20), 100), expected.subarray(10, 20).slice(), "own stream");
      writer.close();
      const file = await storage.files.openReadOnly("large");
      equal(file.sizeBytes, expected.length);
      for (const [start, length] of [[0, 1], [131_071, 2], [262_143, 70_000], [1_499_999, 100], [7, 1_400_000]]) {
        const target = new Uint8Array(length ?? 0);
        const count = file.readAt(start ?? 0, target);
        equal(target.slice(0, count), expected.slice(start, (start ?? 0) + (length ?? 0)), `at ${start}`);
      }
      equal(await collectBytes(file.stream(), 2_000_000), expected, "whole");
      equal(await collectBytes(file.stream(1000, 600_000), 2_000_000), expected.slice(1000, 600_000), "range");
      equal(await collectBytes(file.stream(1_500_000, 9_000_000), 100), expected.slice(1_500_000), "past the end");
      equal(await collectBytes(file.stream(5, 5), 100), new Uint8Array(0), "empty");
      file.close();
    },
  },
  {
    name: "a file is open for writing once in all workers",
    async run(place) {
      const [one, two] = [await place.open(), await place.open()];
      const file = await one.files.openWritable("f");
      await fails(one.files.openWritable("f"), "conflict");
      await fails(two.files.openWritable("f"), "conflict", /f/);
      await fails(two.files.remove("f"), "conflict");
      await fails(two.files.rename("f", "g"), "conflict");
      file.close();
      file.close(); // Twice is harmless.
      (await two.files.openWritable("f")).close();
    },
  },
  {
    name: "a storage that ends releases what it had open",
    async run(place) {
      const one = await place.open();
      const file = await one.files.openWritable("f");
      file.writeAt(0, bytesOf("kept"));
      file.flush();
      await one.close();
      await one.close(); // Twice is harmless.
      const two = await place.open();
      (await two.files.openWritable("f")).close();
      equal(await textOf(two, "f"), "kept");
    },
  },
  {
    name: "any number of workers read one file at once",
    async run(place) {
      await put(await place.open(), "f", "shared");
      const readers = await Promise.all([1, 2, 3].map(async () => (await place.open()).files.openReadOnly("f")));
      for (const reader of readers) {
        const bytes = new Uint8Array(3);
        reader.readAt(3, bytes);
        equal(decodeUtf8(bytes), "red");
      }
      for (const reader of readers) reader.close();
    },
  },
  {
    name: "rename moves into new folders and replaces what was there",
    async run(place) {
      const { files } = await place.open();
      const storage = await place.open();
      await put(storage, "ingest/x", "new");
      await put(storage, "blobs/sha256/y", "old and longer");
      await files.rename("ingest/x", "blobs/sha256/y");
      equal(await textOf(storage, "blobs/sha256/y"), "new");
      equal(await files.info("ingest/x"), undefined);
      await files.rename("blobs/sha256/y", "a/b/c/d");
      await files.rename("a/b/c/d", "a/b/c/d");
      equal(await files.list(""), [{ name: "a/b/c/d", sizeBytes: 3 }]);
    },
  },
  {
    name: "list gives names with the prefix, sorted",
    async run(place) {
      const storage = await place.open();
      for (const name of ["b/2", "b/10", "b/1/z", "bb", "a", "c/x"]) await put(storage, name, name);
      const names = async (prefix: string): Promise<string[]> =>
        (await storage.files.list(prefix)).map((file) => file.name);
      equal(await names(""), ["a", "b/1/z", "b/10", "b/2", "bb", "c/x"]);
      equal(await names("b"), ["b/1/z", "b/10", "b/2", "bb"]);
      equal(await names("b/"), ["b/1/z", "b/10", "b/2"]);
      equal(await names("b/1"), ["b/1/z", "b/10"]);
      equal(await names("no/such"), []);
      equal(await names("../"), []);
      await storage.files.remove("b/10");
      equal(await names("b/1"), ["b/1/z"]);
    },
  },
  {
    name: "a name is a file or a folder, not both",
    async run(place) {
      const storage = await place.open();
      await put(storage, "a/b", "x");
      await fails(storage.files.openWritable("a"), "invalidParameter");
      await fails(storage.files.openWritable("a/b/c"), "invalidParameter");
      await fails(storage.files.openReadOnly("a"), "notFound");
      await fails(storage.files.openReadOnly("a/b/c"), "notFound");
      await fails(storage.files.rename("a", "x"), "notFound");
      await put(storage, "c", "y");
      await fails(storage.files.rename("c", "a"), "invalidParameter");
      await fails(storage.files.rename("c", "c/d"), "invalidParameter");
      await storage.files.remove("a");
      await storage.files.remove("c/d");
      equal(await storage.files.list(""), [{ name: "a/b", sizeBytes: 1 }, { name: "c", sizeBytes: 1 }]);
      equal(await storage.files.info("a"), undefined);
      equal(await storage.files.info("a/b/c"), undefined);
    },
  },
  {
    name: "files that were cleared are notFound, and writing starts anew",
    async run(place) {
      const storage = await place.open();
      await put(storage, "d/f", "old");
      await storage.records.apply([{ kind: "put", key: "d", value: "remains" }]);
      await place.clearFiles();
      equal(await storage.files.info("d/f"), undefined);
      await fails(storage.files.openReadOnly("d/f"), "notFound");
      equal(await storage.files.list(""), []);
      equal(await storage.records.get("d"), "remains");
      await put(storage, "d/f", "new");
      equal(await textOf(storage, "d/f"), "new");
    },
  },
  {
    name: "usage counts what is stored",
    async run(place) {
      const storage = await place.open();
      const file = await storage.files.openWritable("f");
      file.writeAt(0, pattern(300_000));
      file.flush();
      file.close();
      const { usageBytes, quotaBytes } = await storage.usage();
      equal(usageBytes >= 300_000, true, `usage ${usageBytes}`);
      equal(quotaBytes === undefined || quotaBytes > usageBytes, true, `quota ${quotaBytes}`);
    },
  },
];

const recordCases: readonly StorageCase[] = [
  {
    name: "records keep structured values, across workers",
    async run(place) {
      const value = { list: [1, "zwei", null], bytes: new Uint8Array([1, 2]), big: 5n, map: new Map([["k", 1]]) };
      const one = await place.open();
      await one.records.apply([{ kind: "put", key: "k", value }]);
      value.list.push("changed afterwards");
      const two = await place.open();
      const expected = { ...value, list: [1, "zwei", null] };
      equal(await two.records.get("k"), expected);
      const copy = (await two.records.get("k")) as typeof value; // What was put.
      copy.list.length = 0;
      equal(await two.records.get("k"), expected, "after the copy was changed");
      equal(await two.records.get("other"), undefined);
    },
  },
  {
    name: "entries gives records with the prefix, sorted",
    async run(place) {
      const { records } = await place.open();
      const keys = ["b/2", "b/10", "b", "a", "c", "b/é"];
      await records.apply(keys.map((key) => ({ kind: "put", key, value: key.length })));
      equal(await records.entries("b/"), [["b/10", 4], ["b/2", 3], ["b/é", 3]]);
      equal((await records.entries("")).map(([key]) => key), ["a", "b", "b/10", "b/2", "b/é", "c"]);
      equal(await records.entries("x"), []);
    },
  },
  {
    name: "a batch of puts and removals applies in order",
    async run(place) {
      const { records } = await place.open();
      await records.apply([
        { kind: "put", key: "gone", value: 1 },
        { kind: "put", key: "kept", value: 1 },
      ]);
      await records.apply([
        { kind: "remove", key: "gone" },
        { kind: "put", key: "kept", value: 2 },
        { kind: "put", key: "brief", value: 3 },
        { kind: "remove", key: "brief" },
        { kind: "remove", key: "never was" },
      ]);
      equal(await (await place.open()).records.entries(""), [["kept", 2]]);
    },
  },
  {
    name: "a batch that cannot be stored changes nothing",
    async run(place) {
      const { records } = await place.open();
      await records.apply([{ kind: "put", key: "a", value: 1 }]);
      const attempt = (async () =>
        records.apply([
          { kind: "put", key: "a", value: 2 },
          { kind: "remove", key: "a" },
          { kind: "put", key: "b", value: () => "functions cannot be cloned" },
        ]))();
      equal(await attempt.then(() => "stored", () => "refused"), "refused");
      equal(await records.entries(""), [["a", 1]]);
      await records.apply([{ kind: "put", key: "b", value: 3 }]);
      equal(await records.entries(""), [["a", 1], ["b", 3]]);
    },
  },
  {
    name: "batches applied at once are all kept",
    async run(place) {
      const [one, two] = [await place.open(), await place.open()];
      await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          (index % 2 === 0 ? one : two).records.apply([{ kind: "put", key: `k${index}`, value: index }]),
        ),
      );
      equal((await one.records.entries("k")).length, 40);
      equal((await two.records.entries("k")).length, 40);
    },
  },
];

export const storageCases: readonly StorageCase[] = [...fileCases, ...recordCases];
