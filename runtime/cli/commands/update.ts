/** docker update: limits and restart policy of containers that exist (docker/cli: container/update.go). */
import { fail } from "../../../layers/base/errors.ts";
import type { Command } from "../command.ts";
import { ExitError } from "../command.ts";
import { errorText } from "../error-text.ts";
import { resourceFields, restartPolicy } from "../host-config.ts";

export const update: Command = {
  names: ["container update", "update"],
  use: "[OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Update configuration of one or more containers",
  flags: [
    {
      name: "blkio-weight",
      type: "uint16",
      fallback: "0",
      usage: "Block IO (relative weight), between 10 and 1000, or 0 to disable",
    },
    { name: "cpu-period", type: "int", usage: "Limit CPU CFS (Completely Fair Scheduler) period" },
    { name: "cpu-quota", type: "int", usage: "Limit CPU CFS (Completely Fair Scheduler) quota" },
    { name: "cpu-rt-period", type: "int", usage: "Limit the CPU real-time period in microseconds" },
    { name: "cpu-rt-runtime", type: "int", usage: "Limit the CPU real-time runtime in microseconds" },
    { name: "cpu-shares", short: "c", type: "int", usage: "CPU shares (relative weight)" },
    { name: "cpus", type: "decimal", usage: "Number of CPUs" },
    { name: "cpuset-cpus", type: "string", usage: "CPUs in which to allow execution (0-3, 0,1)" },
    { name: "cpuset-mems", type: "string", usage: "MEMs in which to allow execution (0-3, 0,1)" },
    { name: "memory", short: "m", type: "bytes", usage: "Memory limit" },
    { name: "memory-reservation", type: "bytes", usage: "Memory soft limit" },
    {
      name: "memory-swap",
      type: "bytes",
      usage: "Swap limit equal to memory plus swap: -1 to enable unlimited swap",
    },
    { name: "pids-limit", type: "int", usage: "Tune container pids limit (set -1 for unlimited)" },
    { name: "restart", type: "string", usage: "Restart policy to apply when a container exits" },
  ],
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
