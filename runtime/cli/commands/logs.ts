/** docker logs: what a container wrote. */
import { fail, messageOf } from "../../../layers/base/errors.ts";
import type { Command } from "../command.ts";
import { apiTime } from "../api-times.ts";
import { copyOutput } from "../attach-session.ts";

export const logs: Command = {
  names: ["container logs", "logs"],
  use: "[OPTIONS] CONTAINER",
  summary: "Fetch the logs of a container",
  flags: [
    { name: "details", type: "bool", usage: "Show extra details provided to logs" },
    { name: "follow", short: "f", type: "bool", usage: "Follow log output" },
    {
      name: "since",
      type: "string",
      usage:
        'Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    },
    {
      name: "tail",
      short: "n",
      type: "string",
      fallback: "all",
      usage: "Number of lines to show from the end of the logs",
    },
    { name: "timestamps", short: "t", type: "bool", usage: "Show timestamps" },
    {
      name: "until",
      type: "string",
      usage:
        'Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    },
  ],
  arguments: { kind: "exactly", count: 1 },
  async run(context) {
    const { flags, signal } = context;
    const now = context.io.clock.nowNs();
    const { value } = await context.client.containers.containerInspect(context.arg(0), { signal });
    const output = await context.client.containers.containerLogs(value.Id ?? context.arg(0), {
      stdout: true,
      stderr: true,
      details: flags.bool("details"),
      follow: flags.bool("follow"),
      since: timeFlag("since", flags.string("since"), now),
      until: timeFlag("until", flags.string("until"), now),
      timestamps: flags.bool("timestamps"),
      tail: flags.string("tail"),
      isTty: value.Config?.Tty ?? false,
      signal,
    });
    await copyOutput(output, context.io);
    return 0;
  },
};

function timeFlag(name: string, text: string, nowNs: bigint): string {
  try {
    return apiTime(text, nowNs);
  } catch (thrown) {
    throw fail("invalidParameter", `invalid value for "${name}": ${messageOf(thrown)}`);
  }
}
