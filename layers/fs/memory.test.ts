import { expect, test } from "vitest";
import { equalBytes } from "../base/bytes.ts";
import { isFsError } from "./errors.ts";
import type { Attributes } from "./filesystem.ts";
import { MemoryFilesystem } from "./memory.ts";

const FILE = { type: "file", mode: 0o644, uid: 0, gid: 0 } as const;
const DIRECTORY = { type: "directory", mode: 0o755, uid: 0, gid: 0 } as const;

/** A clock that ticks once per question. */
function ticking(): { nowNs: () => bigint } {
  let nowNs = 0n;
  return { nowNs: () => (nowNs += 1n) };
}

function codeOf(action: () => unknown): string {
  try {
    action();
    return "fine";
  } catch (thrown) {
    if (isFsError(thrown)) return thrown.code;
    throw thrown;
  }
}

function times({ mtimeNs, ctimeNs }: Attributes): string {
  return `m${mtimeNs} c${ctimeNs}`;
}

test("sparse files allocate whole pages and nothing for holes", () => {
  const fs = new MemoryFilesystem({ clock: ticking() });
  const file = fs.create(fs.root, "f", FILE);
  fs.write(file, 1_000_000_001_000, new Uint8Array([1]));
  expect(fs.attributes(file)).toMatchObject({ sizeBytes: 1_000_000_001_001, allocatedBytes: 4096 });
  expect(fs.seek(file, 0, "data")).toBe(1_000_000_000_000);
  expect(fs.seek(file, 5, "hole")).toBe(5);
  expect(fs.seek(file, 1_000_000_000_000, "hole")).toBe(1_000_000_001_001);
  const target = new Uint8Array(3).fill(9);
  expect(fs.read(file, 1_000_000_000_999, target)).toBe(2);
  expect([...target]).toEqual([0, 1, 9]);
});

test("a full filesystem refuses a write whole and takes it after space was freed", () => {
  const fs = new MemoryFilesystem({ clock: ticking(), sizeBytesMax: 8192, nodesMax: 3 });
  const first = fs.create(fs.root, "a", FILE);
  const second = fs.create(fs.root, "b", FILE);
  expect(codeOf(() => fs.create(fs.root, "c", FILE))).toBe("ENOSPC");
  fs.write(first, 0, new Uint8Array(4097));
  expect(codeOf(() => fs.write(second, 0, new Uint8Array(1)))).toBe("ENOSPC");
  expect(fs.attributes(second).sizeBytes).toBe(0);
  fs.acquire(first);
  fs.unlink(fs.root, "a");
  expect(codeOf(() => fs.write(second, 0, new Uint8Array(1)))).toBe("ENOSPC");
  fs.release(first);
  expect(fs.write(second, 0, new Uint8Array(8192))).toBe(8192);
  expect(fs.usage()).toEqual({ sizeBytes: 8192, freeBytes: 0, nodes: 3, nodesFree: 1 });
});

test("writing and cutting give and take pages exactly", () => {
  const fs = new MemoryFilesystem({ clock: ticking(), sizeBytesMax: 64 * 4096 });
  const file = fs.create(fs.root, "f", FILE);
  fs.write(file, 0, new Uint8Array(200_000).fill(7));
  expect(fs.attributes(file).allocatedBytes).toBe(49 * 4096);
  fs.punchHole(file, 4000, 66_000);
  expect(fs.attributes(file).allocatedBytes).toBe(33 * 4096);
  const target = new Uint8Array(200_000);
  fs.read(file, 0, target);
  const wanted = new Uint8Array(200_000).fill(7).fill(0, 4000, 70_000);
  expect(equalBytes(target, wanted)).toBe(true);
  fs.setAttributes(file, { sizeBytes: 1 });
  expect(fs.usage().freeBytes).toBe(63 * 4096);
  fs.setAttributes(file, { sizeBytes: 10 });
  const short = new Uint8Array(10);
  fs.read(file, 0, short);
  expect([...short]).toEqual([7, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test("times change as on Linux", () => {
  const fs = new MemoryFilesystem({ clock: ticking() }); // The root is made at 1.
  const file = fs.create(fs.root, "f", FILE); // 2
  expect([times(fs.attributes(fs.root)), times(fs.attributes(file))]).toEqual(["m2 c2", "m2 c2"]);
  fs.write(file, 0, new Uint8Array(1)); // 3
  fs.setAttributes(file, { mode: 0o600 }); // 4
  expect(times(fs.attributes(file))).toBe("m3 c4");
  fs.setAttributes(file, { sizeBytes: 1 }); // 5: the same size changes nothing
  expect(times(fs.attributes(file))).toBe("m3 c4");
  fs.link(file, fs.root, "g"); // 6
  expect([times(fs.attributes(fs.root)), times(fs.attributes(file))]).toEqual(["m6 c6", "m3 c6"]);
  fs.setAttributes(file, { mtimeNs: 0n, ctimeNs: 0n }); // 7
  const directory = fs.create(fs.root, "d", DIRECTORY); // 8
  fs.rename(fs.root, "g", directory, "g", "replace"); // 9
  expect([times(fs.attributes(fs.root)), times(fs.attributes(directory)), times(fs.attributes(file))]).toEqual([
    "m9 c9",
    "m9 c9",
    "m0 c9",
  ]);
  fs.unlink(fs.root, "f"); // 10
  expect(times(fs.attributes(file))).toBe("m0 c10");
});

test("a removed directory that is held answers but takes nothing new", () => {
  const fs = new MemoryFilesystem({ clock: ticking() });
  const directory = fs.create(fs.root, "d", DIRECTORY);
  fs.acquire(directory);
  fs.removeDirectory(fs.root, "d");
  expect(fs.attributes(directory).nlink).toBe(0);
  expect(fs.readDirectory(directory)).toEqual([]);
  expect(codeOf(() => fs.create(directory, "f", FILE))).toBe("ENOENT");
  fs.release(directory);
  expect(codeOf(() => fs.attributes(directory))).toBe("ESTALE");
});
