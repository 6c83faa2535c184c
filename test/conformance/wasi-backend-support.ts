/**
 * Everything the WASI conformance tests share: the backend with its workers bundled (threads cannot
 * run TypeScript in Node 20), and one call that runs a program and gathers what came of it.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "rolldown";
import { concatBytes } from "../../layers/base/bytes.ts";
import { collectBytes } from "../../layers/base/streams.ts";
import type { ExitStatus, ProcessSpec, Task, TaskSpec } from "../../runtime/backends/backend.ts";
import { WasiBackend } from "../../runtime/backends/wasi/wasi-backend.ts";
import { podSpawner } from "../../runtime/workers/node/spawn-pod.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** Bundles the two worker entries once per test file. */
async function bundleWorkers(podEntry: string): Promise<{ podUrl: URL; guestWorkerUrl: URL }> {
  const directory = join(ROOT, ".cache/wasi-tests", String(process.pid));
  mkdirSync(directory, { recursive: true });
  const bundle = async (entry: string, name: string): Promise<URL> => {
    const file = join(directory, `${name}.mjs`);
    await build({ input: join(ROOT, entry), platform: "node", logLevel: "silent", output: { file, format: "esm" } });
    return pathToFileURL(file);
  };
  return {
    podUrl: await bundle(podEntry, "pod"),
    guestWorkerUrl: await bundle("runtime/workers/node/guest-worker.ts", "guest-worker"),
  };
}

/** The backend over folders of this machine as image layers. */
export async function nodeBackend(layersDirectory: string, podEntry = "test/conformance/wasi-fake-pod.ts"): Promise<WasiBackend> {
  const workers = await bundleWorkers(podEntry);
  return new WasiBackend({ spawnPod: podSpawner({ directory: layersDirectory, ...workers }), isIsolated: true });
}

export interface RunSpec extends Partial<ProcessSpec> {
  readonly args: readonly string[];
  readonly layers: readonly string[];
  readonly id?: string;
  readonly stdin?: Uint8Array;
  readonly memoryBytes?: number;
  readonly mounts?: TaskSpec["mounts"];
  readonly isReadOnly?: boolean;
}

let runs = 0;

export function taskSpec(run: RunSpec): TaskSpec {
  const id = run.id ?? (++runs).toString(16).padStart(64, "0");
  return {
    id,
    platform: "wasi/wasm",
    hostname: "host",
    domainname: "",
    root: { layers: run.layers, writable: id, isReadOnly: run.isReadOnly ?? false },
    mounts: run.mounts ?? [],
    process: {
      args: run.args,
      env: run.env ?? ["PATH=/usr/bin:/bin", "HOME=/root"],
      workingDirectory: run.workingDirectory ?? "/",
      user: run.user ?? "",
      additionalGroups: [],
      hasTerminal: run.hasTerminal ?? false,
      consoleSize: undefined,
      hasStdin: run.hasStdin ?? run.stdin !== undefined,
      capabilities: [],
      noNewPrivileges: false,
      rlimits: [],
    },
    resources: { memoryBytes: run.memoryBytes ?? 0, cpuQuotaUs: 0, cpuPeriodUs: 0, pids: 0 },
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

export interface RunResult extends ExitStatus {
  readonly stdout: string;
  readonly stderr: string;
}

/** Creates, starts, waits, gathers; `meanwhile` runs when the program has started. */
export async function run(backend: WasiBackend, spec: RunSpec, meanwhile?: (task: Task) => Promise<void>): Promise<RunResult> {
  const task = await backend.create(taskSpec(spec));
  try {
    const stdout = collectBytes(task.stdout, OUTPUT_BYTES_MAX);
    const stderr = collectBytes(task.stderr, OUTPUT_BYTES_MAX);
    await task.start();
    if (spec.stdin !== undefined) {
      const writer = task.stdin.getWriter();
      await writer.write(spec.stdin);
      await writer.close();
    }
    await meanwhile?.(task);
    const status = await task.exited;
    return { ...status, stdout: text(await stdout), stderr: text(await stderr) };
  } finally {
    task.dispose();
    await task.closed();
  }
}

/** Bytes one to one, so that nothing is lost to decoding. */
function text(bytes: Uint8Array): string {
  return Buffer.from(concatBytes([bytes])).toString("latin1");
}
