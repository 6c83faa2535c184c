/** Layers and writable layers on a Storage in memory; hosts and crashes are in test/contracts. */
import { describe, expect, it } from "vitest";
import { concatBytes, decodeUtf8, encodeUtf8, equalBytes } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { SlipwayError } from "../base/errors.ts";
import { collectBytes, streamFrom, streamOf } from "../base/streams.ts";
import { compressGzip } from "../compression/decompress.ts";
import { MemoryPlace, MemoryStorage } from "../content/memory-storage.ts";
import { isFsError } from "../fs/errors.ts";
import type { Filesystem } from "../fs/filesystem.ts";
import { mkdirAll, readWholeFile, resolve, walk, writeWholeFile } from "../fs/walk.ts";
import { createWasmHasher } from "../oci/wasm-hasher.ts";
import { packTree } from "../tar/archive.ts";
import type { TarHeader } from "../tar/header.ts";
import { END_OF_ARCHIVE, bodyPaddingOf, writeHeader } from "../tar/writer.ts";
import type { Mounted } from "./snapshotter.ts";
import { StorageSnapshotter } from "./storage-snapshotter.ts";

const MIB = 1024 * 1024;
let now = 1_700_000_000_000_000_000n;
const clock: Clock = {
  nowNs: () => (now += 1_000_000n),
  monotonicMs: () => 0,
  after: () => ({ dispose: () => undefined }),
};

interface Place {
  readonly place: MemoryPlace;
  readonly storage: MemoryStorage;
  readonly snapshotter: StorageSnapshotter;
}

function open(place = new MemoryPlace()): Place {
  const storage = new MemoryStorage(place);
  return { place, storage, snapshotter: new StorageSnapshotter({ storage, newHasher: createWasmHasher, clock }) };
}

async function digestOf(bytes: Uint8Array): Promise<string> {
  const hasher = await createWasmHasher("sha256");
  hasher.update(bytes);
  return `sha256:${hasher.digestHex()}`;
}

function entry(name: string, changes: Partial<TarHeader> = {}, text = ""): Uint8Array {
  const body = encodeUtf8(text);
  const head: TarHeader = {
    name,
    type: "file",
    mode: 0o644,
    uid: 0,
    gid: 0,
    userName: "",
    groupName: "",
    sizeBytes: body.length,
    mtimeNs: 1_000_000_000n,
    atimeNs: undefined,
    ctimeNs: undefined,
    linkName: "",
    rdev: { major: 0, minor: 0 },
    xattrs: new Map(),
    extents: undefined,
    ...changes,
  };
  return concatBytes([writeHeader(head), body, bodyPaddingOf(head)]);
}

const dir = (name: string, mode = 0o755): Uint8Array => entry(name, { type: "directory", mode });
const file = (name: string, text: string): Uint8Array => entry(name, {}, text);
const link = (name: string, linkName: string): Uint8Array => entry(name, { type: "hardlink", linkName });
const symlink = (name: string, linkName: string): Uint8Array => entry(name, { type: "symlink", linkName });

/** Unpacks a layer of these entries; its diffID. */
async function layerOf(snapshotter: StorageSnapshotter, ...parts: Uint8Array[]): Promise<string> {
  const tar = concatBytes([...parts, END_OF_ARCHIVE]);
  const diffID = await digestOf(tar);
  await snapshotter.unpack(diffID, compressGzip(streamOf(tar)));
  return diffID;
}

/** Paths with what is there, sorted. */
function treeOf(filesystem: Filesystem): string[] {
  const lines: string[] = [];
  const visit = (node: number, path: string): void => {
    for (const { name, type } of filesystem.readDirectory(node)) {
      const at = `${path}/${name}`;
      const ino = filesystem.lookup(node, name) ?? 0;
      if (type === "directory") {
        lines.push(`${at}/`);
        visit(ino, at);
      } else if (type === "symlink") lines.push(`${at} -> ${filesystem.readLink(ino)}`);
      else if (type === "file") lines.push(`${at} = ${decodeUtf8(readWholeFile(filesystem, at, MIB))}`);
      else lines.push(`${at} ${type}`);
    }
  };
  visit(filesystem.root, "");
  return lines.sort();
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (thrown) {
    return thrown instanceof SlipwayError ? `${thrown.kind}: ${thrown.message}` : String(thrown);
  }
}

const text = (mounted: Mounted, path: string): string =>
  decodeUtf8(readWholeFile(mounted.filesystem, path, MIB));

describe("unpacking", () => {
  it("keeps what an archive says, by entries that come twice the last", async () => {
    const { snapshotter } = open();
    const diffID = await layerOf(
      snapshotter,
      dir("./"),
      file("etc/passwd", "old"),
      dir("etc", 0o700),
      file("etc/passwd", "new"),
      link("etc/passwd-", "etc/passwd"),
      symlink("etc/mtab", "/proc/mounts"),
      entry("dev/null", { type: "character", rdev: { major: 1, minor: 3 }, mode: 0o666 }),
      entry("bin/su", { mode: 0o4755, uid: 7, gid: 8, mtimeNs: 1_700_000_000_123_456_789n }, "suid"),
      entry("capable", { xattrs: new Map([["security.capability", Uint8Array.of(1, 2, 3)]]) }),
      file("d/was-a-dir", "x"),
      file("d", "now a file"),
    );
    const mounted = await snapshotter.mount({ layers: [diffID], writable: undefined });
    const { filesystem } = mounted;
    expect(treeOf(filesystem)).toEqual([
      "/bin/",
      "/bin/su = suid",
      "/capable = ",
      "/d = now a file",
      "/dev/",
      "/dev/null character",
      "/etc/",
      "/etc/mtab -> /proc/mounts",
      "/etc/passwd = new",
      "/etc/passwd- = new",
    ]);
    expect(filesystem.attributes(resolve(filesystem, "/bin/su"))).toMatchObject({
      mode: 0o4755, uid: 7, gid: 8, mtimeNs: 1_700_000_000_123_456_789n,
    });
    expect(filesystem.attributes(resolve(filesystem, "/etc/passwd")).nlink).toBe(2);
    expect(filesystem.attributes(resolve(filesystem, "/etc")).mode).toBe(0o700);
    const capable = resolve(filesystem, "/capable");
    expect(filesystem.getXattr(capable, "security.capability")).toEqual(Uint8Array.of(1, 2, 3));
    await mounted.unmount();
    expect(await snapshotter.layer(diffID)).toEqual({ diffID, sizeBytes: 21, entries: 11 });
  });

  it("stacks layers: whiteouts, opaque directories, changed types", async () => {
    const { snapshotter } = open();
    const base = await layerOf(
      snapshotter, file("a/one", "1"), file("a/two", "2"), file("b/x", "x"), file("c", "c"), file("e/old", "e"),
    );
    const above = await layerOf(
      snapshotter,
      file("a/.wh.one", ""),
      file("b/.wh..wh..opq", ""),
      file("b/y", "y"),
      dir("c"),
      file("c/inside", "i"),
      file(".wh.e", ""),
      dir("e"),
      file("e/new", "n"),
    );
    const mounted = await snapshotter.mount({ layers: [base, above], writable: undefined });
    expect(treeOf(mounted.filesystem)).toEqual(
      ["/a/", "/a/two = 2", "/b/", "/b/y = y", "/c/", "/c/inside = i", "/e/", "/e/new = n"],
    );
    await mounted.unmount();
  });

  it("links to files of lower layers, and keeps what lower layers say of implied directories", async () => {
    const { snapshotter } = open();
    const base = await layerOf(snapshotter, dir("d", 0o750), entry("d/f", { mode: 0o4711, uid: 5 }, "below"));
    const above = await layerOf(snapshotter, link("d/g", "d/f"), link("d/h", "d/g"));
    const mounted = await snapshotter.mount({ layers: [base, above], writable: "w" });
    expect(treeOf(mounted.filesystem)).toEqual(["/d/", "/d/f = below", "/d/g = below", "/d/h = below"]);
    const { filesystem } = mounted;
    expect(filesystem.attributes(resolve(filesystem, "/d")).mode).toBe(0o750);
    expect(filesystem.attributes(resolve(filesystem, "/d/h"))).toMatchObject({ mode: 0o4711, uid: 5, nlink: 2 });
    filesystem.write(resolve(filesystem, "/d/g"), 0, encodeUtf8("ABOVE"));
    expect([text(mounted, "/d/f"), text(mounted, "/d/h")]).toEqual(["below", "ABOVE"]);
    await mounted.unmount();
    const alone = snapshotter.mount({ layers: [above], writable: undefined });
    expect(await failureOf(alone)).toMatch(/^invalidParameter: failed to register layer: link \/d\/f \/d\/g: no such/);
  });

  it("never leaves the root", async () => {
    const { snapshotter, place } = open();
    expect(await failureOf(layerOf(snapshotter, file("../evil", "x")))).toBe(
      `invalidParameter: "../evil" is outside of "/"`,
    );
    expect(await failureOf(layerOf(snapshotter, file("a/../../evil", "x")))).toMatch(/is outside of/);
    expect(await failureOf(layerOf(snapshotter, link("l", "../../etc/shadow")))).toBe(
      `invalidParameter: invalid hardlink "l" -> "../../etc/shadow"`,
    );
    expect(await failureOf(layerOf(snapshotter, symlink("a", "b"), symlink("b", "a"), file("a/x", "")))).toMatch(
      /too many levels of symbolic links/,
    );
    expect(await failureOf(layerOf(snapshotter, file("n".repeat(256), "x")))).toMatch(/file name too long/);
    expect(place.files.size).toBe(0);
    const diffID = await layerOf(
      snapshotter, file("/absolute", "a"), symlink("up", "../../.."), file("up/through", "t"),
      symlink("lib", "usr/lib"), file("lib/libc", "so"),
    );
    const mounted = await snapshotter.mount({ layers: [diffID], writable: undefined });
    expect(treeOf(mounted.filesystem)).toEqual([
      "/absolute = a", "/lib -> usr/lib", "/through = t", "/up -> ../../..", "/usr/", "/usr/lib/", "/usr/lib/libc = so",
    ]);
    await mounted.unmount();
  });

  it("shows nothing of a layer that is broken, wrong, too large or given up", async () => {
    const { snapshotter, place } = open();
    const tar = concatBytes([file("a", "x".repeat(100_000)), END_OF_ARCHIVE]);
    const diffID = await digestOf(tar);
    const packed = await collectBytes(compressGzip(streamOf(tar)), MIB);
    const kinds: string[] = [];
    const attempt = async (source: Parameters<typeof snapshotter.unpack>[1], id = diffID): Promise<void> => {
      kinds.push((await failureOf(snapshotter.unpack(id, source))).split(":")[0] ?? "");
    };
    await attempt(streamOf(packed.subarray(0, packed.length - 10)));
    await attempt(streamOf(packed), await digestOf(encodeUtf8("another")));
    const cut = tar.subarray(0, 50_000);
    await attempt(streamOf(cut), await digestOf(cut));
    await attempt(streamOf(encodeUtf8("not a tar at all".repeat(100))));
    const zeros = concatBytes([
      writeHeader({ ...HEADER, name: "zeros", sizeBytes: 80 * MIB }), new Uint8Array(80 * MIB), END_OF_ARCHIVE,
    ]);
    await attempt(compressGzip(streamOf(zeros)), await digestOf(zeros));
    const controller = new AbortController();
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield packed.subarray(0, 100);
      controller.abort();
      await new Promise((resolveLater) => setTimeout(resolveLater, 5));
      yield packed.subarray(100);
    }
    const given = snapshotter.unpack(diffID, streamFrom(slow()), { signal: controller.signal });
    kinds.push((await failureOf(given)).split(":")[0] ?? "");
    expect(kinds).toEqual(["dataLoss", "dataLoss", "dataLoss", "dataLoss", "resourceExhausted", "cancelled"]);
    expect([...place.files.keys(), ...place.records.keys()]).toEqual([]);
    expect(await snapshotter.unpack(diffID, streamOf(packed))).toMatchObject({ sizeBytes: 100_000 });
  });

  it("fails with resourceExhausted on a full disk, leaving nothing", async () => {
    const { snapshotter, place } = open(new MemoryPlace({ quotaBytes: 3 * MIB }));
    const random = new Uint8Array(4 * MIB).map((_, index) => (index * 2654435761) >>> 13);
    const head = writeHeader({ ...HEADER, name: "big", sizeBytes: random.length });
    const tar = concatBytes([head, random, END_OF_ARCHIVE]);
    const failure = await failureOf(snapshotter.unpack(await digestOf(tar), streamOf(tar)));
    expect(failure).toBe("resourceExhausted: no space left on device");
    expect(place.usageBytes).toBe(0);
  });

  it("is shared by all who ask for the same layer, and goes on while one waits", async () => {
    const { snapshotter } = open();
    const tar = concatBytes([file("a", "shared"), END_OF_ARCHIVE]);
    const diffID = await digestOf(tar);
    const controller = new AbortController();
    let reads = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      await new Promise((resolveLater) => setTimeout(resolveLater, 30));
      yield tar;
      reads++;
    }
    const first = snapshotter.unpack(diffID, streamFrom(source()), { signal: controller.signal });
    const second = snapshotter.unpack(diffID, streamFrom(source()));
    await new Promise((resolveLater) => setTimeout(resolveLater, 5));
    controller.abort();
    expect(await failureOf(first)).toBe("cancelled: context canceled");
    expect(await second).toMatchObject({ diffID, sizeBytes: 6 });
    await snapshotter.unpack(diffID, streamFrom(source()));
    expect(reads).toBe(1);
  });

  it("sweeps what a crash left, and believes no record without its files", async () => {
    const { snapshotter, storage, place } = open();
    const diffID = await layerOf(snapshotter, file("a", "x"));
    for (const name of ["layers-incoming/sha256-aa.pack", "layers/sha256-bb.pack", "writable/w.journal.compacting"]) {
      (await storage.files.openWritable(name)).close();
    }
    await snapshotter.sweep();
    expect([...place.files.keys()].every((name) => name.includes(diffID.slice(7)))).toBe(true);
    place.files.clear();
    expect(await snapshotter.layer(diffID)).toBeUndefined();
    await snapshotter.sweep();
    expect(place.records.size).toBe(0);
  });
});

const HEADER: TarHeader = {
  name: "", type: "file", mode: 0o644, uid: 0, gid: 0, userName: "", groupName: "", sizeBytes: 0, mtimeNs: 0n,
  atimeNs: undefined, ctimeNs: undefined, linkName: "", rdev: { major: 0, minor: 0 }, xattrs: new Map(),
  extents: undefined,
};

describe("mounts", () => {
  async function arranged(): Promise<Place & { base: string }> {
    const opened = open();
    const base = await layerOf(
      opened.snapshotter, dir("etc"), file("etc/hosts", "hosts"), file("etc/motd", "hi"), file("var/log/a", "a"),
    );
    return { ...opened, base };
  }

  function change({ filesystem }: Mounted): void {
    const { root } = filesystem;
    writeWholeFile(filesystem, "/etc/hosts", encodeUtf8("changed"));
    filesystem.unlink(resolve(filesystem, "/etc"), "motd");
    const made = writeWholeFile(filesystem, "/made", encodeUtf8("made"), { mode: 0o4711, uid: 3, gid: 4 });
    filesystem.link(made, root, "linked");
    filesystem.setXattr(made, "user.k", encodeUtf8("v"), "either");
    filesystem.create(root, "to", { type: "symlink", mode: 0o777, uid: 0, gid: 0, target: "made" });
    const log = resolve(filesystem, "/var/log");
    filesystem.unlink(log, "a");
    filesystem.removeDirectory(resolve(filesystem, "/var"), "log");
    mkdirAll(filesystem, "/var/log");
    writeWholeFile(filesystem, "/var/log/b", encodeUtf8("b"));
  }

  const CHANGED = [
    "/etc/", "/etc/hosts = changed", "/linked = made", "/made = made", "/to -> made", "/var/",
    "/var/log/", "/var/log/b = b",
  ];

  it("keep what was written, for the next mount and in another worker", async () => {
    const { snapshotter, base, place } = await arranged();
    const mounted = await snapshotter.mount({ layers: [base], writable: "c1" });
    change(mounted);
    expect(treeOf(mounted.filesystem)).toEqual(CHANGED);
    expect(await failureOf(snapshotter.mount({ layers: [base], writable: "c1" }))).toMatch(/^conflict/);
    expect(await failureOf(snapshotter.removeLayer(base))).toMatch(/^conflict/);
    const before = mounted.filesystem.attributes(resolve(mounted.filesystem, "/made"));
    await mounted.unmount();
    const again = await open(place).snapshotter.mount({ layers: [base], writable: "c1" });
    expect(treeOf(again.filesystem)).toEqual(CHANGED);
    const { ino: _ino, ...after } = again.filesystem.attributes(resolve(again.filesystem, "/made"));
    expect(before).toMatchObject(after);
    await again.unmount();
    await snapshotter.removeWritable("c1");
    expect(await snapshotter.writables()).toEqual([]);
    await snapshotter.removeLayer(base);
    expect([...place.files.keys()]).toEqual([]);
  });

  it("export changes as a layer that gives the same tree on the same layers", async () => {
    const { snapshotter, base } = await arranged();
    const mounted = await snapshotter.mount({ layers: [base], writable: "c1" });
    change(mounted);
    const tar = await collectBytes(mounted.exportDiff(), MIB);
    const diffID = await digestOf(tar);
    await snapshotter.unpack(diffID, streamOf(tar));
    const committed = await snapshotter.mount({ layers: [base, diffID], writable: undefined });
    const packed = async ({ filesystem }: Mounted): Promise<Uint8Array> =>
      collectBytes(packTree(filesystem, filesystem.root, { name: "." }), MIB);
    expect(equalBytes(await packed(committed), await packed(mounted))).toBe(true);
    expect(mounted.changes()).toContainEqual({ kind: 2, path: "/etc/motd" });
    expect(mounted.changes()).toContainEqual({ kind: 1, path: "/made" });
    expect(mounted.writableSizeBytes()).toBe("changedmadeb".length);
    await committed.unmount();
    await mounted.unmount();
  });

  it("store nothing for a container that writes nothing", async () => {
    const { snapshotter, base } = await arranged();
    const mounted = await snapshotter.mount({ layers: [base], writable: "idle" });
    expect(await collectBytes(mounted.exportDiff(), MIB)).toEqual(END_OF_ARCHIVE);
    await mounted.unmount();
    await mounted.unmount();
    expect(await snapshotter.writables()).toEqual([]);
  });

  it("work without layers: a volume, and an image from nothing", async () => {
    const { snapshotter } = open();
    const volume = await snapshotter.mount({ layers: [], writable: "v" });
    writeWholeFile(volume.filesystem, "/data", encodeUtf8("kept"));
    await volume.unmount();
    const again = await snapshotter.mount({ layers: [], writable: "v" });
    expect(text(again, "/data")).toBe("kept");
    await again.unmount();
    const nothing = await snapshotter.mount({ layers: [], writable: undefined });
    expect(treeOf(nothing.filesystem)).toEqual([]);
    await nothing.unmount();
    const absent = snapshotter.mount({ layers: [`sha256:${"0".repeat(64)}`], writable: undefined });
    expect(await failureOf(absent)).toMatch(/^notFound: layer does not exist/);
  });
});

describe("a writable layer", () => {
  it("gives up only what follows the last sync when the end is torn", async () => {
    const { snapshotter, place } = open();
    const mounted = await snapshotter.mount({ layers: [], writable: "w" });
    writeWholeFile(mounted.filesystem, "/kept", encodeUtf8("k".repeat(5000)));
    mounted.filesystem.sync();
    const journal = place.files.get("writable/w.journal");
    const syncedBytes = journal?.sizeBytes ?? 0;
    writeWholeFile(mounted.filesystem, "/torn", encodeUtf8("t".repeat(5000)));
    await mounted.unmount();
    const wholeBytes = journal?.sizeBytes ?? 0;
    for (let cut = syncedBytes; cut < wholeBytes; cut += 501) {
      const copy = new MemoryPlace();
      const content = copy.make("writable/w.journal");
      const bytes = new Uint8Array(cut);
      journal?.readAt(0, bytes);
      content.writeAt(0, bytes);
      // A hole where a page never reached the disk.
      if (cut - 300 > syncedBytes) content.writeAt(cut - 300, new Uint8Array(100));
      const again = await open(copy).snapshotter.mount({ layers: [], writable: "w" });
      expect(text(again, "/kept")).toBe("k".repeat(5000));
      const torn = walk(again.filesystem, "/torn").node;
      expect(torn === undefined || again.filesystem.attributes(torn).sizeBytes === 0).toBe(true);
      await again.unmount();
    }
  });

  it("shrinks when most of it is garbage, losing nothing", async () => {
    const { snapshotter, place } = open();
    const mounted = await snapshotter.mount({ layers: [], writable: "w" });
    const { filesystem } = mounted;
    const kept = writeWholeFile(filesystem, "/dir/kept".slice(4), encodeUtf8("keep"), { mode: 0o640, uid: 9, gid: 9 });
    filesystem.link(kept, filesystem.root, "same");
    filesystem.setXattr(kept, "user.a", encodeUtf8("b"), "either");
    filesystem.write(kept, 5 * MIB, encodeUtf8("far"));
    const churn = writeWholeFile(filesystem, "/churn", new Uint8Array(0));
    for (let round = 0; round < 40; round++) filesystem.write(churn, 0, new Uint8Array(256 * 1024).fill(round));
    const tree = await collectBytes(packTree(filesystem, filesystem.root), 8 * MIB);
    await mounted.unmount();
    expect(place.files.get("writable/w.journal")?.sizeBytes).toBeLessThan(MIB);
    const again = await snapshotter.mount({ layers: [], writable: "w" });
    expect(equalBytes(await collectBytes(packTree(again.filesystem, again.filesystem.root), 8 * MIB), tree)).toBe(true);
    await again.unmount();
  });

  it("answers ENOSPC on a full disk, and goes on when there is room again", async () => {
    const { snapshotter } = open(new MemoryPlace({ quotaBytes: 3 * MIB }));
    const mounted = await snapshotter.mount({ layers: [], writable: "w" });
    const { filesystem } = mounted;
    writeWholeFile(filesystem, "/first", encodeUtf8("first"));
    filesystem.sync();
    const big = writeWholeFile(filesystem, "/big", new Uint8Array(0));
    let failure: unknown;
    try {
      for (let at = 0; at < 8 * MIB; at += 100_000) filesystem.write(big, at, new Uint8Array(100_000).fill(1));
    } catch (thrown) {
      failure = thrown;
    }
    expect(isFsError(failure, "ENOSPC")).toBe(true);
    filesystem.unlink(filesystem.root, "big");
    expect(text(mounted, "/first")).toBe("first");
    expect(filesystem.usage().freeBytes).toBeLessThan(3 * MIB);
  });

  it("makes one record of small writes that continue each other", async () => {
    const { snapshotter, place } = open();
    const mounted = await snapshotter.mount({ layers: [], writable: "w" });
    const log = writeWholeFile(mounted.filesystem, "/log", new Uint8Array(0));
    for (let at = 0; at < 10_000; at++) mounted.filesystem.write(log, at, Uint8Array.of(at & 0xff));
    await mounted.unmount();
    expect(place.files.get("writable/w.journal")?.sizeBytes).toBeLessThan(10_500);
    const again = await snapshotter.mount({ layers: [], writable: "w" });
    const bytes = readWholeFile(again.filesystem, "/log", MIB);
    expect(bytes.every((byte, at) => byte === (at & 0xff)) && bytes.length === 10_000).toBe(true);
    await again.unmount();
  });
});
