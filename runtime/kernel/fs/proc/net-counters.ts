/**
 * Statistics in /proc/net (snmp_seq_show, net/ipv4/proc.c): headings and numbers in two lines. What is counted
 * is what happens here: connections and datagrams; packets are those of the interfaces, and whatever
 * can go wrong with a packet does not.
 */
import { TcpState } from "../../abi/inet.ts";
import { TcpSocket } from "../../net/inet/tcp-socket.ts";
import type { NetworkNamespace } from "../../net/network-namespace.ts";
import { countSockets } from "./net-sockets.ts";

/** Names as Linux 6.18 has them; `name=n` when it is not 0. */
type Counters = Readonly<Record<string, number>>;

const IP_NAMES =
  "Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos InDiscards InDelivers OutRequests OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates OutTransmits";
const ICMP_NAMES =
  "InMsgs InErrors InCsumErrors InDestUnreachs InTimeExcds InParmProbs InSrcQuenchs InRedirects InEchos InEchoReps InTimestamps InTimestampReps InAddrMasks InAddrMaskReps OutMsgs OutErrors OutRateLimitGlobal OutRateLimitHost OutDestUnreachs OutTimeExcds OutParmProbs OutSrcQuenchs OutRedirects OutEchos OutEchoReps OutTimestamps OutTimestampReps OutAddrMasks OutAddrMaskReps";
const TCP_NAMES =
  "RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors";
const UDP_NAMES =
  "InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors";
const IP_EXT_NAMES =
  "InNoRoutes InTruncatedPkts InMcastPkts OutMcastPkts InBcastPkts OutBcastPkts InOctets OutOctets InMcastOctets OutMcastOctets InBcastOctets OutBcastOctets InCsumErrors InNoECTPkts InECT1Pkts InECT0Pkts InCEPkts ReasmOverlaps";
const TCP_EXT_NAMES =
  "SyncookiesSent SyncookiesRecv SyncookiesFailed EmbryonicRsts PruneCalled RcvPruned OfoPruned OutOfWindowIcmps LockDroppedIcmps ArpFilter TW TWRecycled TWKilled ListenOverflows ListenDrops TCPTimeouts TCPAbortOnData TCPAbortOnClose TCPAbortOnMemory TCPAbortOnTimeout TCPAbortOnLinger TCPAbortFailed";

function twoLines(group: string, names: string, counters: Counters): string {
  const list = names.split(" ");
  return `${group}: ${names}\n${group}: ${list.map((name) => counters[name] ?? 0).join(" ")}\n`;
}

export function snmpText(namespace: NetworkNamespace): string {
  const { counters } = namespace;
  const { packets } = sumOf(namespace);
  const established = [...namespace.sockets].filter(
    (socket) =>
      socket instanceof TcpSocket &&
      (socket.state === TcpState.ESTABLISHED || socket.state === TcpState.CLOSE_WAIT),
  ).length;
  const ip = {
    Forwarding: 1,
    DefaultTTL: 64,
    InReceives: packets,
    InDelivers: packets,
    OutRequests: packets,
    OutTransmits: packets,
  };
  const tcp = {
    RtoAlgorithm: 1,
    RtoMin: 200,
    RtoMax: 120_000,
    MaxConn: -1,
    ActiveOpens: counters.activeOpens,
    PassiveOpens: counters.passiveOpens,
    AttemptFails: counters.attemptFails,
    CurrEstab: established,
  };
  const udp = {
    InDatagrams: counters.datagramsReceived,
    NoPorts: counters.datagramsUnwanted,
    OutDatagrams: counters.datagramsSent,
  };
  return [
    twoLines("Ip", IP_NAMES, ip),
    twoLines("Icmp", ICMP_NAMES, {}),
    twoLines("Tcp", TCP_NAMES, tcp),
    twoLines("Udp", UDP_NAMES, udp),
    twoLines("UdpLite", UDP_NAMES, {}),
  ].join("");
}

export function netstatText(namespace: NetworkNamespace): string {
  const { packets, bytes } = sumOf(namespace);
  const octets = { InOctets: bytes, OutOctets: bytes, InNoECTPkts: packets };
  return twoLines("TcpExt", TCP_EXT_NAMES, {}) + twoLines("IpExt", IP_EXT_NAMES, octets);
}

function sumOf({ interfaces }: NetworkNamespace): { readonly packets: number; readonly bytes: number } {
  const sum = (pick: (index: number) => number): number =>
    interfaces.reduce((all, _, index) => all + pick(index), 0);
  return {
    packets: sum((index) => interfaces[index]?.counters.rxPackets ?? 0),
    bytes: sum((index) => interfaces[index]?.counters.rxBytes ?? 0),
  };
}

export function sockstatText(namespace: NetworkNamespace): string {
  const { all, tcp, udp, raw } = countSockets(namespace);
  return [
    `sockets: used ${all}`,
    `TCP: inuse ${tcp[0]} orphan 0 tw 0 alloc ${tcp[0] + tcp[1]} mem 0`,
    `UDP: inuse ${udp[0]} mem 0`,
    "UDPLITE: inuse 0",
    `RAW: inuse ${raw[0]}`,
    "FRAG: inuse 0 memory 0\n",
  ].join("\n");
}

export function sockstat6Text(namespace: NetworkNamespace): string {
  const { tcp, udp, raw } = countSockets(namespace);
  return `TCP6: inuse ${tcp[1]}\nUDP6: inuse ${udp[1]}\nUDPLITE6: inuse 0\nRAW6: inuse ${raw[1]}\nFRAG6: inuse 0 memory 0\n`;
}

/** Name, size of a socket, memory, pressure, room for headers, slab, and which operations it has. */
type ProtocolRow = readonly [string, number, number, string, number, string, string];
const ALL_OPERATIONS = "y  y  y  y  y  y  y  y  y  y  y  y  n  y  y  y  y  y";
const DATAGRAM_OPERATIONS = "y  y  y  n  y  y  y  n  y  y  y  y  n  n  y  y  y  n";
const RAW_OPERATIONS = "y  y  y  n  y  y  y  n  y  y  y  y  y  y  y  y  n  n";
const PING_OPERATIONS = "y  y  y  n  n  y  n  n  y  y  y  y  y  y  n  y  y  n";
const UNIX_OPERATIONS = `y  ${"n  ".repeat(16)}n`;
const NO_OPERATIONS = `n  ${"n  ".repeat(16)}n`;

const PROTOCOLS: readonly ProtocolRow[] = [
  ["PINGv6", 1344, -1, "NI", 0, "yes", PING_OPERATIONS],
  ["RAWv6", 1344, -1, "NI", 0, "yes", RAW_OPERATIONS],
  ["UDPv6", 1472, 0, "NI", 0, "yes", DATAGRAM_OPERATIONS],
  ["TCPv6", 2432, 0, "no", 192, "yes", ALL_OPERATIONS],
  ["UNIX-STREAM", 1152, -1, "NI", 0, "yes", UNIX_OPERATIONS],
  ["UNIX", 1152, -1, "NI", 0, "yes", UNIX_OPERATIONS],
  ["PING", 1016, -1, "NI", 0, "yes", PING_OPERATIONS],
  ["RAW", 1152, -1, "NI", 0, "yes", RAW_OPERATIONS],
  ["UDP", 1344, 0, "NI", 0, "yes", DATAGRAM_OPERATIONS],
  ["TCP", 2304, 0, "no", 192, "yes", ALL_OPERATIONS],
  ["NETLINK", 1096, -1, "NI", 0, "no", NO_OPERATIONS],
];

export function protocolsText(namespace: NetworkNamespace): string {
  const header =
    "protocol  size sockets  memory press maxhdr  slab module     cl co di ac io in de sh ss gs se re bi br ha uh gp em\n";
  const { tcp, udp, raw, ping, unix, unixStream, netlink } = countSockets(namespace);
  const counts: Counters = {
    PINGv6: ping[1],
    RAWv6: raw[1],
    UDPv6: udp[1],
    TCPv6: tcp[1],
    "UNIX-STREAM": unixStream,
    UNIX: unix,
    PING: ping[0],
    RAW: raw[0],
    UDP: udp[0],
    TCP: tcp[0],
    NETLINK: netlink,
  };
  const lines = PROTOCOLS.map(([name, size, memory, pressure, headers, slab, operations]) => {
    const left = `${name.padEnd(9)} ${String(size).padStart(4)} ${String(counts[name] ?? 0).padStart(6)}`;
    const middle = `  ${String(memory).padStart(6)}   ${pressure.padEnd(3)} ${String(headers).padStart(6)}`;
    return `${left}${middle}   ${slab.padEnd(3)}  ${"kernel".padEnd(10)}  ${operations}\n`;
  });
  return header + lines.join("");
}
