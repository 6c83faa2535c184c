/**
 * Runs in a worker of a real browser, as the tab's engine does: unpacks a layer into OPFS, runs
 * programs of it in the product's own pods, and reports what came of them.
 */
import { decodeUtf8, encodeUtf8 } from "../../layers/base/bytes.ts";
import { systemClock } from "../../layers/base/clock.ts";
import { collectBytes, streamOf } from "../../layers/base/streams.ts";
import { OpfsStorage } from "../../layers/content/opfs-storage.ts";
import { createWasmHasher } from "../../layers/oci/wasm-hasher.ts";
import { StorageSnapshotter } from "../../layers/snapshots/storage-snapshotter.ts";
import type { ProcessSpec, TaskSpec } from "../../runtime/backends/backend.ts";
import { WasiBackend } from "../../runtime/backends/wasi/wasi-backend.ts";
import { podSpawner } from "../../runtime/workers/spawn-pod.ts";
import { answer } from "../support/browser-worker.ts";

export interface BrowserOrder {
  readonly sdkBaseUrl: string;
  readonly layerUrl: string;
  readonly diffID: string;
}

interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
let containers = 0;

function specOf(
  diffID: string,
  process: Partial<ProcessSpec> & { readonly args: readonly string[] },
  memoryBytes: number,
): TaskSpec {
  const id = (++containers).toString(16).padStart(64, "0");
  return {
    id,
    platform: "wasi/wasm",
    hostname: "host",
    domainname: "",
    root: { layers: [diffID], writable: id, isReadOnly: false },
    mounts: [],
    process: {
      env: ["PATH=/bin"],
      workingDirectory: "/",
      user: "",
      additionalGroups: [],
      hasTerminal: false,
      consoleSize: undefined,
      hasStdin: false,
      capabilities: [],
      noNewPrivileges: false,
      rlimits: [],
      ...process,
    },
    resources: { memoryBytes, cpuQuotaUs: 0, cpuPeriodUs: 0, pids: 0 },
    system: {
      shmSizeBytes: 0, isPrivileged: false, maskedPaths: [], readOnlyPaths: [], sysctls: {}, oomScoreAdjustment: 0,
      devices: [], hasCgroupNamespace: true,
    },
    shares: {},
    seccomp: undefined,
    hasInit: false,
    annotations: {},
  };
}

answer(async (order: BrowserOrder) => {
  const storage = new OpfsStorage("wasi-test");
  const snapshots = new StorageSnapshotter({
    storage,
    newHasher: createWasmHasher,
    clock: systemClock,
  });
  const layer = new Uint8Array(await (await fetch(order.layerUrl)).arrayBuffer());
  await snapshots.unpack(order.diffID, streamOf(layer));
  const backend = new WasiBackend({
    spawnPod: podSpawner({ storage: "wasi-test", sdkBaseUrl: order.sdkBaseUrl }),
    isIsolated: crossOriginIsolated,
  });

  interface Given extends Partial<ProcessSpec> {
    readonly stdin?: string;
    readonly memoryBytes?: number;
    readonly killAfterMs?: number;
  }
  const run = async (
    args: readonly string[],
    given: Given = {},
  ): Promise<Outcome & { changes: unknown }> => {
    const { stdin, memoryBytes, killAfterMs, ...process } = given;
    const started = performance.now();
    const task = await backend.create(
      specOf(order.diffID, { args, hasStdin: stdin !== undefined, ...process }, memoryBytes ?? 0),
    );
    const out = collectBytes(task.stdout, OUTPUT_BYTES_MAX);
    const err = collectBytes(task.stderr, OUTPUT_BYTES_MAX);
    await task.start();
    if (stdin !== undefined) {
      const writer = task.stdin.getWriter();
      await writer.write(encodeUtf8(stdin));
      if (process.hasTerminal !== true) await writer.close();
    }
    if (killAfterMs !== undefined) setTimeout(() => void task.kill(9), killAfterMs);
    const { exitCode } = await task.exited;
    const ms = performance.now() - started;
    const [stdout, stderr] = [decodeUtf8(await out), decodeUtf8(await err)];
    const changes = await task.files.changes();
    task.dispose();
    await task.closed();
    return { exitCode, stdout, stderr, ms, changes };
  };

  const first = await run(["echo", "hello"]);
  const warm: number[] = [];
  for (let turn = 0; turn < 5; turn++) warm.push((await run(["echo", "hello"])).ms);
  const big = await run(["seq", "1100000"]);
  const many = await run(["many", "200", "/tmp/many"]);
  const result = {
    first,
    warmMs: warm.sort((a, b) => a - b)[2],
    big: {
      exitCode: big.exitCode,
      sizeBytes: big.stdout.length,
      ends: big.stdout.endsWith("\n1100000\n"),
    },
    many: {
      exitCode: many.exitCode,
      stdout: many.stdout,
      changes: (many.changes as readonly unknown[]).length,
    },
    stdin: await run(["cat"], { stdin: "typed" }),
    args: await run(["args", "", "é", "\udcff"]),
    list: await run(["ls", "-l", "/"]),
    link: await run(["ln", "-s", "/etc/motd", "/motd"]),
    trap: await run(["crash"]),
    memory: await run(["crash", "memory"]),
    limit: await run(["alloc", "64"], { memoryBytes: 16 * 1024 * 1024 }),
    spin: await run(["spin"], { killAfterMs: 1000 }),
    terminal: await run(["cat"], { hasTerminal: true, stdin: "ab\x7fc\r\x04" }),
    interrupt: await run(["spin"], { hasTerminal: true, stdin: "\x03" }),
    missing: await run(["nope"]).catch((thrown: unknown) => (thrown as Error).message),
    pods: backend.podCount,
  };
  backend.dispose();
  await storage.close();
  return result;
});
