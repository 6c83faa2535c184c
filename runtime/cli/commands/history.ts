/** docker history: the layers of an image, newest first. */
import type { HistoryResponseItem } from "../../api/schema/types.ts";
import type { Command } from "../command.ts";
import { LIST_FORMAT } from "../format-flags.ts";
import type { Row } from "../format/formatter.ts";
import { formatList, isDefaultTable } from "../format/formatter.ts";
import { formatRfc3339 } from "../format/go-time.ts";
import { ellipsis, shortId } from "../format/text.ts";
import { humanDuration, listSize } from "../format/units.ts";

const HEADERS = {
  ID: "IMAGE",
  CreatedSince: "CREATED",
  CreatedAt: "CREATED AT",
  CreatedBy: "CREATED BY",
  Size: "SIZE",
  Comment: "COMMENT",
};
const HUMAN_TABLE = "table {{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}";
const PLAIN_TABLE = "table {{.ID}}\t{{.CreatedAt}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}";
const CREATED_BY_WIDTH = 45;

export const history: Command = {
  names: ["image history", "history"],
  use: "[OPTIONS] IMAGE",
  summary: "Show the history of an image",
  flags: [
    LIST_FORMAT,
    {
      name: "human",
      short: "H",
      type: "bool",
      fallback: "true",
      usage: "Print sizes and dates in human readable format",
    },
    { name: "no-trunc", type: "bool", usage: "Don't truncate output" },
    {
      name: "platform",
      type: "string",
      usage: 'Show history for the given platform. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    },
    { name: "quiet", short: "q", type: "bool", usage: "Only show image IDs" },
  ],
  arguments: { kind: "exactly", count: 1 },
  async run(context) {
    const { flags, signal } = context;
    const platform = flags.string("platform");
    const layers = await context.client.images.imageHistory(context.arg(0), {
      ...(platform === "" ? {} : { platform: platformJson(platform) }),
      signal,
    });
    const isHuman = flags.bool("human");
    const fallback = flags.bool("quiet") ? "{{.ID}}" : isHuman ? HUMAN_TABLE : PLAIN_TABLE;
    const format = isDefaultTable(flags.string("format")) ? fallback : flags.string("format");
    const rows = layers.map((layer) =>
      historyRow(layer, !flags.bool("no-trunc"), isHuman, context.nowSeconds()),
    );
    await context.out(formatList({ format, headers: HEADERS }, rows, "*image.historyContext"));
    return 0;
  },
};

/** The API takes the platform as JSON. */
export function platformJson(platform: string): string {
  const [os = "", architecture = "", variant = ""] = platform.split("/");
  return JSON.stringify({ architecture, os, ...(variant === "" ? {} : { variant }) });
}

function historyRow(
  layer: HistoryResponseItem,
  isTruncated: boolean,
  isHuman: boolean,
  nowSeconds: number,
): Row {
  const createdBy = layer.CreatedBy.replaceAll("\t", " ");
  return {
    Comment: () => layer.Comment,
    CreatedAt: () => formatRfc3339(BigInt(layer.Created) * 1_000_000_000n),
    CreatedBy: () => (isTruncated ? ellipsis(createdBy, CREATED_BY_WIDTH) : createdBy),
    CreatedSince: () => {
      if (!isHuman) return formatRfc3339(BigInt(layer.Created) * 1_000_000_000n);
      return layer.Created <= 0 ? "N/A" : `${humanDuration(nowSeconds - layer.Created)} ago`;
    },
    ID: () => (isTruncated ? shortId(layer.Id) : layer.Id),
    Size: () => (isHuman ? listSize(layer.Size) : String(layer.Size)),
  };
}
