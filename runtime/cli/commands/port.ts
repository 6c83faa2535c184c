/** docker port: where a container's ports are published (docker/cli: container/port.go). */
import { fail } from "../../../layers/base/errors.ts";
import type { Command } from "../command.ts";

export const port: Command = {
  names: ["container port", "port"],
  use: "CONTAINER [PRIVATE_PORT[/PROTO]]",
  summary: "List port mappings or a specific mapping for the container",
  flags: [],
  arguments: { kind: "range", least: 1, most: 2 },
  async run(context) {
    const [name = "", wanted] = context.args;
    const { value } = await context.client.containers.containerInspect(name, { signal: context.signal });
    const ports = Object.entries(value.NetworkSettings?.Ports ?? {});
    const lines: string[] = [];
    if (wanted === undefined) {
      for (const [from, bindings] of ports.sort(byNumber))
        for (const binding of bindings ?? []) lines.push(`${from} -> ${hostText(binding)}`);
    } else {
      const asked = wanted.includes("/") ? wanted : `${wanted}/tcp`;
      const bindings = ports.find(([from]) => from === asked)?.[1] ?? [];
      if (bindings.length === 0)
        throw fail("notFound", `Error: No public port '${asked}' published for ${name}`);
      lines.push(...bindings.map(hostText));
    }
    await context.out(lines.map((line) => `${line}\n`).join(""));
    return 0;
  },
};

function byNumber([left]: [string, unknown], [right]: [string, unknown]): number {
  return Number.parseInt(left, 10) - Number.parseInt(right, 10) || (left < right ? -1 : 1);
}

function hostText({
  HostIp: ip = "",
  HostPort: number = "",
}: {
  HostIp?: string;
  HostPort?: string;
}): string {
  return `${ip.includes(":") ? `[${ip}]` : ip}:${number}`;
}
