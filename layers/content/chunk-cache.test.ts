import { expect, test } from "vitest";
import { CHUNK_BYTES, ChunkCache } from "./chunk-cache.ts";

/** As many as the 64 MiB of a cache hold. */
const CHUNKS_MAX = (64 * 1024 * 1024) / CHUNK_BYTES;

function countingCache(): { read: (id: number, index: number) => void; loads: string[]; cache: ChunkCache } {
  const cache = new ChunkCache();
  const loads: string[] = [];
  const read = (id: number, index: number): void => {
    cache.get(id, index, () => {
      loads.push(`${id}/${index}`);
      return new Uint8Array(CHUNK_BYTES);
    });
  };
  return { read, loads, cache };
}

test("a chunk is loaded once while it is in use, and the least recently used goes first", () => {
  const { read, loads } = countingCache();
  for (let index = 0; index < CHUNKS_MAX; index++) read(1, index);
  read(1, 0); // Used again: now 1/1 is the oldest.
  read(2, 0); // One too many.
  expect(loads.length).toBe(CHUNKS_MAX + 1);
  read(1, 0);
  expect(loads.length).toBe(CHUNKS_MAX + 1);
  read(1, 1);
  expect(loads.at(-1)).toBe("1/1");
});

test("dropping a file makes room and leaves the others", () => {
  const { read, loads, cache } = countingCache();
  for (let index = 0; index < CHUNKS_MAX - 1; index++) read(1, index);
  read(11, 0);
  cache.drop(1);
  for (let index = 0; index < CHUNKS_MAX - 1; index++) read(2, index);
  loads.length = 0;
  read(11, 0);
  expect(loads).toEqual([]);
  read(1, 0);
  expect(loads).toEqual(["1/0"]);
});
