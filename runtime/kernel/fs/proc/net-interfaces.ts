/** Interfaces, addresses and routes in /proc/net: what ifconfig, route and netstat read. */
import { Rtn } from "../../abi/rtnetlink.ts";
import type { IpAddress } from "../../net/inet/ip-address.ts";
import { ANY_V6, isLinkLocal, isLoopback, netmaskOf } from "../../net/inet/ip-address.ts";
import { localRoutes } from "../../net/local-routes.ts";
import type { NetworkInterface } from "../../net/network-interface.ts";
import type { NetworkNamespace, Route } from "../../net/network-namespace.ts";

const DEV_HEADER =
  "Inter-|   Receive                                                |  Transmit\n" +
  " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n";
const ROUTE_WIDTH = 127;
/** RTF_ of linux/route.h and linux/ipv6_route.h. */
const Rtf = { UP: 1, GATEWAY: 2, HOST: 4, NONEXTHOP: 0x20_0000, REJECT: 0x200, LOCAL: 0x8000_0000 } as const;
/** IPV6_ADDR_ scopes. */
const SCOPE_LOOPBACK = 0x10;
const SCOPE_LINK = 0x20;
const PERMANENT = 0x80;

/** Nobody has to be asked for a hardware address here. */
export const ARP_TEXT = "IP address       HW type     Flags       HW address            Mask     Device\n";
export const PTYPE_TEXT =
  "Type Device      Function\n0800          ip_rcv\n0806          arp_rcv\n86dd          ipv6_rcv\n";

export function devText({ interfaces }: NetworkNamespace): string {
  return DEV_HEADER + interfaces.map(devLine).join("");
}

function devLine({ name, counters }: NetworkInterface): string {
  const { rxBytes, rxPackets, txBytes, txPackets } = counters;
  const columns: readonly (readonly [number, number])[] = [
    [rxBytes, 7],
    [rxPackets, 7],
    [0, 4],
    [0, 4],
    [0, 4],
    [0, 5],
    [0, 10],
    [0, 9],
    [txBytes, 8],
    [txPackets, 7],
    [0, 4],
    [0, 4],
    [0, 4],
    [0, 5],
    [0, 7],
    [0, 10],
  ];
  return `${name.padStart(6)}: ${columns.map(([value, width]) => String(value).padStart(width)).join(" ")}\n`;
}

const plainHex = (value: number, digits: number): string => (value >>> 0).toString(16).padStart(digits, "0");
const hexBytes = ({ bytes }: IpAddress): string => [...bytes].map((byte) => plainHex(byte, 2)).join("");

export function ifInet6Text({ interfaces }: NetworkNamespace): string {
  const lines = interfaces.flatMap((device) =>
    device.addresses
      .filter(({ address }) => address.version === 6)
      .map(({ address, prefixBits }) => {
        const scope = isLoopback(address) ? SCOPE_LOOPBACK : isLinkLocal(address) ? SCOPE_LINK : 0;
        const numbers = [device.index, prefixBits, scope, PERMANENT]
          .map((value) => plainHex(value, 2))
          .join(" ");
        return `${hexBytes(address)} ${numbers} ${device.name.padStart(8)}\n`;
      }),
  );
  return lines.join("");
}

/** Words in the machine's order. */
function hexV4(address: IpAddress | undefined): string {
  const bytes = address === undefined ? [0, 0, 0, 0] : [...address.bytes];
  return bytes
    .reverse()
    .map((byte) => plainHex(byte, 2))
    .join("")
    .toUpperCase();
}

export function routeText({ routes }: NetworkNamespace): string {
  const header = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";
  const lines = routes.filter(({ destination }) => destination.version === 4).map(routeLine);
  return [header, ...lines].map((line) => `${line.padEnd(ROUTE_WIDTH)}\n`).join("");
}

function routeLine({ device, destination, prefixBits, gateway, metric }: Route): string {
  const flags = Rtf.UP | (gateway === undefined ? 0 : Rtf.GATEWAY) | (prefixBits === 32 ? Rtf.HOST : 0);
  const shown = plainHex(flags, 4).toUpperCase();
  return [
    device.name,
    hexV4(destination),
    hexV4(gateway),
    shown,
    0,
    0,
    metric,
    hexV4(netmaskOf(prefixBits)),
    0,
    0,
    0,
  ].join("\t");
}

/** The lines of the loopback that say "nowhere" are what Linux' tables begin and end with. */
export function ipv6RouteText(namespace: NetworkNamespace): string {
  const main = namespace.routes.filter(({ destination }) => destination.version === 6);
  const local = localRoutes(namespace).filter(
    ({ destination, type }) => destination.version === 6 && type === Rtn.LOCAL,
  );
  const nowhere = v6Line({
    destination: ANY_V6,
    prefixBits: 0,
    gateway: undefined,
    metric: 0xffff_ffff,
    users: 1,
    flags: Rtf.NONEXTHOP | Rtf.REJECT,
    device: namespace.loopback.name,
  });
  const line = (route: Route, flags: number): string =>
    v6Line({
      ...route,
      device: route.device.name,
      users: 1,
      flags: (Rtf.UP | flags | (route.gateway === undefined ? 0 : Rtf.GATEWAY)) >>> 0,
    });
  const lines = [
    ...main.map((route) => line(route, route.prefixBits === 128 ? Rtf.HOST : 0)),
    nowhere,
    ...local.map((route) => line(route, Rtf.LOCAL | Rtf.NONEXTHOP)),
    nowhere,
  ];
  return lines.join("");
}

interface V6Line {
  readonly destination: IpAddress;
  readonly prefixBits: number;
  readonly gateway: IpAddress | undefined;
  readonly metric: number;
  readonly users: number;
  readonly flags: number;
  readonly device: string;
}

function v6Line({ destination, prefixBits, gateway, metric, users, flags, device }: V6Line): string {
  const numbers = [metric, users, 0, flags].map((value) => plainHex(value, 8)).join(" ");
  const from = `${hexBytes(ANY_V6)} 00`;
  return `${hexBytes(destination)} ${plainHex(prefixBits, 2)} ${from} ${hexBytes(gateway ?? ANY_V6)} ${numbers} ${device.padStart(8)}\n`;
}

/** Every interface listens to 224.0.0.1. */
export function igmpText({ interfaces }: NetworkNamespace): string {
  const shown = interfaces.filter(({ isUp, firstV4 }) => isUp && firstV4 !== undefined);
  const lines = shown.map(
    ({ index, name }) =>
      `${index}\t${name.padEnd(10)}: ${"1".padStart(5)} ${"V3".padStart(7)}\n\t\t\t\t010000E0     1 0:00000000\t\t0\n`,
  );
  return `Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n${lines.join("")}`;
}
