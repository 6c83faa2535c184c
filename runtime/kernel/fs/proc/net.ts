/** /proc/pid/net: the network namespace of a task as files (proc_net(5)). */
import { IPPROTO_UDP, IPPROTO_UDPLITE } from "../../abi/socket.ts";
import type { NetworkNamespace } from "../../net/network-namespace.ts";
import type { Task } from "../../task/task.ts";
import type { GeneratedDirectory, GeneratedText } from "../generated.ts";
import { directory, text } from "../nodes.ts";
import { netstatText, protocolsText, snmpText, sockstat6Text, sockstatText } from "./net-counters.ts";
import {
  ARP_TEXT,
  devText,
  ifInet6Text,
  igmpText,
  ipv6RouteText,
  PTYPE_TEXT,
  routeText,
} from "./net-interfaces.ts";
import { icmpText, netlinkText, PACKET_TEXT, rawText, tcpText, udpText, unixText } from "./net-sockets.ts";

/** Ticks and nanoseconds of the packet scheduler's clock, as tc(8) reads them. */
const PSCHED_TEXT = "000003e8 00000040 000f4240 3b9aca00\n";

export function netDirectory(task: Task): GeneratedDirectory {
  const of = (make: (namespace: NetworkNamespace) => string): GeneratedText =>
    text(() => make(task.namespaces.network));
  return directory({
    arp: text(() => ARP_TEXT),
    dev: of(devText),
    icmp: of((namespace) => icmpText(namespace, 4)),
    icmp6: of((namespace) => icmpText(namespace, 6)),
    if_inet6: of(ifInet6Text),
    igmp: of(igmpText),
    ipv6_route: of(ipv6RouteText),
    netlink: of(netlinkText),
    netstat: of(netstatText),
    packet: text(() => PACKET_TEXT),
    protocols: of(protocolsText),
    psched: text(() => PSCHED_TEXT),
    ptype: text(() => PTYPE_TEXT),
    raw: of((namespace) => rawText(namespace, 4)),
    raw6: of((namespace) => rawText(namespace, 6)),
    route: of(routeText),
    snmp: of(snmpText),
    sockstat: of(sockstatText),
    sockstat6: of(sockstat6Text),
    tcp: of((namespace) => tcpText(namespace, 4)),
    tcp6: of((namespace) => tcpText(namespace, 6)),
    udp: of((namespace) => udpText(namespace, 4, IPPROTO_UDP)),
    udp6: of((namespace) => udpText(namespace, 6, IPPROTO_UDP)),
    udplite: of((namespace) => udpText(namespace, 4, IPPROTO_UDPLITE)),
    udplite6: of((namespace) => udpText(namespace, 6, IPPROTO_UDPLITE)),
    unix: of(unixText),
  });
}
