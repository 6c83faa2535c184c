/**
 * `-p [IP:][HOST[-HOST]:]CONTAINER[-CONTAINER][/PROTOCOL]` and `--expose`, as docker/go-connections
 * reads them, with its error texts.
 */
import { fail } from "../../layers/base/errors.ts";
import type { PortBinding } from "../api/schema/types.ts";

const PORT_MAX = 65_535;
const PROTOCOLS = ["tcp", "udp", "sctp"];

interface Range {
  readonly first: number;
  readonly last: number;
}

export interface Published {
  readonly exposed: Readonly<Record<string, object>>;
  readonly bindings: Readonly<Record<string, PortBinding[]>>;
}

export function parsePublished(values: readonly string[]): Published {
  const exposed: Record<string, object> = {};
  const bindings: Record<string, PortBinding[]> = {};
  for (const value of values) {
    for (const [port, binding] of parseMapping(value)) {
      exposed[port] = {};
      (bindings[port] ??= []).push(binding);
    }
  }
  return { exposed, bindings };
}

/** `--expose 80`, `--expose 7000-7010/udp` */
export function exposedPorts(values: readonly string[]): Record<string, object> {
  const exposed: Record<string, object> = {};
  for (const value of values) {
    if (value.includes(":")) throw fail("invalidParameter", `invalid port format for --expose: ${value}`);
    const [range = "", protocol = "tcp"] = value.split("/");
    const ports = parseRange(range);
    if (ports === undefined) throw fail("invalidParameter", `invalid range format for --expose: ${value}`);
    for (let port = ports.first; port <= ports.last; port++) exposed[`${port}/${protocol}`] = {};
  }
  return exposed;
}

function parseMapping(value: string): [port: string, binding: PortBinding][] {
  const [address = "", protocol = "tcp"] = value.split("/");
  const { ip, host, container } = splitAddress(address);
  if (container === "") throw fail("invalidParameter", `no port specified: ${value}<empty>`);
  const containerPorts = parseRange(container);
  if (containerPorts === undefined) throw fail("invalidParameter", `invalid containerPort: ${container}`);
  const hostPorts = host === "" ? undefined : parseRange(host);
  if (host !== "" && hostPorts === undefined) throw fail("invalidParameter", `invalid hostPort: ${host}`);
  if (!PROTOCOLS.includes(protocol.toLowerCase()))
    throw fail("invalidParameter", `invalid proto: ${protocol}`);
  return pair(ip, containerPorts, hostPorts, host, protocol.toLowerCase(), value);
}

function pair(
  ip: string,
  container: Range,
  host: Range | undefined,
  hostText: string,
  protocol: string,
  value: string,
): [string, PortBinding][] {
  const count = container.last - container.first;
  if (host !== undefined && host.last - host.first !== count && count !== 0) {
    throw fail(
      "invalidParameter",
      `invalid ranges specified for container and host Ports: ${value.split("/")[0]?.split(":").at(-1) ?? ""} and ${hostText}`,
    );
  }
  const result: [string, PortBinding][] = [];
  for (let offset = 0; offset <= count; offset++) {
    // One container port and a range of host ports: the daemon picks.
    const isChoice = host !== undefined && count === 0 && host.last > host.first;
    const hostPort = host === undefined ? "" : isChoice ? hostText : String(host.first + offset);
    result.push([`${container.first + offset}/${protocol}`, { HostIp: ip, HostPort: hostPort }]);
  }
  return result;
}

function splitAddress(address: string): { ip: string; host: string; container: string } {
  const parts = address.split(":");
  const container = parts.pop() ?? "";
  const host = parts.pop() ?? "";
  const ip = parts.join(":").replace(/^\[(.*)\]$/, "$1");
  if (ip !== "" && !isAddress(ip)) throw fail("invalidParameter", `invalid IP address: ${ip}`);
  return { ip, host, container };
}

/** Loosely: four numbers, or eight groups (fewer with "::"). The daemon looks closer. */
function isAddress(text: string): boolean {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return true;
  return /^[0-9a-fA-F:.]+$/.test(text) && (text.includes("::") || text.split(":").length === 8);
}

function parseRange(text: string): Range | undefined {
  const found = /^(\d+)(?:-(\d+))?$/.exec(text);
  if (found === null) return undefined;
  const first = Number(found[1]);
  const last = Number(found[2] ?? found[1]);
  return first > PORT_MAX || last > PORT_MAX || last < first ? undefined : { first, last };
}
