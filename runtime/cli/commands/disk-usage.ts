/** docker system df: what takes room, and how much of it nobody uses (docker/cli: formatter/disk_usage.go). */
import type { SystemDataUsageResponse } from "../../api/schema/types.ts";
import type { Command, CommandContext } from "../command.ts";
import { ExitError } from "../command.ts";
import { LIST_FORMAT } from "../format-flags.ts";
import { CONTAINER_HEADERS, containerRow } from "../format/container-rows.ts";
import type { Row } from "../format/formatter.ts";
import { formatList, isDefaultTable } from "../format/formatter.ts";
import { humanDuration, humanSize, listSize } from "../format/units.ts";
import { IMAGE_HEADERS, imageRows } from "./images.ts";
import { shortId } from "../format/text.ts";
import { parseRfc3339Ns } from "../format/go-time.ts";

const HEADERS = {
  Type: "TYPE",
  TotalCount: "TOTAL",
  Active: "ACTIVE",
  Size: "SIZE",
  Reclaimable: "RECLAIMABLE",
};
const TABLE = "table {{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}";
const IMAGE_TABLE =
  "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.VirtualSize}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}";
const CONTAINER_TABLE =
  "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}";
const VOLUME_TABLE = "table {{.Name}}\t{{.Links}}\t{{.Size}}";
const CACHE_TABLE =
  "table {{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}";
const CACHE_HEADERS = {
  ID: "CACHE ID",
  CacheType: "CACHE TYPE",
  Size: "SIZE",
  CreatedSince: "CREATED",
  LastUsedSince: "LAST USED",
  UsageCount: "USAGE",
  Shared: "SHARED",
};

export const systemDf: Command = {
  names: ["system df"],
  use: "[OPTIONS]",
  summary: "Show docker disk usage",
  flags: [
    LIST_FORMAT,
    {
      name: "verbose",
      short: "v",
      type: "bool",
      usage: "Show detailed information on space usage",
    },
  ],
  arguments: { kind: "none" },
  async run(context) {
    const { flags } = context;
    const format = flags.string("format");
    const isVerbose = flags.bool("verbose");
    if (isVerbose && format !== "" && format !== "table")
      throw new ExitError(1, "--verbose with a --format of its own is not part of Slipway yet");
    const usage = await context.client.system.systemDataUsage([], context.signal);
    if (isVerbose) await context.out(verboseText(usage, context));
    else
      await context.out(
        formatList(
          { format: isDefaultTable(format) ? TABLE : format, headers: HEADERS },
          summaryRows(usage),
          "*formatter.diskUsageContext",
        ),
      );
    return 0;
  },
};

function summaryRows(usage: SystemDataUsageResponse): Row[] {
  return [imagesRow(usage), containersRow(usage), volumesRow(usage), cacheRow(usage)];
}

function row(type: string, total: number, active: number, size: number, reclaimable: string): Row {
  return {
    Active: () => String(active),
    Reclaimable: () => reclaimable,
    Size: () => humanSize(size),
    TotalCount: () => String(total),
    Type: () => type,
  };
}

function share(part: number, whole: number): string {
  return whole > 0 ? `${humanSize(part)} (${Math.trunc((part * 100) / whole)}%)` : humanSize(part);
}

function imagesRow(usage: SystemDataUsageResponse): Row {
  const images = usage.Images ?? [];
  const total = usage.LayersSize ?? 0;
  const used = images
    .filter((image) => image.Containers !== 0 && image.Size !== -1 && image.SharedSize !== -1)
    .reduce((sum, image) => sum + image.Size - image.SharedSize, 0);
  return row(
    "Images",
    images.length,
    images.filter((image) => image.Containers > 0).length,
    total,
    share(total - used, total),
  );
}

function containersRow(usage: SystemDataUsageResponse): Row {
  const containers = usage.Containers ?? [];
  const isActive = (state: string): boolean => ["running", "paused", "restarting"].includes(state);
  const size = containers.reduce((sum, container) => sum + (container.SizeRw ?? 0), 0);
  const idle = containers.filter((container) => !isActive(container.State ?? ""));
  const reclaimable = idle.reduce((sum, container) => sum + (container.SizeRw ?? 0), 0);
  return row(
    "Containers",
    containers.length,
    containers.length - idle.length,
    size,
    share(reclaimable, size),
  );
}

function volumesRow(usage: SystemDataUsageResponse): Row {
  const volumes = usage.Volumes ?? [];
  const sized = volumes.filter((volume) => (volume.UsageData?.Size ?? -1) !== -1);
  const sum = (some: typeof volumes): number =>
    some.reduce((total, volume) => total + (volume.UsageData?.Size ?? 0), 0);
  const active = volumes.filter((volume) => (volume.UsageData?.RefCount ?? 0) > 0).length;
  const size = sum(sized);
  return row(
    "Local Volumes",
    volumes.length,
    active,
    size,
    share(sum(sized.filter((volume) => volume.UsageData?.RefCount === 0)), size),
  );
}

function cacheRow(usage: SystemDataUsageResponse): Row {
  const records = usage.BuildCache ?? [];
  const own = records.filter((record) => record.Shared !== true);
  const sum = (some: typeof records): number =>
    some.reduce((total, record) => total + (record.Size ?? 0), 0);
  const active = records.filter((record) => record.InUse === true).length;
  return row(
    "Build Cache",
    records.length,
    active,
    sum(own),
    humanSize(sum(own.filter((record) => record.InUse !== true))),
  );
}

function verboseText(usage: SystemDataUsageResponse, context: CommandContext): string {
  const options = { isTruncated: true, nowSeconds: () => context.nowSeconds() };
  const images = (usage.Images ?? []).flatMap((image) =>
    imageRows(image, { needsDigest: false, withDigests: false }, options),
  );
  const containers = (usage.Containers ?? []).map((container) => containerRow(container, options));
  const cacheSize = (usage.BuildCache ?? []).reduce(
    (sum, record) => sum + (record.Shared === true ? 0 : (record.Size ?? 0)),
    0,
  );
  return [
    "Images space usage:\n\n",
    formatList({ format: IMAGE_TABLE, headers: IMAGE_HEADERS }, images, "*formatter.imageContext"),
    "\nContainers space usage:\n\n",
    formatList(
      { format: CONTAINER_TABLE, headers: CONTAINER_HEADERS },
      containers,
      "*formatter.ContainerContext",
    ),
    "\nLocal Volumes space usage:\n\n",
    formatList(
      { format: VOLUME_TABLE, headers: { Name: "VOLUME NAME", Links: "LINKS", Size: "SIZE" } },
      volumeRows(usage),
      "*formatter.volumeContext",
    ),
    `\nBuild cache usage: ${humanSize(cacheSize)}\n\n`,
    formatList(
      { format: CACHE_TABLE, headers: CACHE_HEADERS },
      cacheRows(usage, context.nowSeconds()),
      "*formatter.buildCacheContext",
    ),
  ].join("");
}

function volumeRows(usage: SystemDataUsageResponse): Row[] {
  return (usage.Volumes ?? []).map((volume) => ({
    Name: () => volume.Name,
    Links: () => String(volume.UsageData?.RefCount ?? "N/A"),
    Size: () => (volume.UsageData?.Size === undefined ? "N/A" : humanSize(volume.UsageData.Size)),
  }));
}

function cacheRows(usage: SystemDataUsageResponse, nowSeconds: number): Row[] {
  const since = (time: string | null | undefined): string => {
    const ns = parseRfc3339Ns(time ?? "");
    return ns === undefined
      ? ""
      : `${humanDuration(nowSeconds - Number(ns / 1_000_000n) / 1000)} ago`;
  };
  return (usage.BuildCache ?? []).map((record) => ({
    ID: () => shortId(record.ID ?? ""),
    CacheType: () => record.Type ?? "",
    Size: () => listSize(record.Size ?? 0),
    CreatedSince: () => since(record.CreatedAt),
    LastUsedSince: () => since(record.LastUsedAt),
    UsageCount: () => String(record.UsageCount ?? 0),
    Shared: () => String(record.Shared ?? false),
  }));
}
