/** docker update: limits and restart policy of containers that exist (docker/cli: container/update.go). */
import { fail } from "../../../layers/base/errors.ts";
import type { Command } from "../command.ts";
import { ExitError } from "../command.ts";
import { CONTAINER_FLAGS } from "../container-flags.ts";
import { errorText } from "../error-text.ts";
import type { FlagSpec } from "../flags.ts";
import { resourceFields, restartPolicy } from "../host-config.ts";

/** As run and create have them. */
const SHARED = new Set([
  ...["blkio-weight", "cpu-period", "cpu-quota", "cpu-shares", "cpus", "cpuset-cpus", "cpuset-mems"],
  ...["memory", "memory-reservation", "pids-limit"],
]);
/** What docker describes in other words here. */
const OWN: readonly FlagSpec[] = [
  { name: "cpu-rt-period", type: "int", usage: "Limit the CPU real-time period in microseconds" },
  { name: "cpu-rt-runtime", type: "int", usage: "Limit the CPU real-time runtime in microseconds" },
  {
    name: "memory-swap",
    type: "bytes",
    usage: "Swap limit equal to memory plus swap: -1 to enable unlimited swap",
  },
  { name: "restart", type: "string", usage: "Restart policy to apply when a container exits" },
];
const FLAGS = [...CONTAINER_FLAGS.filter(({ name }) => SHARED.has(name)), ...OWN].sort((left, right) =>
  left.name < right.name ? -1 : 1,
);

export const update: Command = {
  names: ["container update", "update"],
  use: "[OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Update configuration of one or more containers",
  flags: FLAGS,
  arguments: { kind: "atLeast", count: 1 },
  async run(context) {
    const { client, flags, signal } = context;
    if (flags.given().length === 0)
      throw fail("invalidParameter", "you must provide one or more flags when using this command");
    const policy = flags.has("restart") ? { RestartPolicy: restartPolicy(flags) } : {};
    const changes = { ...resourceFields(flags), ...policy };
    const warnings: string[] = [];
    const failures: string[] = [];
    for (const name of context.args) {
      try {
        warnings.push(...((await client.archives.containerUpdate(name, changes, signal)).Warnings ?? []));
        await context.out(`${name}\n`);
      } catch (thrown) {
        failures.push(errorText(thrown));
      }
    }
    if (warnings.length > 0) await context.out(`${warnings.join("\n")}\n`);
    if (failures.length > 0) throw new ExitError(1, failures.join("\n"));
    return 0;
  },
};
