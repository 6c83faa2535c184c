/**
 * Crashes of real processes and threads over NodeStorage: SIGKILL leaves locks, half-written ingests
 * and torn logs behind, and the next process must find everything that was promised.
 */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { appendFileSync, readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { afterEach, expect, test } from "vitest";
import { StorageContentStore } from "../../layers/content/blob-store.ts";
import { createNodeHasher } from "../../layers/content/node/node-hasher.ts";
import { NodeStorage } from "../../layers/content/node/node-storage.ts";
import { equal, fails } from "../support/check.ts";
import { endPlaces, temporaryDirectory } from "./storage-places.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DIGEST = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; // Of "abc".

afterEach(endPlaces);

/** A program that opens `directory`, runs `statements` with `storage` and `store`, and stays. */
function program(directory: string, statements: string): string {
  return `
    import { runnerImport } from "vite";
    const load = async (path) => (await runnerImport(${JSON.stringify(ROOT)} + path, { logLevel: "error" })).module;
    const { NodeStorage } = await load("layers/content/node/node-storage.ts");
    const { StorageContentStore } = await load("layers/content/blob-store.ts");
    const { createNodeHasher } = await load("layers/content/node/node-hasher.ts");
    const storage = new NodeStorage(${JSON.stringify(directory)});
    const store = new StorageContentStore(storage.files, createNodeHasher);
    ${statements}
    console.log("ready");
    setInterval(() => undefined, 1000);
  `;
}

async function startProcess(directory: string, statements: string): Promise<ChildProcess> {
  const text = program(directory, statements);
  const child = spawn(process.execPath, ["--input-type=module", "-e", text], { cwd: ROOT });
  let errors = "";
  child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  const died = once(child, "exit").then(() => {
    throw new Error(`the process died: ${errors}`);
  });
  died.catch(() => undefined); // After "ready" it dies because it is killed.
  for (let output = ""; !output.includes("ready"); ) {
    const [data] = (await Promise.race([once(child.stdout, "data"), died])) as [Buffer]; // As Node says.
    output += data.toString();
  }
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

test("a killed process leaves an ingest that the next one continues", async () => {
  const directory = temporaryDirectory();
  const child = await startProcess(
    directory,
    `const ingest = await store.ingest({ digest: "${DIGEST}" });
     await ingest.write(new TextEncoder().encode("ab"));
     await storage.records.apply([{ kind: "put", key: "told", value: "kept" }]);`,
  );
  const storage = new NodeStorage(directory);
  const store = new StorageContentStore(storage.files, createNodeHasher);
  await fails(store.ingest({ digest: DIGEST }), "conflict", /open for writing/);
  await kill(child);
  const ingest = await store.ingest({ digest: DIGEST });
  equal(ingest?.offset, 2);
  await ingest?.write(new TextEncoder().encode("c"));
  await ingest?.commit();
  equal(await storage.records.get("told"), "kept");
  await storage.close();
  equal(readdirSync(join(directory, "locks")), [], "locks left");
});

test.skipIf(process.platform !== "linux")("a terminated thread's lock is taken over (needs /proc)", async () => {
  const directory = temporaryDirectory();
  const text = program(directory, `await storage.files.openWritable("f");`)
    .replace(`console.log("ready")`, `parentPort.postMessage("ready")`)
    .replace("import", `import { parentPort } from "node:worker_threads"; import`);
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(resolved(text))}`));
  await once(worker, "message");
  const storage = new NodeStorage(directory);
  await fails(storage.files.openWritable("f"), "conflict");
  await worker.terminate();
  (await storage.files.openWritable("f")).close();
  await storage.close();
});

test("threads that contend for a lock have it one at a time, and the dead owner's first", async () => {
  const [THREADS, ROUNDS] = [3, 150];
  const path = join(temporaryDirectory(), "contended");
  writeFileSync(path, JSON.stringify({ pid: 2 ** 22 + 1, descriptor: 3 })); // Above the highest pid.
  const shared = new Int32Array(new SharedArrayBuffer(8)); // Owners now; times two were seen.
  const text = `
    import { parentPort, workerData } from "node:worker_threads";
    import { runnerImport } from "vite";
    const { module } = await runnerImport("${ROOT}layers/content/node/file-lock.ts", { logLevel: "error" });
    for (let round = 0; round < ${ROUNDS}; ) {
      const lock = module.tryLock(${JSON.stringify(path)});
      if (lock === undefined) continue;
      if (Atomics.add(workerData, 0, 1) !== 0) Atomics.add(workerData, 1, 1);
      for (const end = performance.now() + 0.1; performance.now() < end; );
      Atomics.sub(workerData, 0, 1);
      lock.dispose();
      round++;
    }`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(resolved(text))}`);
  const threads = Array.from({ length: THREADS }, () => new Worker(url, { workerData: shared }));
  await Promise.all(threads.map((thread) => once(thread, "exit")));
  expect([...shared]).toEqual([0, 0]);
});

/** A data: module cannot look packages up. */
function resolved(text: string): string {
  return text.replace(`from "vite"`, `from ${JSON.stringify(import.meta.resolve("vite"))}`);
}

test("a torn end of the log is dropped, the batches before it stay", async () => {
  const directory = temporaryDirectory();
  const log = join(directory, "records.log");
  const first = new NodeStorage(directory);
  await first.records.apply([{ kind: "put", key: "a", value: 1 }]);
  const wholeBytes = statSync(log).size;
  await first.records.apply([
    { kind: "put", key: "a", value: 2 },
    { kind: "put", key: "b", value: 2 },
  ]);
  await first.close();
  for (const keptBytes of [wholeBytes, wholeBytes + 3, wholeBytes + 9, statSync(log).size - 1].reverse()) {
    truncateSync(log, keptBytes);
    const storage = new NodeStorage(directory);
    expect(await storage.records.entries("")).toEqual([["a", 1]]);
    await storage.close();
  }
  appendFileSync(log, Buffer.alloc(40, 7)); // Garbage with a length far past the end.
  const last = new NodeStorage(directory);
  await last.records.apply([{ kind: "put", key: "c", value: 3 }]);
  await last.close();
  const again = new NodeStorage(directory);
  expect(await again.records.entries("")).toEqual([["a", 1], ["c", 3]]);
  await again.close();
});

test("a flipped bit in the log drops that batch and what follows", async () => {
  const directory = temporaryDirectory();
  const log = join(directory, "records.log");
  const first = new NodeStorage(directory);
  await first.records.apply([{ kind: "put", key: "a", value: 1 }]);
  const goodBytes = statSync(log).size;
  await first.records.apply([{ kind: "put", key: "b", value: 2 }]);
  await first.close();
  const bytes = readFileSync(log);
  bytes[goodBytes + 12] = (bytes[goodBytes + 12] ?? 0) ^ 1;
  writeFileSync(log, bytes);
  const again = new NodeStorage(directory);
  expect(await again.records.entries("")).toEqual([["a", 1]]);
  await again.close();
});

test("the log is rewritten when most of it is outdated, also under a reader", async () => {
  const directory = temporaryDirectory();
  const [writer, reader] = [new NodeStorage(directory), new NodeStorage(directory)];
  await writer.records.apply([{ kind: "put", key: "kept", value: "since the beginning" }]);
  expect(await reader.records.get("kept")).toBe("since the beginning");
  for (let round = 1; round <= 12; round++) {
    await writer.records.apply([{ kind: "put", key: "large", value: { round, text: "x".repeat(200_000) } }]);
  }
  expect(statSync(join(directory, "records.log")).size).toBeLessThan(1_300_000);
  expect(await reader.records.get("large")).toMatchObject({ round: 12 });
  await reader.records.apply([{ kind: "put", key: "after", value: 1 }]);
  expect((await writer.records.entries("")).map(([key]) => key)).toEqual(["after", "kept", "large"]);
  await Promise.all([writer.close(), reader.close()]);
});
