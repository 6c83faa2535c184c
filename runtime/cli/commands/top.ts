/** docker top: the processes of a container. */
import type { Command } from "../command.ts";
import { alignTabs } from "../format/tabwriter.ts";

export const top: Command = {
  names: ["container top", "top"],
  use: "CONTAINER [ps OPTIONS]",
  summary: "Display the running processes of a container",
  flags: [],
  arguments: { kind: "atLeast", count: 1 },
  stopsAtPositional: true,
  async run(context) {
    const [id = "", ...psArgs] = context.args;
    const found = await context.client.containers.containerTop(id, psArgs.join(" "), context.signal);
    const lines = [found.Titles ?? [], ...(found.Processes ?? [])].map((cells) => cells.join("\t"));
    // This one table is of wider columns (docker/cli: container/top.go).
    await context.out(`${alignTabs(lines.join("\n"), { widthMin: 20, padding: 3 })}\n`);
    return 0;
  },
};
