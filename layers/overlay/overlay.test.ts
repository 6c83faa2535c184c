import { beforeEach, expect, test } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../base/bytes.ts";
import { isFsError } from "../fs/errors.ts";
import type { Filesystem, NodeId } from "../fs/filesystem.ts";
import { MemoryFilesystem } from "../fs/memory.ts";
import { mkdirAll, readWholeFile, resolve, walk, writeWholeFile } from "../fs/walk.ts";
import { overlayChanges } from "./diff.ts";
import { TEMPORARY_NAME, WHITEOUT } from "./marks.ts";
import { OverlayFilesystem } from "./overlay.ts";

const FILE = { type: "file", mode: 0o644, uid: 0, gid: 0 } as const;
const DIRECTORY = { type: "directory", mode: 0o755, uid: 0, gid: 0 } as const;

let nowNs = 0n;
let base: MemoryFilesystem;
let middle: MemoryFilesystem;
let upper: MemoryFilesystem;
let overlay: OverlayFilesystem;

function memory(): MemoryFilesystem {
  return new MemoryFilesystem({ clock: { nowNs: () => (nowNs += 1n) } });
}

function file(fs: Filesystem, path: string, text = path): NodeId {
  mkdirAll(fs, path.slice(0, path.lastIndexOf("/")));
  return writeWholeFile(fs, path, encodeUtf8(text));
}

function place(fs: Filesystem, path: string): [NodeId, string] {
  const { parent, name } = walk(fs, path, { isLastFollowed: false });
  return [parent, name];
}

function text(fs: Filesystem, path: string): string {
  return decodeUtf8(readWholeFile(fs, path, 1000));
}

function names(fs: Filesystem, path: string): string[] {
  return fs
    .readDirectory(resolve(fs, path))
    .map(({ name }) => name)
    .sort();
}

function codeOf(action: () => unknown): unknown {
  try {
    return action();
  } catch (thrown) {
    if (isFsError(thrown)) return thrown.code;
    throw thrown;
  }
}

beforeEach(() => {
  nowNs = 0n;
  base = memory();
  middle = memory();
  upper = memory();
  overlay = new OverlayFilesystem(upper, [middle, base]);
});

test("layers cover, merge, hide and change type", () => {
  for (const path of ["/both/base", "/both/shared", "/hidden/x", "/opaque/x", "/dir/x", "/file", "/gone"])
    file(base, path);
  file(middle, "/both/middle");
  file(middle, "/both/shared", "from the middle");
  for (const path of ["/hidden", "/gone"]) middle.create(...place(middle, path), WHITEOUT);
  file(middle, "/opaque/y");
  middle.setXattr(resolve(middle, "/opaque"), "trusted.overlay.opaque", encodeUtf8("y"), "either");
  file(middle, "/dir", "now a file");
  mkdirAll(middle, "/file");
  expect(names(overlay, "/")).toEqual(["both", "dir", "file", "opaque"]);
  expect(names(overlay, "/both")).toEqual(["base", "middle", "shared"]);
  expect(text(overlay, "/both/shared")).toBe("from the middle");
  expect(names(overlay, "/opaque")).toEqual(["y"]);
  expect(text(overlay, "/dir")).toBe("now a file");
  expect(names(overlay, "/file")).toEqual([]);
  expect(overlay.listXattrs(resolve(overlay, "/opaque"))).toEqual([]);
});

test("a file keeps its number, its times and its holes when it is copied up", () => {
  const lower = file(base, "/dir/sparse", "begin");
  base.write(lower, 10_000_000, encodeUtf8("end"));
  base.setXattr(lower, "user.colour", encodeUtf8("blue"), "either");
  const node = resolve(overlay, "/dir/sparse");
  const directory = overlay.attributes(resolve(overlay, "/dir"));
  const before = overlay.attributes(node);
  overlay.setAttributes(node, { mode: 0o600 });
  expect(upper.lookup(resolve(upper, "/dir"), "sparse")).toBeDefined();
  expect(overlay.lookup(resolve(overlay, "/dir"), "sparse")).toBe(node);
  expect(overlay.attributes(node)).toEqual({ ...before, mode: 0o600, ctimeNs: expect.any(BigInt) as bigint });
  // The directory is merged now; nothing else about it changed.
  expect(overlay.attributes(resolve(overlay, "/dir"))).toEqual({ ...directory, nlink: 1 });
  expect(decodeUtf8(overlay.getXattr(node, "user.colour") ?? new Uint8Array())).toBe("blue");
  expect(overlay.readDirectory(resolve(overlay, "/dir"))).toEqual([{ name: "sparse", ino: node, type: "file" }]);
});

test("cutting a large lower file copies only what stays", () => {
  base.write(file(base, "/big"), 0, new Uint8Array(1_000_000));
  const small = new MemoryFilesystem({ clock: { nowNs: () => 0n }, sizeBytesMax: 8192 });
  const tight = new OverlayFilesystem(small, [base]);
  const node = resolve(tight, "/big");
  expect(codeOf(() => tight.setAttributes(node, { mode: 0 }))).toBe("ENOSPC");
  expect(tight.attributes(node)).toMatchObject({ sizeBytes: 1_000_000, mode: 0o644 });
  expect(small.readDirectory(small.root)).toEqual([]);
  tight.setAttributes(node, { sizeBytes: 5000 });
  expect(tight.attributes(node).sizeBytes).toBe(5000);
});

test("the names of a lower file stay one file after copy-up, here and after the next mount", () => {
  const lower = file(base, "/a/first");
  mkdirAll(base, "/b");
  base.link(lower, ...place(base, "/b/second"));
  base.link(lower, ...place(base, "/hidden"));
  middle.create(...place(middle, "/hidden"), WHITEOUT);
  const { ctimeNs } = overlay.attributes(resolve(overlay, "/a/first"));
  overlay.setAttributes(resolve(overlay, "/b/second"), {});
  expect(overlay.attributes(resolve(overlay, "/a/first")).ctimeNs).toBe(ctimeNs);
  overlay.write(resolve(overlay, "/b/second"), 0, encodeUtf8("CHANGED"));
  for (const fs of [overlay, new OverlayFilesystem(upper, [middle, base])]) {
    expect(text(fs, "/a/first")).toBe("CHANGEDt");
    expect(resolve(fs, "/a/first")).toBe(resolve(fs, "/b/second"));
    expect(fs.attributes(resolve(fs, "/a/first")).nlink).toBe(2);
  }
});

test("a held lower file that lost its name can still be written", () => {
  file(base, "/held");
  const node = resolve(overlay, "/held");
  const rootTime = upper.attributes(upper.root).mtimeNs;
  overlay.acquire(node);
  overlay.unlink(overlay.root, "held");
  const afterUnlink = upper.attributes(upper.root).mtimeNs;
  overlay.write(node, 0, encodeUtf8("HELD!"));
  expect(overlay.attributes(node)).toMatchObject({ ino: node, nlink: 0, sizeBytes: 5 });
  const target = new Uint8Array(5);
  overlay.read(node, 0, target);
  expect(decodeUtf8(target)).toBe("HELD!");
  expect([afterUnlink > rootTime, upper.attributes(upper.root).mtimeNs]).toEqual([true, afterUnlink]);
  overlay.release(node);
  expect(codeOf(() => overlay.attributes(node))).toBe("ESTALE");
  expect(upper.readDirectory(upper.root).map(({ name }) => name)).toEqual(["held"]);
});

test("directories with a lower part cannot be renamed, new ones can", () => {
  file(base, "/lower/x");
  mkdirAll(overlay, "/new/deep");
  const rename = (from: string, to: string): unknown =>
    codeOf(() => overlay.rename(...place(overlay, from), ...place(overlay, to), "replace"));
  expect(rename("/lower", "/elsewhere")).toBe("EXDEV");
  expect(rename("/new", "/lower")).toBe("ENOTEMPTY");
  overlay.unlink(...place(overlay, "/lower/x"));
  expect(rename("/new", "/lower")).toBe(undefined);
  expect(names(overlay, "/")).toEqual(["lower"]);
  expect(names(new OverlayFilesystem(upper, [middle, base]), "/lower")).toEqual(["deep"]);
});

test("what a crash in mid copy-up left behind is not seen and does not hinder", () => {
  file(base, "/dir/file");
  overlay.setAttributes(resolve(overlay, "/dir"), { mode: 0o700 });
  upper.create(resolve(upper, "/dir"), TEMPORARY_NAME, FILE);
  const again = new OverlayFilesystem(upper, [middle, base]);
  expect(names(again, "/dir")).toEqual(["file"]);
  expect(again.lookup(resolve(again, "/dir"), TEMPORARY_NAME)).toBe(undefined);
  expect(overlayChanges(upper, [middle, base])).toEqual([{ kind: 0, path: "/dir" }]);
  again.write(resolve(again, "/dir/file"), 0, encodeUtf8("x"));
  upper.create(resolve(upper, "/dir"), TEMPORARY_NAME, DIRECTORY);
  again.unlink(resolve(again, "/dir"), "file");
  again.removeDirectory(again.root, "dir");
  expect(names(again, "/")).toEqual([]);
});

test("containers cannot make whiteouts, and keep overlay attributes of their own", () => {
  const directory = overlay.create(overlay.root, "d", DIRECTORY);
  expect(codeOf(() => overlay.create(overlay.root, "w", WHITEOUT))).toBe("EPERM");
  overlay.setXattr(directory, "trusted.overlay.opaque", encodeUtf8("y"), "create");
  expect(overlay.listXattrs(directory)).toEqual(["trusted.overlay.opaque"]);
  expect(upper.listXattrs(resolve(upper, "/d"))).toEqual(["trusted.overlay.overlay.opaque"]);
  overlay.removeXattr(directory, "trusted.overlay.opaque");
  expect(overlay.getXattr(directory, "trusted.overlay.opaque")).toBe(undefined);
});

test("without an upper layer nothing can change", () => {
  file(base, "/f");
  const view = new OverlayFilesystem(undefined, [middle, base]);
  expect(view.isReadOnly).toBe(true);
  expect(text(view, "/f")).toBe("/f");
  expect(codeOf(() => view.create(view.root, "g", FILE))).toBe("EROFS");
  expect(codeOf(() => view.unlink(view.root, "f"))).toBe("EROFS");
  expect(codeOf(() => view.setAttributes(view.root, { mode: 0 }))).toBe("EROFS");
});

test("the diff lists what docker diff lists", () => {
  for (const path of ["/etc/passwd", "/etc/group", "/var/cache/a", "/var/cache/b", "/var/log/x", "/usr/bin/sh"])
    file(base, path);
  overlay.write(resolve(overlay, "/etc/passwd"), 0, encodeUtf8("root"));
  overlay.unlink(...place(overlay, "/var/cache/a"));
  overlay.unlink(...place(overlay, "/var/log/x"));
  overlay.removeDirectory(...place(overlay, "/var/log"));
  file(overlay, "/srv/new/file");
  const { mtimeNs } = overlay.attributes(resolve(overlay, "/usr/bin/sh"));
  overlay.setAttributes(resolve(overlay, "/usr/bin/sh"), { mtimeNs }); // Copied up, but as before.
  overlay.unlink(...place(overlay, "/var/cache/b"));
  overlay.removeDirectory(...place(overlay, "/var/cache"));
  file(overlay, "/var/cache/c");
  expect(overlayChanges(upper, [middle, base]).map(({ kind, path }) => `${"CAD".charAt(kind)} ${path}`)).toEqual([
    "C /etc",
    "C /etc/passwd",
    "A /srv",
    "A /srv/new",
    "A /srv/new/file",
    "C /var",
    "C /var/cache",
    "D /var/cache/a",
    "D /var/cache/b",
    "A /var/cache/c",
    "D /var/log",
  ]);
});

test("the diff sees that a directory made again hides what its namesake held, at any depth", () => {
  for (const path of ["/d/sub/x", "/d/sub/y"]) file(base, path);
  const view = new OverlayFilesystem(upper, [base]);
  for (const name of ["x", "y"]) view.unlink(...place(view, `/d/sub/${name}`));
  view.removeDirectory(...place(view, "/d/sub"));
  view.removeDirectory(...place(view, "/d"));
  file(view, "/d/sub/y");
  expect(overlayChanges(upper, [base]).map(({ kind, path }) => `${"CAD".charAt(kind)} ${path}`)).toEqual([
    "C /d",
    "C /d/sub",
    "D /d/sub/x",
    "C /d/sub/y",
  ]);
});

test("a directory exchanged to where a lower one was does not merge with it", () => {
  file(base, "/was/x");
  file(base, "/was/y");
  for (const name of ["x", "y"]) overlay.unlink(...place(overlay, `/was/${name}`));
  overlay.removeDirectory(...place(overlay, "/was"));
  file(overlay, "/was", "a file");
  mkdirAll(overlay, "/new/inside");
  overlay.rename(...place(overlay, "/was"), ...place(overlay, "/new"), "exchange");
  for (const fs of [overlay, new OverlayFilesystem(upper, [middle, base])]) {
    expect([names(fs, "/was"), text(fs, "/new")]).toEqual([["inside"], "a file"]);
  }
});
