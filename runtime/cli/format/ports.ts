/** Published ports as `docker ps` shows them: consecutive ports of one kind as a range. */
import type { PortSummary } from "../../api/schema/types.ts";

interface Group {
  first: number;
  last: number;
}

function compare(left: PortSummary, right: PortSummary): number {
  if (left.PrivatePort !== right.PrivatePort) return left.PrivatePort - right.PrivatePort;
  const ips = [left.IP ?? "", right.IP ?? ""] as const;
  if (ips[0] !== ips[1]) return ips[0] < ips[1] ? -1 : 1;
  if ((left.PublicPort ?? 0) !== (right.PublicPort ?? 0))
    return (left.PublicPort ?? 0) - (right.PublicPort ?? 0);
  return left.Type < right.Type ? -1 : 1;
}

/** docker/cli: formatter.DisplayablePorts. */
export function displayPorts(ports: readonly PortSummary[]): string {
  const groups = new Map<string, Group>();
  const result: string[] = [];
  const mappings: string[] = [];
  for (const port of [...ports].sort(compare)) {
    const ip = port.IP ?? "";
    const current = port.PrivatePort;
    if (ip !== "" && port.PublicPort !== current) {
      mappings.push(`${hostOf(ip)}:${port.PublicPort ?? 0}->${current}/${port.Type}`);
      continue;
    }
    const key = ip === "" ? port.Type : `${ip}/${port.Type}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: current, last: current });
    else if (current === group.last + 1) group.last = current;
    else {
      result.push(showGroup(key, group));
      groups.set(key, { first: current, last: current });
    }
  }
  for (const [key, group] of groups) result.push(showGroup(key, group));
  return [...result, ...mappings].join(", ");
}

function hostOf(ip: string): string {
  return ip.includes(":") ? `[${ip}]` : ip;
}

function showGroup(key: string, group: Group): string {
  const slash = key.lastIndexOf("/");
  const ip = slash < 0 ? "" : key.slice(0, slash);
  const range = group.first === group.last ? String(group.first) : `${group.first}-${group.last}`;
  return `${ip === "" ? range : `${hostOf(ip)}:${range}->${range}`}/${key.slice(slash + 1)}`;
}
