/** docker container prune, image prune, system prune: what nobody uses, after a question. */
import type { Filters } from "../../client/api-caller.ts";
import type { Command, CommandContext } from "../command.ts";
import { ExitError } from "../command.ts";
import { filtersOf } from "../filters.ts";
import type { FlagSpec } from "../flags.ts";
import { humanSize } from "../format/units.ts";
import { confirm } from "../prompt.ts";

const FORCE: FlagSpec = { name: "force", short: "f", type: "bool", usage: "Do not prompt for confirmation" };
const UNTIL: FlagSpec = {
  name: "filter",
  type: "filter",
  usage: 'Provide filter values (e.g. "until=<timestamp>")',
};

export const containerPrune: Command = {
  names: ["container prune"],
  use: "[OPTIONS]",
  summary: "Remove all stopped containers",
  flags: [UNTIL, FORCE],
  arguments: { kind: "none" },
  async run(context) {
    await askOrCancel(context, "WARNING! This will remove all stopped containers.");
    const { text, reclaimed } = await pruneContainers(context, filtersOf(context.flags.list("filter")));
    await context.out(`${text}Total reclaimed space: ${humanSize(reclaimed)}\n`);
    return 0;
  },
};

export const imagePrune: Command = {
  names: ["image prune"],
  use: "[OPTIONS]",
  summary: "Remove unused images",
  flags: [
    { name: "all", short: "a", type: "bool", usage: "Remove all unused images, not just dangling ones" },
    UNTIL,
    FORCE,
  ],
  arguments: { kind: "none" },
  async run(context) {
    const isAll = context.flags.bool("all");
    const warning = isAll
      ? "WARNING! This will remove all images without at least one container associated to them."
      : "WARNING! This will remove all dangling images.";
    await askOrCancel(context, warning);
    const { text, reclaimed } = await pruneImages(context, filtersOf(context.flags.list("filter")), isAll);
    await context.out(`${text}Total reclaimed space: ${humanSize(reclaimed)}\n`);
    return 0;
  },
};

export const systemPrune: Command = {
  names: ["system prune"],
  use: "[OPTIONS]",
  summary: "Remove unused data",
  flags: [
    { name: "all", short: "a", type: "bool", usage: "Remove all unused images not just dangling ones" },
    { name: "filter", type: "filter", usage: 'Provide filter values (e.g. "label=<key>=<value>")' },
    FORCE,
    { name: "volumes", type: "bool", isNotYet: true, usage: "Prune anonymous volumes" },
  ],
  arguments: { kind: "none" },
  async run(context) {
    const { flags } = context;
    const isAll = flags.bool("all");
    const filters = filtersOf(flags.list("filter"));
    await askOrCancel(context, systemWarning(isAll, flags.list("filter")));
    const containers = await pruneContainers(context, filters);
    const images = await pruneImages(context, filters, isAll);
    await context.out(
      `${containers.text}${images.text}Total reclaimed space: ${humanSize(containers.reclaimed + images.reclaimed)}\n`,
    );
    return 0;
  },
};

/** @throws ExitError when the answer is no. */
async function askOrCancel(context: CommandContext, warning: string): Promise<void> {
  if (context.flags.bool("force")) return;
  if (!(await confirm(context, `${warning}\nAre you sure you want to continue?`))) throw new ExitError(0);
}

function systemWarning(isAll: boolean, filters: readonly string[]): string {
  const images = isAll
    ? "all images without at least one container associated to them"
    : "all dangling images";
  const lines = [
    "WARNING! This will remove:",
    "  - all stopped containers",
    "  - all networks not used by at least one container",
    `  - ${images}`,
    `  - ${isAll ? "all build cache" : "unused build cache"}`,
  ];
  if (filters.length > 0)
    lines.push(
      "",
      "  Items to be pruned will be filtered with:",
      ...[...filters].sort().map((filter) => `  - ${filter}`),
    );
  return `${lines.join("\n")}\n`;
}

async function pruneContainers(
  context: CommandContext,
  filters: Filters,
): Promise<{ text: string; reclaimed: number }> {
  const pruned = await context.client.containers.containerPrune(filters, context.signal);
  const ids = (pruned.ContainersDeleted as string[] | null | undefined) ?? [];
  const text = ids.length === 0 ? "" : `Deleted Containers:\n${ids.join("\n")}\n\n`;
  return { text, reclaimed: pruned.SpaceReclaimed ?? 0 };
}

async function pruneImages(
  context: CommandContext,
  filters: Filters,
  isAll: boolean,
): Promise<{ text: string; reclaimed: number }> {
  const pruned = await context.client.images.imagePrune(
    { ...filters, dangling: [String(!isAll)] },
    context.signal,
  );
  const items = (pruned.ImagesDeleted as { Untagged?: string; Deleted?: string }[] | null | undefined) ?? [];
  const lines = items.map((item) =>
    (item.Untagged ?? "") === "" ? `deleted: ${item.Deleted ?? ""}` : `untagged: ${item.Untagged ?? ""}`,
  );
  const text = lines.length === 0 ? "" : `Deleted Images:\n${lines.join("\n")}\n\n`;
  return { text, reclaimed: pruned.SpaceReclaimed ?? 0 };
}
