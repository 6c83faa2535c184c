/**
 * docker stats: what containers use, once or again and again (docker/cli: container/stats.go). Every
 * container has a stream of samples of its own; the table is drawn from the newest of each.
 */
import { isKind } from "../../../layers/base/errors.ts";
import type { StatsSample } from "../../client/container-archives.ts";
import type { Command, CommandContext } from "../command.ts";
import { ExitError } from "../command.ts";
import { errorText } from "../error-text.ts";
import { LIST_FORMAT } from "../format-flags.ts";
import type { Row } from "../format/formatter.ts";
import { formatList, isDefaultTable } from "../format/formatter.ts";
import { shortId } from "../format/text.ts";
import { bytesSize, listSize } from "../format/units.ts";

const HEADERS = {
  Container: "CONTAINER",
  Name: "NAME",
  ID: "CONTAINER ID",
  CPUPerc: "CPU %",
  MemUsage: "MEM USAGE / LIMIT",
  MemPerc: "MEM %",
  NetIO: "NET I/O",
  BlockIO: "BLOCK I/O",
  PIDs: "PIDS",
};
const TABLE =
  "table {{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}";
const REDRAW_MS = 500;
const [HOME, END_OF_LINE, REST_OF_SCREEN, CLEAR] = ["\x1b[H", "\x1b[K", "\x1b[J", "\x1b[2J"] as const;

export const stats: Command = {
  names: ["container stats", "stats"],
  use: "[OPTIONS] [CONTAINER...]",
  summary: "Display a live stream of container(s) resource usage statistics",
  flags: [
    { name: "all", short: "a", type: "bool", usage: "Show all containers (default shows just running)" },
    LIST_FORMAT,
    { name: "no-stream", type: "bool", usage: "Disable streaming stats and only pull the first result" },
    { name: "no-trunc", type: "bool", usage: "Do not truncate output" },
  ],
  arguments: { kind: "atLeast", count: 0 },
  async run(context) {
    const names = context.args.length > 0 ? context.args : await runningOnes(context);
    return context.flags.bool("no-stream") ? showOnce(context, names) : showAgainAndAgain(context, names);
  },
};

async function runningOnes({ client, flags, signal }: CommandContext): Promise<readonly string[]> {
  const containers = await client.containers.containerList({ all: flags.bool("all"), signal });
  return containers.map((container) => shortId(container.Id ?? ""));
}

async function showOnce(context: CommandContext, names: readonly string[]): Promise<number> {
  const failures: string[] = [];
  const samples = await Promise.all(
    names.map(async (name) => {
      try {
        for await (const sample of await context.client.archives.containerStats(name, true, context.signal))
          return { name, sample };
      } catch (thrown) {
        if (isKind(thrown, "cancelled")) throw thrown;
        failures.push(errorText(thrown));
      }
      return undefined;
    }),
  );
  if (failures.length > 0) throw new ExitError(1, failures.join("\n"));
  await context.out(
    tableOf(
      context,
      samples.flatMap((one) => one ?? []),
    ),
  );
  return 0;
}

async function showAgainAndAgain(context: CommandContext, names: readonly string[]): Promise<number> {
  const newest = new Map<string, StatsSample | undefined>(names.map((name) => [name, undefined]));
  const failures: string[] = [];
  const follow = async (name: string): Promise<void> => {
    try {
      for await (const sample of await context.client.archives.containerStats(name, false, context.signal))
        newest.set(name, sample);
    } catch (thrown) {
      if (!isKind(thrown, "cancelled")) failures.push(errorText(thrown));
    }
    newest.delete(name);
  };
  const followed = Promise.all(names.map(follow));
  await context.out(CLEAR);
  while (!context.signal.aborted && newest.size > 0) {
    const samples = [...newest].map(([name, sample]) => ({ name, sample }));
    const lines = tableOf(context, samples).replaceAll("\n", `${END_OF_LINE}\n`);
    await context.out(HOME + lines + REST_OF_SCREEN);
    await new Promise<void>((resolve) => {
      const timer = context.io.clock.after(REDRAW_MS, resolve);
      context.signal.addEventListener("abort", () => (timer.dispose(), resolve()), { once: true });
    });
  }
  await followed;
  if (failures.length > 0) throw new ExitError(1, failures.join("\n"));
  return 0;
}

interface Named {
  readonly name: string;
  /** Undefined before the first has come. */
  readonly sample: StatsSample | undefined;
}

function tableOf({ flags }: CommandContext, samples: readonly Named[]): string {
  const format = isDefaultTable(flags.string("format")) ? TABLE : flags.string("format");
  const rows = samples.map(({ name, sample }) => rowOf(name, sample, !flags.bool("no-trunc")));
  return formatList({ format, headers: HEADERS }, rows, "*container.statsContext");
}

function rowOf(container: string, sample: StatsSample | undefined, isTruncated: boolean): Row {
  const id = sample?.id ?? "";
  const memory = memoryOf(sample);
  const limit = sample?.memory_stats?.limit ?? 0;
  const networks = Object.values(sample?.networks ?? {});
  const blocks = sample?.blkio_stats?.io_service_bytes_recursive ?? [];
  const sum = (values: readonly (number | undefined)[]): number =>
    values.reduce<number>((all, one) => all + (one ?? 0), 0);
  const block = (op: string): number =>
    sum(blocks.map((entry) => (entry.op?.toLowerCase().startsWith(op) === true ? entry.value : 0)));
  const or = (missing: string, text: () => string) => (): string => (sample === undefined ? missing : text());
  return {
    Container: () => container,
    Name: or("--", () => (sample?.name ?? "").replace(/^\//, "") || "--"),
    ID: or("--", () => (isTruncated ? shortId(id) : id)),
    CPUPerc: or("--", () => `${cpuPercent(sample).toFixed(2)}%`),
    MemUsage: or("-- / --", () => `${bytesSize(memory)} / ${bytesSize(limit)}`),
    MemPerc: or("--", () => `${(limit === 0 ? 0 : (memory / limit) * 100).toFixed(2)}%`),
    NetIO: or(
      "--",
      () =>
        `${listSize(sum(networks.map((one) => one.rx_bytes)))} / ${listSize(sum(networks.map((one) => one.tx_bytes)))}`,
    ),
    BlockIO: or("--", () => `${listSize(block("r"))} / ${listSize(block("w"))}`),
    PIDs: or("--", () => String(sample?.pids_stats?.current ?? 0)),
  };
}

/** Without what the page cache could give back at once. */
function memoryOf(sample: StatsSample | undefined): number {
  const { usage = 0, stats: parts = {} } = sample?.memory_stats ?? {};
  const cache = parts["total_inactive_file"] ?? parts["inactive_file"] ?? 0;
  return cache < usage ? usage - cache : usage;
}

function cpuPercent(sample: StatsSample | undefined): number {
  const { cpu_stats: now, precpu_stats: before } = sample ?? {};
  const used = (now?.cpu_usage?.total_usage ?? 0) - (before?.cpu_usage?.total_usage ?? 0);
  const passed = (now?.system_cpu_usage ?? 0) - (before?.system_cpu_usage ?? 0);
  const cpus = now?.online_cpus ?? now?.cpu_usage?.percpu_usage?.length ?? 0;
  return used > 0 && passed > 0 ? (used / passed) * cpus * 100 : 0;
}
