/** Archives without an outside oracle: what goes in comes out, and broken or hostile ones are refused. */
import { describe, expect, it } from "vitest";
import { concatBytes, decodeUtf8, encodeUtf8 } from "../base/bytes.ts";
import { SlipwayError } from "../base/errors.ts";
import { collectBytes, streamOf } from "../base/streams.ts";
import type { Filesystem } from "../fs/filesystem.ts";
import { MemoryFilesystem } from "../fs/memory.ts";
import { mkdirAll, readWholeFile, resolve, walk, writeWholeFile } from "../fs/walk.ts";
import { packTree, readTar, unpackInto } from "./archive.ts";
import type { TarHeader } from "./header.ts";
import { formatRecord, formatTimeNs, parseTimeNs } from "./pax.ts";
import { END_OF_ARCHIVE, bodyPaddingOf, writeHeader } from "./writer.ts";

const MIB = 1024 * 1024;
const CLOCK = { nowNs: () => 1_700_000_000_123_456_789n };
const newFilesystem = (): MemoryFilesystem => new MemoryFilesystem({ clock: CLOCK });

function header(name: string, changes: Partial<TarHeader> = {}): TarHeader {
  return {
    name,
    type: "file",
    mode: 0o644,
    uid: 0,
    gid: 0,
    userName: "",
    groupName: "",
    sizeBytes: 0,
    mtimeNs: 0n,
    atimeNs: undefined,
    ctimeNs: undefined,
    linkName: "",
    rdev: { major: 0, minor: 0 },
    xattrs: new Map(),
    extents: undefined,
    ...changes,
  };
}

function file(name: string, text: string, changes: Partial<TarHeader> = {}): Uint8Array {
  const body = encodeUtf8(text);
  const head = header(name, { sizeBytes: body.length, ...changes });
  return concatBytes([writeHeader(head), body, bodyPaddingOf(head)]);
}

function archive(...parts: Uint8Array[]): Uint8Array {
  return concatBytes([...parts, END_OF_ARCHIVE]);
}

async function entriesOf(bytes: Uint8Array): Promise<[TarHeader, string][]> {
  const entries: [TarHeader, string][] = [];
  for await (const entry of readTar(streamOf(bytes))) {
    entries.push([entry.header, decodeUtf8(await collectBytes(entry.body(), MIB))]);
  }
  return entries;
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (thrown) {
    return thrown instanceof SlipwayError ? `${thrown.kind}: ${thrown.message}` : String(thrown);
  }
}

describe("headers", () => {
  it.each<[string, Partial<TarHeader>]>([
    ["short", { uid: 1000, gid: 65534, mode: 0o4755 }],
    ["d".repeat(60) + "/" + "f".repeat(90), {}],
    ["x".repeat(255) + "/" + "ü".repeat(100), { mtimeNs: 1_700_000_000_000_000_001n }],
    ["not utf-8 \udcff\nnewline", { uid: 4_000_000_000, mtimeNs: -1_500_000_000n }],
    ["link", { type: "symlink", linkName: "../".repeat(60) + "target" }],
    ["hard", { type: "hardlink", linkName: "short" }],
    ["null", { type: "character", rdev: { major: 1, minor: 3 } }],
    ["loop0", { type: "block", rdev: { major: 7, minor: 1_048_575 } }],
    ["pipe", { type: "fifo", userName: "böb", groupName: "staff" }],
    ["dir", { type: "directory", mode: 0o1777, atimeNs: 5n, ctimeNs: 7_000_000_000n }],
    ["caps", { xattrs: new Map([["security.capability", Uint8Array.of(1, 0, 10, 61)]]) }],
  ])("come back as they were written: %s", async (name, changes) => {
    const written = header(name, changes);
    expect(await entriesOf(archive(writeHeader(written)))).toEqual([[written, ""]]);
  });

  it("hold times to the nanosecond", () => {
    for (const text of ["0", "1700000000.5", "-1.000000001", "12.000000001", "-0.25"]) {
      expect(formatTimeNs(parseTimeNs(text))).toBe(text);
    }
  });

  it("count a record's own length", () => {
    expect(decodeUtf8(formatRecord("path", encodeUtf8("a")))).toBe("9 path=a\n");
    expect(decodeUtf8(formatRecord("path", encodeUtf8("a".repeat(90))))).toBe(`99 path=${"a".repeat(90)}\n`);
    expect(decodeUtf8(formatRecord("path", encodeUtf8("a".repeat(91))))).toBe(`101 path=${"a".repeat(91)}\n`);
  });
});

describe("bodies", () => {
  it("come out whole however the archive is cut into pieces", async () => {
    const text = "0123456789".repeat(200);
    const bytes = archive(file("a", text), file("l".repeat(300), "b"), file("c", ""));
    for (const size of [1, 7, 511, 512, 513, 4096]) {
      const pieces = [];
      for (let start = 0; start < bytes.length; start += size) pieces.push(bytes.subarray(start, start + size));
      const seen = [];
      for await (const entry of readTar(streamOf(...pieces))) {
        seen.push([entry.header.name, decodeUtf8(await collectBytes(entry.body(), MIB))]);
      }
      expect(seen).toEqual([["a", text], ["l".repeat(300), "b"], ["c", ""]]);
    }
  });

  it("are skipped when nobody asks for them", async () => {
    const names = [];
    for await (const entry of readTar(streamOf(archive(file("a", "x".repeat(5000)), file("b", "y"))))) {
      names.push(entry.header.name);
    }
    expect(names).toEqual(["a", "b"]);
  });

  it("keep the holes of sparse files", async () => {
    const extents = [{ position: 4096, sizeBytes: 3 }, { position: 100_000, sizeBytes: 2 }];
    const head = header("sparse", { sizeBytes: 200_000, extents });
    const bytes = archive(writeHeader(head), encodeUtf8("abcde"), bodyPaddingOf(head));
    const [[seen, text] = []] = await entriesOf(bytes);
    expect(seen).toEqual(head);
    const zeros = (count: number): string => "\0".repeat(count);
    expect(text).toBe(`${zeros(4096)}abc${zeros(100_000 - 4099)}de${zeros(200_000 - 100_002)}`);
  });
});

describe("broken archives", () => {
  const good = archive(file("long".repeat(40), "contents"), file("b", "x".repeat(2000)));

  it("are noticed wherever they are cut", async () => {
    for (let end = 1; end < good.length - END_OF_ARCHIVE.length; end += 97) {
      const failure = await failureOf(entriesOf(good.subarray(0, end)));
      // Between two entries an archive may end, as Go and GNU tar have it.
      const isBetween = end % 512 === 0 && failure === "none";
      expect(isBetween || failure.startsWith("dataLoss")).toBe(true);
    }
  });

  it("are noticed when a header is damaged", async () => {
    for (const position of [0, 100, 124, 148, 156, 257, 400]) {
      const bytes = good.slice();
      bytes[position] = (bytes[position] ?? 0) ^ 0x11;
      expect(await failureOf(entriesOf(bytes))).toMatch(/^dataLoss/);
    }
  });

  it.each([
    ["a size beyond all", file("a", "x", { sizeBytes: 2 ** 52 })],
    ["a wrong record length", concatBytes([paxOf("99 path=a\n"), file("a", "")])],
    ["a record without value", concatBytes([paxOf("8 path\n\n"), file("a", "")])],
    ["a negative size", concatBytes([paxOf("11 size=-5\n"), file("a", "")])],
    ["a NUL in a name", concatBytes([paxOf("11 path=a\0b\n"), file("a", "")])],
    ["an overlapping map", sparseOf("0,10,5,10", 20, 20)],
    ["a map past the file", sparseOf("0,10,50,10", 20, 20)],
    ["a map of more than there is", sparseOf("0,10,10,10", 30, 5)],
  ])("with %s are refused", async (_, bytes) => {
    expect(await failureOf(entriesOf(archive(bytes)))).toMatch(/^dataLoss: archive\/tar/);
  });

  it("with unknown types are refused in Docker's words", async () => {
    const bytes = file("a", "");
    bytes[156] = 0x56;
    bytes[154] = 0;
    const sum = bytes.subarray(0, 512).reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
    bytes.set(encodeUtf8(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
    expect(await failureOf(entriesOf(archive(bytes)))).toBe("invalidParameter: unhandled tar header type 86");
  });
});

function paxOf(records: string): Uint8Array {
  const bytes = file("pax", records);
  bytes[156] = 0x78; // "x"
  const sum = bytes.subarray(0, 512).reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  bytes.set(encodeUtf8(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return bytes;
}

function sparseOf(map: string, realBytes: number, storedBytes: number): Uint8Array {
  const records = [
    formatRecord("GNU.sparse.map", encodeUtf8(map)),
    formatRecord("GNU.sparse.size", encodeUtf8(String(realBytes))),
  ];
  return concatBytes([paxOf(decodeUtf8(concatBytes(records))), file("a", "x".repeat(storedBytes))]);
}

describe("packTree and unpackInto", () => {
  function fill(filesystem: Filesystem): void {
    const etc = mkdirAll(filesystem, "/etc/deep");
    const passwd = writeWholeFile(filesystem, "/etc/passwd", encodeUtf8("root:x:0:0\n"));
    filesystem.link(passwd, etc, "same");
    filesystem.setXattr(passwd, "user.note", encodeUtf8("hi"), "either");
    filesystem.create(etc, "link", { type: "symlink", mode: 0o777, uid: 1, gid: 2, target: "/etc/passwd" });
    filesystem.create(etc, "null", { type: "character", mode: 0o666, uid: 0, gid: 0, rdev: { major: 1, minor: 3 } });
    const sparse = writeWholeFile(filesystem, "/sparse", encodeUtf8("start"));
    filesystem.write(sparse, 10 * MIB, encodeUtf8("end"));
    filesystem.setAttributes(sparse, { mode: 0o4755, uid: 12, mtimeNs: 42n });
    filesystem.setAttributes(etc, { mtimeNs: 99_000_000_001n });
  }

  it("give the same tree, and the same bytes again", async () => {
    const from = newFilesystem();
    fill(from);
    const bytes = await collectBytes(packTree(from, from.root), 64 * MIB);
    expect(bytes.length).toBeLessThan(MIB);
    const to = newFilesystem();
    await unpackInto(to, "/", streamOf(bytes));
    expect(await collectBytes(packTree(to, to.root), 64 * MIB)).toEqual(bytes);
    expect(to.attributes(resolve(to, "/etc/deep/same")).nlink).toBe(2);
    expect(to.attributes(resolve(to, "/sparse"))).toMatchObject({ mode: 0o4755, uid: 12, sizeBytes: 10 * MIB + 3 });
    expect(to.attributes(resolve(to, "/sparse")).allocatedBytes).toBeLessThan(MIB);
  });

  it("name what is packed as they are told", async () => {
    const from = newFilesystem();
    fill(from);
    const names = async (path: string, name?: string): Promise<string[]> => {
      const options = name === undefined ? {} : { name };
      const stream = packTree(from, resolve(from, path), options);
      return (await entriesOf(await collectBytes(stream, MIB))).map(([head]) => head.name);
    };
    expect(await names("/etc/passwd", "passwd")).toEqual(["passwd"]);
    expect((await names("/etc", "etc")).slice(0, 3)).toEqual(["etc", "etc/deep", "etc/deep/link"]);
    expect((await names("/etc", ".")).slice(0, 2)).toEqual([".", "deep"]);
    expect((await names("/etc"))[0]).toBe("deep");
  });

  it("never lead out of the root", async () => {
    const to = newFilesystem();
    mkdirAll(to, "/box");
    writeWholeFile(to, "/secret", encodeUtf8("secret"));
    const climb = unpackInto(to, "/box", streamOf(archive(file("../evil", "x"))));
    expect(await failureOf(climb)).toBe(`invalidParameter: "../evil" is outside of "/box"`);
    const hard = header("hard", { type: "hardlink", linkName: "../../secret" });
    const link = unpackInto(to, "/box", streamOf(archive(writeHeader(hard))));
    expect(await failureOf(link)).toBe(`invalidParameter: invalid hardlink "hard" -> "../../secret"`);
    const symlink = header("up", { type: "symlink", linkName: "../../../../.." });
    await unpackInto(to, "/box", streamOf(archive(writeHeader(symlink), file("up/in-root", "x"), file("/abs", "y"))));
    expect(walk(to, "/in-root").node).toBeDefined();
    expect(walk(to, "/box/abs").node).toBeDefined();
  });

  it("replace what is there, and merge directories", async () => {
    const to = newFilesystem();
    mkdirAll(to, "/d/inner");
    writeWholeFile(to, "/d/old", encodeUtf8("old"));
    const bytes = archive(writeHeader(header("d", { type: "directory", mode: 0o700 })), file("d/inner", "now a file"));
    await unpackInto(to, "/", streamOf(bytes));
    expect(decodeUtf8(readWholeFile(to, "/d/inner", MIB))).toBe("now a file");
    expect(decodeUtf8(readWholeFile(to, "/d/old", MIB))).toBe("old");
    expect(to.attributes(resolve(to, "/d")).mode).toBe(0o700);
    const refused = unpackInto(to, "/", streamOf(archive(file("d", "x"))), { noOverwriteDirNonDir: true });
    expect(await failureOf(refused)).toMatch(/^invalidParameter: cannot overwrite directory/);
  });
});
