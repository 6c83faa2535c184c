import { beforeEach, expect, test } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../base/bytes.ts";
import { isFsError } from "./errors.ts";
import { MemoryFilesystem } from "./memory.ts";
import { ReadOnlyFilesystem } from "./read-only.ts";
import { mkdirAll, readWholeFile, resolve, walk, writeWholeFile } from "./walk.ts";

let fs = new MemoryFilesystem({ clock: { nowNs: () => 0n } });

function symlink(path: string, target: string): void {
  const { parent, name } = walk(fs, path, { isLastFollowed: false });
  fs.create(parent, name, { type: "symlink", mode: 0o777, uid: 0, gid: 0, target });
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
  fs = new MemoryFilesystem({ clock: { nowNs: () => 0n } });
  mkdirAll(fs, "/jail/usr/lib");
  writeWholeFile(fs, "/secret", encodeUtf8("outside"));
  writeWholeFile(fs, "/jail/secret", encodeUtf8("inside"));
});

test("links and dots never leave the root", () => {
  const root = resolve(fs, "/jail");
  symlink("/jail/up", "../../../..");
  symlink("/jail/usr/absolute", "/secret");
  symlink("/jail/usr/lib/relative", "../../../../../secret");
  const paths = ["secret", "/../secret", "up/secret", "usr/absolute", "/usr/lib/relative", "up/up/usr/../../secret"];
  const texts = paths.map((path) => decodeUtf8(readWholeFile(fs, path, 100, { root })));
  expect(texts).toEqual(paths.map(() => "inside"));
});

test("the canonical path names the place that was reached", () => {
  symlink("/lib", "jail/usr/lib");
  symlink("/jail/usr/lib/so", "../../secret");
  expect(walk(fs, "//lib/./so").path).toBe("/jail/secret");
  expect(walk(fs, "/lib/so", { isLastFollowed: false })).toMatchObject({ path: "/jail/usr/lib/so", name: "so" });
  expect(walk(fs, "/lib/new")).toMatchObject({ node: undefined, path: "/jail/usr/lib/new", name: "new" });
  expect(walk(fs, "/")).toEqual({ node: fs.root, parent: fs.root, name: "", path: "/" });
});

test("forty links are followed and one more is a loop", () => {
  symlink("/link0", "secret");
  for (let index = 1; index <= 40; index++) symlink(`/link${index}`, `link${index - 1}`);
  symlink("/self", "self");
  expect(codeOf(() => decodeUtf8(readWholeFile(fs, "/link39", 100)))).toBe("outside");
  expect(codeOf(() => resolve(fs, "/link40"))).toBe("ELOOP");
  expect(codeOf(() => resolve(fs, "/self"))).toBe("ELOOP");
});

test("wrong paths answer as Linux does", () => {
  symlink("/dangling", "nowhere/at/all");
  expect(codeOf(() => resolve(fs, "/missing/x"))).toBe("ENOENT");
  expect(codeOf(() => resolve(fs, "/secret/x"))).toBe("ENOTDIR");
  expect(codeOf(() => resolve(fs, "/secret/"))).toBe("ENOTDIR");
  expect(codeOf(() => resolve(fs, "/dangling"))).toBe("ENOENT");
  expect(codeOf(() => resolve(fs, "x".repeat(256)))).toBe("ENAMETOOLONG");
  expect(codeOf(() => resolve(fs, "x/".repeat(2048)))).toBe("ENAMETOOLONG");
  expect(codeOf(() => mkdirAll(fs, "/secret/x"))).toBe("ENOTDIR");
  expect(codeOf(() => readWholeFile(fs, "/jail", 100))).toBe("EISDIR");
  expect(codeOf(() => readWholeFile(fs, "/secret", 6))).toBe("EFBIG");
  expect(codeOf(() => writeWholeFile(new ReadOnlyFilesystem(fs), "/secret", encodeUtf8("x")))).toBe("EROFS");
});

test("files are replaced whole and directories are made along the way", () => {
  symlink("/etc", "/jail/etc");
  mkdirAll(fs, "/etc/a/b/", { mode: 0o700, uid: 7, gid: 8 });
  expect(fs.attributes(resolve(fs, "/jail/etc/a"))).toMatchObject({ mode: 0o700, uid: 7, gid: 8 });
  writeWholeFile(fs, "/etc/a/b/file", encodeUtf8("long text"));
  writeWholeFile(fs, "/etc/a/b/file", encodeUtf8("short"));
  expect(decodeUtf8(readWholeFile(fs, "/jail/etc/a/b/file", 100))).toBe("short");
});
