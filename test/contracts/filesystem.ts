/**
 * What every Filesystem promises. A new implementation is one line:
 *
 *   filesystemContract("my filesystem", () => new MyFilesystem(…));
 *
 * `make` makes an empty, writable one. Where nodes may come to lie differently after they were
 * written (in a lower layer, in a log that was closed and opened again), `settle` takes a filesystem
 * in which a test arranged its nodes and gives back the one that is tested; NodeIds need not survive
 * that, paths must.
 */
import { describe, expect, test } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../layers/base/bytes.ts";
import type { Filesystem, NodeId, NodeType } from "../../layers/fs/filesystem.ts";
import { mkdirAll, readWholeNode, writeWholeFile } from "../../layers/fs/walk.ts";
import { describeRemoval, describeRename, describeTrees } from "./filesystem-changes.ts";
import { FILE, at, codeOf, textOf, timesOf } from "./filesystem-support.ts";
import type { Arrange, Make, Open, Settle } from "./filesystem-support.ts";

/** Declares the suite. */
export function filesystemContract(name: string, make: Make, settle: Settle = (arranged) => arranged): void {
  const open = async (arrange: Arrange = () => undefined): Promise<Filesystem> => {
    const fs = await make();
    arrange(fs);
    return settle(fs);
  };
  describe(`filesystem contract: ${name}`, () => {
    describeNames(open);
    describeContents(open);
    describeRemoval(open);
    describeRename(open);
    describeAttributes(open);
    describeTrees(open);
  });
}

function describeNames(open: Open): void {
  test("every type of node is made, found and listed as what it is", async () => {
    const types: NodeType[] = ["file", "directory", "symlink", "character", "block", "fifo", "socket"];
    const make: Arrange = (fs) => {
      for (const type of types) {
        fs.create(fs.root, type, { type, mode: 0o640, uid: 3, gid: 4, rdev: { major: 8, minor: 259 }, target: "to" });
      }
    };
    for (const fs of [await open(make), await open()]) {
      if (fs.readDirectory(fs.root).length === 0) make(fs);
      const listed = [...fs.readDirectory(fs.root)].sort(
        (left, right) => types.indexOf(left.type) - types.indexOf(right.type),
      );
      expect(listed.map((entry) => entry.name)).toEqual(types);
      for (const { name, ino, type } of listed) {
        expect([fs.lookup(fs.root, name), type]).toEqual([ino, name]);
        const isDevice = type === "character" || type === "block";
        expect(fs.attributes(ino)).toMatchObject({
          ino,
          type,
          mode: 0o640,
          uid: 3,
          gid: 4,
          nlink: type === "directory" ? 2 : 1,
          rdev: isDevice ? { major: 8, minor: 259 } : { major: 0, minor: 0 },
        });
      }
      expect(fs.readLink(at(fs, "/symlink"))).toBe("to");
      expect(codeOf(() => fs.readLink(at(fs, "/file")))).toBe("EINVAL");
      expect(fs.attributes(at(fs, "/symlink")).sizeBytes).toBe(2);
    }
  });

  test("a missing name is undefined, a wrong one an error", async () => {
    const fs = await open((made) => writeWholeFile(made, "/file", encodeUtf8("x")));
    const file = at(fs, "/file");
    const codes = (name: string): unknown[] => [
      codeOf(() => fs.lookup(fs.root, name)),
      codeOf(() => fs.create(fs.root, name, FILE)),
      codeOf(() => fs.link(file, fs.root, name)),
      codeOf(() => fs.rename(fs.root, "file", fs.root, name, "replace")),
    ];
    expect(fs.lookup(fs.root, "missing")).toBe(undefined);
    expect(codes("é".repeat(128))).toEqual(["ENAMETOOLONG", "ENAMETOOLONG", "ENAMETOOLONG", "ENAMETOOLONG"]);
    for (const name of ["", ".", "..", "a/b", "a\0b"])
      expect(codes(name).slice(1)).toEqual(["EINVAL", "EINVAL", "EINVAL"]);
    expect(codeOf(() => fs.lookup(file, "x"))).toBe("ENOTDIR");
    expect(codeOf(() => fs.create(file, "x", FILE))).toBe("ENOTDIR");
    expect(codeOf(() => fs.readDirectory(file))).toBe("ENOTDIR");
    expect(codeOf(() => fs.create(fs.root, "file", FILE))).toBe("EEXIST");
  });

  test("names of 255 bytes and names that are not UTF-8 are kept", async () => {
    const names = ["x".repeat(255), "é".repeat(127), "\udcff\udc80 ", "🚢", ".", "-rf *\n"].filter(
      (name) => name !== ".",
    );
    const fs = await open((made) => names.forEach((name) => made.create(made.root, name, FILE)));
    expect(
      fs
        .readDirectory(fs.root)
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...names].sort());
  });

  test("links lead to one node", async () => {
    const fs = await open((made) => {
      const node = writeWholeFile(made, "/first", encodeUtf8("text"));
      made.link(node, mkdirAll(made, "/dir"), "second");
    });
    const node = at(fs, "/first");
    expect([at(fs, "/dir/second"), fs.attributes(node).nlink]).toEqual([node, 2]);
    fs.link(node, fs.root, "third");
    fs.write(at(fs, "/dir/second"), 0, encodeUtf8("TEXT"));
    expect([textOf(fs, at(fs, "/first")), at(fs, "/third"), fs.attributes(node).nlink]).toEqual(["TEXT", node, 3]);
    expect(codeOf(() => fs.link(at(fs, "/dir"), fs.root, "again"))).toBe("EPERM");
    expect(codeOf(() => fs.link(node, fs.root, "dir"))).toBe("EEXIST");
    fs.unlink(fs.root, "first");
    expect(fs.attributes(node).nlink).toBe(2);
  });
}

function describeContents(open: Open): void {
  test("writes extend, overwrite and leave zeros between", async () => {
    const fs = await open((made) => writeWholeFile(made, "/file", encodeUtf8("0123456789")));
    const file = at(fs, "/file");
    expect(fs.write(file, 3, encodeUtf8("abc"))).toBe(3);
    expect(fs.write(file, 70_000, encodeUtf8("end"))).toBe(3);
    expect(fs.attributes(file).sizeBytes).toBe(70_003);
    const bytes = readWholeNode(fs, file, 100_000);
    expect(decodeUtf8(bytes.subarray(0, 10))).toBe("012abc6789");
    expect(bytes.subarray(10, 70_000).every((byte) => byte === 0)).toBe(true);
    expect(decodeUtf8(bytes.subarray(70_000))).toBe("end");
    const target = new Uint8Array(10).fill(7);
    expect([fs.read(file, 70_001, target), [...target.subarray(0, 3)]]).toEqual([2, [110, 100, 7]]);
    expect([
      fs.read(file, 70_003, target),
      fs.read(file, 1e12, target),
      fs.write(file, 1e12, new Uint8Array(0)),
    ]).toEqual([0, 0, 0]);
    expect(fs.attributes(file).sizeBytes).toBe(70_003);
  });

  test("only files are read and written", async () => {
    const fs = await open((made) => {
      mkdirAll(made, "/dir");
      made.create(made.root, "link", { ...FILE, type: "symlink", target: "x" });
      made.create(made.root, "fifo", { ...FILE, type: "fifo" });
    });
    const one = new Uint8Array(1);
    for (const [path, code] of [
      ["/dir", "EISDIR"],
      ["/link", "EINVAL"],
      ["/fifo", "EINVAL"],
    ] as const) {
      const node = at(fs, path);
      expect([
        codeOf(() => fs.read(node, 0, one)),
        codeOf(() => fs.write(node, 0, one)),
        codeOf(() => fs.setAttributes(node, { sizeBytes: 1 })),
      ]).toEqual([code, code, code]);
    }
    const file = fs.create(fs.root, "file", FILE);
    expect(codeOf(() => fs.write(file, -1, one))).toBe("EINVAL");
    expect(codeOf(() => fs.read(file, -1, one))).toBe("EINVAL");
    expect(codeOf(() => fs.setAttributes(file, { sizeBytes: -1 }))).toBe("EINVAL");
    expect(codeOf(() => fs.write(file, Number.MAX_SAFE_INTEGER, one))).toBe("EFBIG");
  });

  test("files are cut and extended", async () => {
    const fs = await open((made) => writeWholeFile(made, "/file", new Uint8Array(100_000).fill(9)));
    const file = at(fs, "/file");
    fs.setAttributes(file, { sizeBytes: 5000 });
    fs.setAttributes(file, { sizeBytes: 50_000 });
    const bytes = readWholeNode(fs, file, 100_000);
    expect([bytes.length, bytes.lastIndexOf(9)]).toEqual([50_000, 4999]);
    fs.setAttributes(file, { sizeBytes: 0 });
    expect([fs.attributes(file).sizeBytes, fs.attributes(file).allocatedBytes]).toEqual([0, 0]);
  });

  test("holes read as zeros and are found", async () => {
    const fs = await open((made) =>
      made.write(made.create(made.root, "sparse", FILE), 1_000_000, encodeUtf8("data")),
    );
    const file = at(fs, "/sparse");
    expect(fs.attributes(file).sizeBytes).toBe(1_000_004);
    const data = fs.seek(file, 0, "data");
    expect(data <= 1_000_000 && data >= 0).toBe(true);
    expect(fs.seek(file, 1_000_000, "data")).toBe(1_000_000);
    expect(fs.seek(file, 1_000_000, "hole")).toBe(1_000_004);
    expect(codeOf(() => fs.seek(file, 1_000_004, "data"))).toBe("ENXIO");
    expect(codeOf(() => fs.seek(file, 2_000_000, "hole"))).toBe("ENXIO");
    fs.write(file, 0, new Uint8Array(30_000).fill(1));
    fs.punchHole(file, 100, 20_000);
    const bytes = readWholeNode(fs, file, 2_000_000);
    expect([bytes.length, bytes.indexOf(0), bytes.indexOf(1, 100), bytes.lastIndexOf(1)]).toEqual([
      1_000_004, 100, 20_100, 29_999,
    ]);
    expect(codeOf(() => fs.punchHole(file, 0, 0))).toBe("EINVAL");
  });
}

function describeAttributes(open: Open): void {
  const settled = { mode: 0o4751, uid: 1000, gid: 2000, atimeNs: 111_222_333n, mtimeNs: 1_500_000_000_123_456_789n };

  test("owner, mode and times are kept to the nanosecond, of links too", async () => {
    const fs = await open((made) => {
      writeWholeFile(made, "/file", encodeUtf8("x"));
      made.create(made.root, "link", { ...FILE, type: "symlink", target: "nowhere" });
      mkdirAll(made, "/dir");
      for (const { ino } of made.readDirectory(made.root)) made.setAttributes(ino, { ...settled, ctimeNs: 5n });
    });
    for (const path of ["/file", "/link", "/dir"]) {
      expect(fs.attributes(at(fs, path))).toMatchObject({ ...settled, ctimeNs: 5n });
      fs.setAttributes(at(fs, path), { gid: 7 });
      expect(fs.attributes(at(fs, path))).toMatchObject({ ...settled, gid: 7 });
      expect(fs.attributes(at(fs, path)).ctimeNs > 5n).toBe(true);
    }
  });

  test("changes touch the times that Linux touches", async () => {
    const fs = await open((made) => {
      for (const path of ["/dir/file", "/dir/gone", "/dir/cut"]) {
        mkdirAll(made, "/dir");
        writeWholeFile(made, path, encodeUtf8("x"));
        made.setAttributes(at(made, path), { mtimeNs: 1n, ctimeNs: 1n });
      }
    });
    const directory = at(fs, "/dir");
    const touched = (node: NodeId, change: () => void): string => {
      fs.setAttributes(node, { mtimeNs: 1n, ctimeNs: 1n });
      change();
      return timesOf(fs.attributes(node));
    };
    const file = at(fs, "/dir/file");
    expect({
      write: touched(file, () => fs.write(file, 0, encodeUtf8("y"))),
      chmod: touched(file, () => fs.setAttributes(file, { mode: 0o600 })),
      nothing: touched(file, () => fs.setAttributes(file, { sizeBytes: 1 })),
      cut: touched(at(fs, "/dir/cut"), () => fs.setAttributes(at(fs, "/dir/cut"), { sizeBytes: 0 })),
      xattr: touched(file, () => fs.setXattr(file, "user.x", encodeUtf8("y"), "either")),
      link: touched(file, () => fs.link(file, directory, "link")),
      rename: touched(file, () => fs.rename(directory, "link", directory, "renamed", "replace")),
      read: touched(file, () => void fs.read(file, 0, new Uint8Array(1))),
      createIn: touched(directory, () => void fs.create(directory, "new", FILE)),
      unlinkIn: touched(directory, () => fs.unlink(directory, "gone")),
      renameIn: touched(directory, () => fs.rename(directory, "new", directory, "newer", "replace")),
      lookupIn: touched(directory, () => void fs.lookup(directory, "newer")),
      writeBelow: touched(directory, () => void fs.write(file, 0, encodeUtf8("z"))),
    }).toEqual({
      write: "mc",
      chmod: "c",
      nothing: "",
      cut: "mc",
      xattr: "c",
      link: "c",
      rename: "c",
      read: "",
      createIn: "mc",
      unlinkIn: "mc",
      renameIn: "mc",
      lookupIn: "",
      writeBelow: "",
    });
  });

  test("extended attributes are set, listed, replaced and removed", async () => {
    const fs = await open((made) => {
      writeWholeFile(made, "/file", encodeUtf8("x"));
      made.setXattr(at(made, "/file"), "user.old", encodeUtf8("value"), "either");
    });
    const file = at(fs, "/file");
    expect([fs.listXattrs(file), decodeUtf8(fs.getXattr(file, "user.old") ?? new Uint8Array())]).toEqual([
      ["user.old"],
      "value",
    ]);
    const value = Uint8Array.of(1, 2, 3);
    fs.setXattr(file, "security.capability", value, "create");
    value.fill(0);
    expect([...(fs.getXattr(file, "security.capability") ?? [])]).toEqual([1, 2, 3]);
    expect(codeOf(() => fs.setXattr(file, "user.old", value, "create"))).toBe("EEXIST");
    expect(codeOf(() => fs.setXattr(file, "user.new", value, "replace"))).toBe("ENODATA");
    fs.setXattr(file, "user.old", new Uint8Array(0), "replace");
    expect([fs.getXattr(file, "user.old")?.length, fs.getXattr(file, "user.new")]).toEqual([0, undefined]);
    fs.removeXattr(file, "user.old");
    expect(codeOf(() => fs.removeXattr(file, "user.old"))).toBe("ENODATA");
    expect(fs.listXattrs(file)).toEqual(["security.capability"]);
  });

  test("usage adds up", async () => {
    const fs = await open();
    const before = fs.usage();
    fs.write(fs.create(fs.root, "big", FILE), 0, new Uint8Array(1_000_000).fill(1));
    const { sizeBytes, freeBytes, nodes, nodesFree } = fs.usage();
    expect([
      freeBytes <= sizeBytes,
      nodesFree <= nodes,
      freeBytes < before.freeBytes,
      nodesFree < before.nodesFree,
    ]).toEqual([true, true, true, true]);
    fs.sync();
    fs.sync(at(fs, "/big"));
  });
}
