/**
 * The filesystem contract, second part: removing, moving, and whole trees that change.
 */
import { expect, test } from "vitest";
import { encodeUtf8 } from "../../layers/base/bytes.ts";
import type { Filesystem } from "../../layers/fs/filesystem.ts";
import { MemoryFilesystem } from "../../layers/fs/memory.ts";
import { mkdirAll, walk, writeWholeFile } from "../../layers/fs/walk.ts";
import { Random, performRandomly } from "../conformance/overlay-generator.ts";
import { Runner, contentsOf, dump, testClock } from "../conformance/overlay-operations.ts";
import { DIRECTORY, FILE, at, codeOf, removeTree, renamer, textOf } from "./filesystem-support.ts";
import type { Open } from "./filesystem-support.ts";

const RANDOM_SEEDS = 20;
const RANDOM_OPERATIONS = 80;

export function describeRemoval(open: Open): void {
  test("names are removed, by the right call", async () => {
    const fs = await open((made) => {
      writeWholeFile(made, "/file", encodeUtf8("x"));
      writeWholeFile(made, "/full", encodeUtf8("x"));
      made.unlink(made.root, "full");
      mkdirAll(made, "/full/child");
    });
    expect(codeOf(() => fs.unlink(fs.root, "missing"))).toBe("ENOENT");
    expect(codeOf(() => fs.unlink(fs.root, "full"))).toBe("EISDIR");
    expect(codeOf(() => fs.removeDirectory(fs.root, "missing"))).toBe("ENOENT");
    expect(codeOf(() => fs.removeDirectory(fs.root, "file"))).toBe("ENOTDIR");
    expect(codeOf(() => fs.removeDirectory(fs.root, "full"))).toBe("ENOTEMPTY");
    fs.removeDirectory(at(fs, "/full"), "child");
    fs.removeDirectory(fs.root, "full");
    fs.unlink(fs.root, "file");
    expect([fs.readDirectory(fs.root), fs.lookup(fs.root, "file"), fs.lookup(fs.root, "full")]).toEqual([
      [],
      undefined,
      undefined,
    ]);
  });

  test("a held file lives on without a name", async () => {
    const fs = await open((made) => writeWholeFile(made, "/file", encodeUtf8("text")));
    const file = at(fs, "/file");
    fs.acquire(file);
    fs.acquire(file);
    fs.unlink(fs.root, "file");
    fs.write(file, 4, encodeUtf8(" and more"));
    fs.setAttributes(file, { mode: 0o600 });
    fs.release(file);
    expect(textOf(fs, file)).toBe("text and more");
    expect(fs.attributes(file)).toMatchObject({ nlink: 0, mode: 0o600 });
    expect(codeOf(() => fs.link(file, fs.root, "back"))).toBe("ENOENT");
    const other = writeWholeFile(fs, "/file", encodeUtf8("other"));
    expect([other === file, textOf(fs, file), textOf(fs, other)]).toEqual([false, "text and more", "other"]);
    fs.release(file);
    expect(codeOf(() => fs.attributes(file))).toBe("ESTALE");
  });

  test("a held directory that was removed takes nothing new", async () => {
    const fs = await open((made) => mkdirAll(made, "/dir"));
    const directory = at(fs, "/dir");
    fs.acquire(directory);
    fs.removeDirectory(fs.root, "dir");
    expect(fs.attributes(directory).nlink).toBe(0);
    expect([fs.readDirectory(directory), fs.lookup(directory, "x")]).toEqual([[], undefined]);
    const file = fs.create(fs.root, "file", FILE);
    expect(codeOf(() => fs.create(directory, "x", FILE))).toBe("ENOENT");
    expect(codeOf(() => fs.link(file, directory, "x"))).toBe("ENOENT");
    expect(codeOf(() => fs.rename(fs.root, "file", directory, "x", "replace"))).toBe("ENOENT");
    fs.release(directory);
  });

  test("a held file that a rename replaced lives on", async () => {
    const fs = await open((made) =>
      ["old", "new"].forEach((name) => writeWholeFile(made, `/${name}`, encodeUtf8(name))),
    );
    const old = at(fs, "/old");
    fs.acquire(old);
    fs.rename(fs.root, "new", fs.root, "old", "replace");
    expect([textOf(fs, old), textOf(fs, at(fs, "/old")), fs.attributes(old).nlink]).toEqual(["old", "new", 0]);
    fs.release(old);
  });
}

export function describeRename(open: Open): void {
  test("files move and replace, keeping their number", async () => {
    const fs = await open((made) => {
      writeWholeFile(made, "/a", encodeUtf8("a"));
      writeWholeFile(made, "/b", encodeUtf8("b"));
      mkdirAll(made, "/dir");
      made.link(at(made, "/a"), made.root, "same");
    });
    const node = at(fs, "/a");
    const rename = renamer(fs);
    expect(rename("/missing", "/x")).toBe("ENOENT");
    expect(rename("/a", "/b", "noReplace")).toBe("EEXIST");
    expect(rename("/a", "/x", "exchange")).toBe("ENOENT");
    expect(rename("/a", "/dir")).toBe("EISDIR");
    expect([rename("/a", "/same"), at(fs, "/a")]).toEqual([undefined, node]); // One file under two names: nothing happens.
    expect([rename("/a", "/dir/moved", "noReplace"), at(fs, "/dir/moved")]).toEqual([undefined, node]);
    expect([rename("/dir/moved", "/b"), at(fs, "/b"), textOf(fs, node)]).toEqual([undefined, node, "a"]);
    expect(
      fs
        .readDirectory(fs.root)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["b", "dir", "same"]);
  });

  test("names are exchanged", async () => {
    const fs = await open((made) => {
      writeWholeFile(made, "/file", encodeUtf8("x"));
      mkdirAll(made, "/dir");
    });
    const [file, directory] = [at(fs, "/file"), fs.create(at(fs, "/dir"), "made", DIRECTORY)];
    expect(renamer(fs)("/file", "/dir/made", "exchange")).toBe(undefined);
    expect([at(fs, "/file"), at(fs, "/dir/made")]).toEqual([directory, file]);
    expect(fs.attributes(directory)).toMatchObject({ type: "directory", nlink: 2 });
  });

  test("directories move with all below them, but not into themselves", async () => {
    const fs = await open();
    for (const path of ["/a/b/c", "/empty", "/full/x"]) mkdirAll(fs, path);
    writeWholeFile(fs, "/file", encodeUtf8("x"));
    const rename = renamer(fs);
    expect(rename("/a", "/a/b/new")).toBe("EINVAL");
    expect(rename("/a", "/a/b/c", "exchange")).toBe("EINVAL");
    expect(rename("/a/b/c", "/a")).toBe("ENOTEMPTY");
    expect(rename("/a", "/full")).toBe("ENOTEMPTY");
    expect(rename("/a", "/file")).toBe("ENOTDIR");
    const node = at(fs, "/a/b");
    expect([rename("/a", "/empty"), at(fs, "/empty/b")]).toEqual([undefined, node]);
    expect([rename("/empty/b", "/full/b"), at(fs, "/full/b")]).toEqual([undefined, node]);
    expect([fs.attributes(at(fs, "/empty")).nlink, fs.attributes(at(fs, "/full")).nlink]).toEqual([2, 4]);
    expect(rename("/full", "/full/b/c/deep")).toBe("EINVAL");
  });
}

export function describeTrees(open: Open): void {
  test("numbers stay while everything about a node changes", async () => {
    const paths = ["/dir", "/dir/a", "/dir/b", "/dir/sub", "/dir/sub/c"];
    const fs = await open((made) => {
      mkdirAll(made, "/dir/sub");
      for (const path of ["/dir/a", "/dir/b", "/dir/sub/c"]) writeWholeFile(made, path, encodeUtf8(path));
    });
    const numbers = (): (number | undefined)[] => paths.map((path) => walk(fs, path).node);
    const before = numbers();
    expect(new Set(before).size).toBe(paths.length);
    fs.write(at(fs, "/dir/a"), 0, encodeUtf8("x"));
    fs.setAttributes(at(fs, "/dir/sub/c"), { mode: 0o600 });
    fs.setXattr(at(fs, "/dir"), "user.x", encodeUtf8("y"), "either");
    fs.link(at(fs, "/dir/b"), fs.root, "b");
    expect(numbers()).toEqual(before);
    const listed = fs
      .readDirectory(at(fs, "/dir"))
      .map(({ name, ino }) => [`/dir/${name}`, ino])
      .sort();
    expect(listed).toEqual(paths.map((path, index) => [path, before[index]]).slice(1, 4));
  });

  test("a tree that was removed is gone, and its names are free for other types", async () => {
    const fs = await open((made) => {
      for (const path of ["/tree/a/x", "/tree/b/y"]) {
        mkdirAll(made, path.slice(0, -2));
        writeWholeFile(made, path, encodeUtf8(path));
      }
    });
    removeTree(fs, fs.root, "tree");
    writeWholeFile(fs, "/tree", encodeUtf8("a file now"));
    expect([textOf(fs, at(fs, "/tree")), codeOf(() => at(fs, "/tree/a"))]).toEqual(["a file now", "ENOTDIR"]);
    fs.unlink(fs.root, "tree");
    mkdirAll(fs, "/tree/a");
    expect(fs.readDirectory(at(fs, "/tree")).map(({ name }) => name)).toEqual(["a"]);
    expect(fs.readDirectory(at(fs, "/tree/a"))).toEqual([]);
    expect(fs.attributes(at(fs, "/tree")).nlink).toBe(3);
  });

  test("a listing keeps its order while nothing changes", async () => {
    const names = Array.from({ length: 300 }, (_, index) => `name ${(index * 7919) % 300}`);
    const fs = await open((made) => names.forEach((name) => made.create(made.root, name, FILE)));
    fs.setAttributes(at(fs, "/name 7"), { mode: 0 });
    const order = fs.readDirectory(fs.root).map(({ name }) => name);
    expect([...order].sort()).toEqual([...names].sort());
    expect(fs.readDirectory(fs.root).map(({ name }) => name)).toEqual(order);
  });

  test("a path a thousand directories deep works", async () => {
    const fs = await open((made) => {
      let directory = made.root;
      for (let depth = 0; depth < 1000; depth++) directory = made.create(directory, "d", DIRECTORY);
    });
    let directory = fs.root;
    for (let depth = 0; depth < 1000; depth++) directory = fs.lookup(directory, "d") ?? 0;
    fs.write(fs.create(directory, "deep", FILE), 0, encodeUtf8("x"));
    expect(fs.readDirectory(directory).map(({ name }) => name)).toEqual(["deep"]);
  });

  test("random operations give what memory gives", async () => {
    for (let seed = 1; seed <= RANDOM_SEEDS; seed++) {
      const model = new MemoryFilesystem({ clock: testClock() });
      const runner = new Runner(model);
      const options = { isLayer: false, hasLinks: true };
      const performed = performRandomly(new Random(seed), model, runner, RANDOM_OPERATIONS, options)
        // The overlay takes no device 0:0, and neither do others have to.
        .filter(
          ({ operation }) => !(operation.op === "mknod" && operation.major === 0 && operation.type === "character"),
        );
      const replayed = new MemoryFilesystem({ clock: testClock() });
      const fs = await open();
      const [expected, actual] = [new Runner(replayed), new Runner(fs)];
      for (const { operation } of performed) {
        expect({ seed, operation, answer: actual.run(operation) }).toEqual({
          seed,
          operation,
          answer: expected.run(operation),
        });
      }
      const comparable = (side: Filesystem): unknown =>
        dump(side).map(({ path, type, mode, uid, gid, size, target, same, xattrs, nlink }) => ({
          path,
          type,
          mode,
          uid,
          gid,
          size,
          target,
          same,
          xattrs,
          nlink: path === "" ? 0 : nlink,
        }));
      expect({ seed, tree: comparable(fs), contents: contentsOf(fs) }).toEqual({
        seed,
        tree: comparable(replayed),
        contents: contentsOf(replayed),
      });
      actual.close();
    }
  });
}
