/**
 * A process that is killed with SIGKILL while it writes to a container's layer, and while it unpacks:
 * everything it was told is durable is there afterwards, and nothing half-done shows.
 */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../layers/base/clock.ts";
import { createNodeHasher } from "../../layers/content/node/node-hasher.ts";
import { NodeStorage } from "../../layers/content/node/node-storage.ts";
import { readWholeFile } from "../../layers/fs/walk.ts";
import { StorageSnapshotter } from "../../layers/snapshots/storage-snapshotter.ts";
import { atEnd, endPlaces, temporaryDirectory } from "./storage-places.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** How long a process may write before it is killed: from "hardly begun" to "several flushes later". */
const LIVES_MS = [0, 30, 150];

afterEach(endPlaces);

function program(directory: string, statements: string): string {
  return `
    import { runnerImport } from "vite";
    const load = async (path) => (await runnerImport(${JSON.stringify(ROOT)} + path, { logLevel: "error" })).module;
    const { NodeStorage } = await load("layers/content/node/node-storage.ts");
    const { createNodeHasher } = await load("layers/content/node/node-hasher.ts");
    const { StorageSnapshotter } = await load("layers/snapshots/storage-snapshotter.ts");
    const { writeWholeFile } = await load("layers/fs/walk.ts");
    const { systemClock: clock } = await load("layers/base/clock.ts");
    const storage = new NodeStorage(${JSON.stringify(directory)});
    const snapshotter = new StorageSnapshotter({ storage, newHasher: createNodeHasher, clock });
    ${statements}
  `;
}

interface Victim {
  readonly child: ChildProcess;
  /** Lines it has printed. */
  readonly lines: string[];
}

/** Starts a process and waits until it prints its first line. */
async function start(directory: string, statements: string): Promise<Victim> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program(directory, statements)], { cwd: ROOT });
  atEnd(() => child.kill("SIGKILL"));
  const lines: string[] = [];
  let errors = "";
  child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  child.stdout.on("data", (data: Buffer) => lines.push(...data.toString().split("\n").filter((line) => line !== "")));
  const died = once(child, "exit").then(() => {
    throw new Error(`the process died: ${errors}`);
  });
  died.catch(() => undefined); // After its first line it dies because it is killed.
  await Promise.race([once(child.stdout, "data"), died]);
  return { child, lines };
}

async function kill({ child }: Victim): Promise<void> {
  const closed = once(child, "close");
  child.kill("SIGKILL");
  await closed;
}

function reopen(directory: string): StorageSnapshotter {
  const storage = new NodeStorage(directory);
  atEnd(() => void storage.close());
  return new StorageSnapshotter({ storage, newHasher: createNodeHasher, clock: systemClock });
}

test.each(LIVES_MS)("what was synced before a kill after %i ms is there, whole", async (lifeMs) => {
  const directory = temporaryDirectory();
  const victim = await start(
    directory,
    `const { filesystem } = await snapshotter.mount({ layers: [], writable: "c" });
     const { writeSync } = await import("node:fs");
     for (let n = 0; ; n++) {
       writeWholeFile(filesystem, "/file" + n, new Uint8Array(1000 + n * 700).fill(n));
       if (n > 3) filesystem.unlink(filesystem.root, "file" + (n - 4));
       if (n % 3 === 0) {
         filesystem.sync();
         writeSync(1, n + "\\n");
       }
     }`,
  );
  await new Promise((resolve) => setTimeout(resolve, lifeMs));
  await kill(victim);
  const told = Number(victim.lines.at(-1));
  const mounted = await reopen(directory).mount({ layers: [], writable: "c" });
  const { filesystem } = mounted;
  const found = filesystem.readDirectory(filesystem.root).map(({ name }) => Number(name.slice(4)));
  const newest = Math.max(...found);
  expect(newest).toBeGreaterThanOrEqual(told);
  for (let n = Math.max(0, newest - 3); n <= told; n++) {
    const bytes = readWholeFile(filesystem, `/file${n}`, 100 * 1024 * 1024);
    expect(bytes.length === 1000 + n * 700 && bytes.every((byte) => byte === n % 256)).toBe(true);
  }
  // A prefix of what was done, in order: never a later change without the earlier ones.
  expect(found.every((n) => n >= newest - 4)).toBe(true);
  await mounted.unmount();
});

test("what was closed a moment before a kill is there without a sync", async () => {
  const directory = temporaryDirectory();
  const victim = await start(
    directory,
    `const { filesystem } = await snapshotter.mount({ layers: [], writable: "c" });
     const file = filesystem.create(filesystem.root, "closed", { type: "file", mode: 0o644, uid: 0, gid: 0 });
     filesystem.acquire(file);
     filesystem.write(file, 0, new TextEncoder().encode("closed"));
     filesystem.release(file);
     setTimeout(() => console.log("closed"), 200);`,
  );
  await kill(victim);
  const mounted = await reopen(directory).mount({ layers: [], writable: "c" });
  expect(new TextDecoder().decode(readWholeFile(mounted.filesystem, "/closed", 100))).toBe("closed");
  await mounted.unmount();
});

test("a killed unpack leaves no layer, and the sweep nothing at all", async () => {
  const directory = temporaryDirectory();
  const diffID = `sha256:${"a".repeat(64)}`;
  const victim = await start(
    directory,
    `const header = new Uint8Array(512);
     const text = (at, value) => header.set(new TextEncoder().encode(value), at);
     text(0, "big"); text(100, "0000644"); text(108, "0000000"); text(116, "0000000");
     text(124, "77777777777"); text(136, "00000000000"); text(148, "        ");
     text(156, "0"); text(257, "ustar\\x0000");
     text(148, header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0") + "\\0 ");
     let pieces = 0;
     const endless = new ReadableStream({
       pull: async (controller) => {
         controller.enqueue(pieces === 0 ? header : new Uint8Array(100_000));
         if (++pieces === 30) console.log("unpacking");
         await new Promise((resolve) => setTimeout(resolve, 1));
       },
     });
     await snapshotter.unpack("${diffID}", endless);`,
  );
  await kill(victim);
  const snapshotter = reopen(directory);
  const storage = new NodeStorage(directory);
  atEnd(() => void storage.close());
  expect((await storage.files.list("")).map(({ name }) => name)).not.toEqual([]);
  expect(await snapshotter.layer(diffID)).toBeUndefined();
  await snapshotter.sweep();
  expect(await storage.files.list("")).toEqual([]);
});
