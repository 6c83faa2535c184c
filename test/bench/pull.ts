/**
 * `npm run bench -- pull [ROUNDS]`: a Debian layer of 60 MB gzipped, from loopback HTTP into the
 * content store, unpacked, verified and committed, as a ratio to `gunzip | tee >(sha256sum) | tar x`
 * on the same file. In Node, Chromium and Firefox. Rounds alternate with the native pipeline, so
 * that a busy machine slows both; the ratio is that of the medians.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createNodeHasher } from "../../layers/content/node/node-hasher.ts";
import { NodeStorage } from "../../layers/content/node/node-storage.ts";
import { browsers, withBrowserPage } from "../support/browser-page.ts";
import type { BenchLayer } from "./pull/layer.ts";
import { benchLayer } from "./pull/layer.ts";
import { runNative } from "./pull/native.ts";
import type { PullOrder, PullTimes } from "./pull/station.ts";
import { pull } from "./pull/station.ts";

const ROUNDS = 5;

/** What the project promises; Firefox has no promise yet. */
const RATIO_TARGETS: Readonly<Record<string, number>> = { node: 2, chromium: 4 };

interface Row {
  readonly host: string;
  readonly runs: readonly PullTimes[];
  readonly nativeMs: readonly number[];
}

export default async function main([rounds = String(ROUNDS)]: readonly string[]): Promise<number> {
  const layer = await benchLayer();
  const megabytes = (layer.sizeBytes / 1e6).toFixed(1);
  console.log(`layer: ${layer.origin}, ${megabytes} MB gzipped, ${(layer.tarBytes / 1e6).toFixed(0)} MB of tar`);
  const server = await serveBlob(layer);
  const order = { url: server.url, digest: layer.digest, sizeBytes: layer.sizeBytes, diffID: layer.diffID };
  const rows: Row[] = [];
  try {
    rows.push(await measure("node", layer, Number(rounds), () => pullInNode(order)));
    for (const { name, missing } of browsers()) {
      if (missing === undefined) rows.push(await measureBrowser(name, layer, Number(rounds), order));
      else console.log(`skipped: ${missing}`);
    }
  } finally {
    server.end();
  }
  return report(rows);
}

async function measure(
  host: string,
  layer: BenchLayer,
  rounds: number,
  run: () => Promise<PullTimes>,
): Promise<Row> {
  await run(); // Once unmeasured: compilers and caches are warm, as for the native tools.
  runNative(layer.path);
  const [runs, nativeMs]: [PullTimes[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    nativeMs.push(runNative(layer.path));
    runs.push(await run());
  }
  return { host, runs, nativeMs };
}

async function pullInNode(order: PullOrder): Promise<PullTimes> {
  const directory = mkdtempSync(join(tmpdir(), "slipway-bench-pull-"));
  const storage = new NodeStorage(directory);
  try {
    return await pull(order, storage, createNodeHasher);
  } finally {
    await storage.close();
    rmSync(directory, { recursive: true });
  }
}

/** Chromium gets a profile on disk: a private window's storage is another, slower thing. */
async function measureBrowser(
  browser: "chromium" | "firefox",
  layer: BenchLayer,
  rounds: number,
  order: PullOrder,
): Promise<Row> {
  const profile = mkdtempSync(join(tmpdir(), "slipway-bench-profile-"));
  const options = browser === "chromium" ? { browser, profileDirectory: profile } : { browser };
  try {
    return await withBrowserPage(options, (page) =>
      measure(browser, layer, rounds, () => page.runWorker<PullTimes>("test/bench/pull/browser-worker.ts", order)),
    );
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
}

interface BlobServer {
  readonly url: string;
  end(): void;
}

async function serveBlob(layer: BenchLayer): Promise<BlobServer> {
  const script = fileURLToPath(new URL("./pull/blob-server.mjs", import.meta.url));
  const child = spawn(process.execPath, [script, layer.path], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer]; // As Node says.
  return { url: line.toString().trim(), end: () => child.stdin.end() };
}

function report(rows: readonly Row[]): number {
  let missed = 0;
  console.log("host       pull ms   fetch  unpack   native ms   ratio   target");
  for (const { host, runs, nativeMs } of rows) {
    const column = (key: "totalMs" | "fetchMs" | "unpackMs"): number => median(runs.map((run) => run[key]));
    const ratio = column("totalMs") / median(nativeMs);
    const target = RATIO_TARGETS[host];
    if (target !== undefined && ratio > target) missed++;
    const cells = [column("totalMs"), column("fetchMs"), column("unpackMs"), median(nativeMs)];
    const [total, fetched, unpacked, native] = cells.map((cell) => cell.toFixed(0));
    console.log(
      [
        host.padEnd(9),
        (total ?? "").padStart(8),
        (fetched ?? "").padStart(7),
        (unpacked ?? "").padStart(7),
        (native ?? "").padStart(11),
        ratio.toFixed(2).padStart(7),
        (target === undefined ? "-" : `≤ ${target}`).padStart(8),
      ].join(" "),
    );
  }
  return missed === 0 ? 0 : 1;
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
