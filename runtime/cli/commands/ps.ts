/** docker ps: the containers. */
import type { Command } from "../command.ts";
import { FILTER, filtersOf } from "../filters.ts";
import { LIST_FORMAT } from "../format-flags.ts";
import { CONTAINER_HEADERS, CONTAINER_TABLE, containerRow } from "../format/container-rows.ts";
import { formatList, isDefaultTable } from "../format/formatter.ts";

const TYPE_NAME = "*formatter.ContainerContext";

export const ps: Command = {
  names: ["container ls", "container list", "container ps", "ps"],
  use: "[OPTIONS]",
  summary: "List containers",
  flags: [
    { name: "all", short: "a", type: "bool", usage: "Show all containers (default shows just running)" },
    FILTER,
    LIST_FORMAT,
    {
      name: "last",
      short: "n",
      type: "int",
      fallback: "-1",
      usage: "Show n last created containers (includes all states)",
    },
    {
      name: "latest",
      short: "l",
      type: "bool",
      usage: "Show the latest created container (includes all states)",
    },
    { name: "no-trunc", type: "bool", usage: "Don't truncate output" },
    { name: "quiet", short: "q", type: "bool", usage: "Only display container IDs" },
    { name: "size", short: "s", type: "bool", usage: "Display total file sizes" },
  ],
  arguments: { kind: "none" },
  async run(context) {
    const { flags, signal } = context;
    const limit = flags.bool("latest") && flags.int("last") < 0 ? 1 : flags.int("last");
    const format = await chooseFormat(context.io.config, flags.string("format"), flags.bool("quiet"));
    const wantsSize = flags.has("size") ? flags.bool("size") : /\.Size|\{\{ *json \. *\}\}/.test(format);
    checkFormat(format);
    const containers = await context.client.containers.containerList({
      all: flags.bool("all"),
      size: wantsSize,
      filters: filtersOf(flags.list("filter")),
      ...(limit > 0 ? { limit } : {}),
      signal,
    });
    const options = { isTruncated: !flags.bool("no-trunc"), nowSeconds: () => context.nowSeconds() };
    const rows = containers.map((container) => containerRow(container, options));
    const shown = isDefaultTable(format) ? quietOr(flags.bool("quiet"), wantsSize) : format;
    await context.out(formatList({ format: shown, headers: CONTAINER_HEADERS }, rows, TYPE_NAME));
    return 0;
  },
};

function quietOr(isQuiet: boolean, wantsSize: boolean): string {
  if (isQuiet) return "{{.ID}}";
  return wantsSize ? `${CONTAINER_TABLE}\t{{.Size}}` : CONTAINER_TABLE;
}

async function chooseFormat(
  config: { read(): Promise<{ readonly psFormat?: string }> },
  given: string,
  isQuiet: boolean,
): Promise<string> {
  if (given !== "") return given;
  const configured = (await config.read()).psFormat ?? "";
  return configured !== "" && !isQuiet ? configured : "table";
}

/** A template that cannot work is refused before the daemon is asked. */
function checkFormat(format: string): void {
  if (isDefaultTable(format)) return;
  const row = containerRow({}, { isTruncated: true, nowSeconds: () => 0 });
  formatList({ format, headers: CONTAINER_HEADERS }, [row], TYPE_NAME);
}
