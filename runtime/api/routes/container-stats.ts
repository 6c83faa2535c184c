/** `docker stats` and `docker update`: what a container uses and may use. */
import { encodeUtf8 } from "../../../layers/base/bytes.ts";
import { fail } from "../../../layers/base/errors.ts";
import type { Container } from "../../engine/containers/container.ts";
import type { Resources, RestartPolicy } from "../../engine/containers/host-config.ts";
import type { TaskStatistics } from "../../engine/containers/processes.ts";
import { sampleStatistics } from "../../engine/containers/processes.ts";
import { updateContainer } from "../../engine/containers/update.ts";
import type { Engine } from "../../engine/engine.ts";
import { ZERO_TIME, formatTime } from "../../engine/time.ts";
import type { Route } from "../call.ts";
import { param, readJsonBody } from "../call.ts";
import { UPDATE_CONFIG } from "../go/container-structs.ts";
import { decodeStruct } from "../go/go-json.ts";
import { jsonReply, streamReply } from "../replies.ts";

const INTERVAL_MS = 1_000;
const NEVER_THROTTLED = { periods: 0, throttledPeriods: 0, throttledNs: 0 } as const;
/** What only control groups of version 1 tell: moby leaves it out with version 2. */
const OF_CGROUP_1 = {
  io_serviced_recursive: null,
  io_queue_recursive: null,
  io_service_time_recursive: null,
  io_wait_time_recursive: null,
  io_merged_recursive: null,
  io_time_recursive: null,
  sectors_recursive: null,
} as const;

interface Sample {
  readonly timeNs: bigint;
  /** Undefined while the container does not run. */
  readonly statistics: TaskStatistics | undefined;
}

export const containerStats: Route = async (call) => {
  const { engine, query, client } = call;
  const container = engine.containers.get(param(call, "id"));
  const isStream = query.boolean("stream", true);
  const isOneShot = query.boolean("one-shot");
  return streamReply(
    "application/json",
    client.stream(samples(engine, container, { isStream, isOneShot, signal: client.signal })),
  );
};

async function* samples(
  engine: Engine,
  container: Container,
  options: { readonly isStream: boolean; readonly isOneShot: boolean; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void, undefined> {
  let before: Sample | undefined;
  // The load is a difference: without a stream the first sample only prepares the second.
  if (!options.isStream && !options.isOneShot) {
    before = await sample(engine, container);
    await pause(engine, options.signal);
  }
  while (
    !options.signal.aborted &&
    !engine.closing.aborted &&
    engine.containers.byId(container.id) !== undefined
  ) {
    const now = await sample(engine, container);
    yield encodeUtf8(`${JSON.stringify(statsJson(engine, container, now, before))}\n`);
    if (!options.isStream) return;
    before = now;
    await pause(engine, options.signal);
  }
}

async function sample(engine: Engine, container: Container): Promise<Sample> {
  return { timeNs: engine.clock.nowNs(), statistics: await sampleStatistics(engine, container.id) };
}

function pause(engine: Engine, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = engine.clock.after(INTERVAL_MS, resolve);
    const end = (): void => {
      timer.dispose();
      resolve();
    };
    signal.addEventListener("abort", end, { once: true });
    engine.closing.addEventListener("abort", end, { once: true });
  });
}

function statsJson(engine: Engine, container: Container, now: Sample, before: Sample | undefined): object {
  const { statistics } = now;
  return {
    name: `/${container.record.name}`,
    id: container.id,
    read: statistics === undefined ? ZERO_TIME : formatTime(now.timeNs),
    preread: before?.statistics === undefined ? ZERO_TIME : formatTime(before.timeNs),
    pids_stats: statistics === undefined ? {} : { current: statistics.pids, limit: statistics.pidsLimit },
    blkio_stats: {
      io_service_bytes_recursive: statistics === undefined ? null : blockIo(statistics),
      ...OF_CGROUP_1,
    },
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpuJson(engine, now),
    precpu_stats: cpuJson(engine, before),
    memory_stats:
      statistics === undefined
        ? {}
        : {
            usage: statistics.memoryUsageBytes,
            stats: memoryJson(statistics.memoryUsageBytes),
            limit: statistics.memoryLimitBytes || engine.host.memoryBytes,
          },
    ...(statistics === undefined ? {} : { networks: networksJson(statistics) }),
  };
}

function cpuJson(engine: Engine, sampled: Sample | undefined): object {
  const usage = Number(sampled?.statistics?.cpuUsageNs ?? 0n);
  const { periods, throttledPeriods, throttledNs } = sampled?.statistics?.throttling ?? NEVER_THROTTLED;
  const throttling = { periods, throttled_periods: throttledPeriods, throttled_time: throttledNs };
  const cpu = { total_usage: usage, usage_in_kernelmode: 0, usage_in_usermode: usage };
  if (sampled?.statistics === undefined) return { cpu_usage: cpu, throttling_data: throttling };
  // The whole machine's time grows by its processors' seconds each second: clients divide by it.
  const system = Number(sampled.timeNs % 1_000_000_000_000_000n) * engine.host.cpus;
  return {
    cpu_usage: cpu,
    system_cpu_usage: system,
    online_cpus: engine.host.cpus,
    throttling_data: throttling,
  };
}

/** memory.stat as moby's statsV2 passes it on: all of it is anonymous memory, for there is no page cache. */
function memoryJson(bytes: number): Readonly<Record<string, number>> {
  return { active_anon: bytes, active_file: 0, anon: bytes, file: 0, inactive_anon: 0, inactive_file: 0, unevictable: 0 };
}

/** A line of cgroup2's io.stat as moby's statsV2 gives it; nothing before anything has passed. */
function blockIo({ readBytes, writtenBytes, blockDevice }: TaskStatistics): readonly object[] | null {
  if (readBytes + writtenBytes === 0) return null;
  const { major, minor } = blockDevice ?? { major: 0, minor: 0 };
  const entry = (op: string, value: number): object => ({ major, minor, op, value });
  return [entry("read", readBytes), entry("write", writtenBytes)];
}

function networksJson(statistics: TaskStatistics): object {
  return Object.fromEntries(
    Object.entries(statistics.networks).map(([name, traffic]) => [
      name,
      {
        rx_bytes: traffic.receivedBytes,
        rx_packets: 0,
        rx_errors: 0,
        rx_dropped: 0,
        tx_bytes: traffic.sentBytes,
        tx_packets: 0,
        tx_errors: 0,
        tx_dropped: 0,
      },
    ]),
  );
}

export const containerUpdate: Route = async (call) => {
  const body = await readJsonBody(call);
  if (body === undefined) throw fail("invalidParameter", "invalid JSON: got EOF while reading request body");
  const { RestartPolicy: restartPolicy, ...resources } = decodeStruct(UPDATE_CONFIG, body);
  await updateContainer(call.engine, param(call, "id"), {
    resources: resources as unknown as Resources, // decodeStruct gave every field its type.
    restartPolicy: restartPolicy as RestartPolicy, // Likewise.
  });
  return jsonReply(200, { Warnings: [] });
};
