/**
 * A network namespace (network_namespaces(7)): interfaces, addresses, routes, ports, and names of abstract
 * unix sockets. One hard idea: everything addressed to one of the namespace's own addresses stays inside
 * and is delivered at once; only what is not goes to the `Wire`, which whoever runs the kernel may attach
 * to join namespaces. Without one, other addresses are unreachable, as on a machine without a cable.
 */
import { assert } from "../../../layers/base/assert.ts";
import { RTPROT_KERNEL } from "../abi/rtnetlink.ts";
import { nextNamespaceInode } from "../task/pid-namespace.ts";
import type { IpAddress } from "./inet/ip-address.ts";
import {
  ANY_V4,
  ANY_V6,
  broadcastOf,
  isInPrefix,
  isLoopback,
  LOOPBACK_V4,
  LOOPBACK_V6,
  networkOf,
} from "./inet/ip-address.ts";
import { NetlinkPorts } from "./netlink/netlink-ports.ts";
import { PortTable } from "./inet/port-table.ts";
import type { InterfaceAddress } from "./network-interface.ts";
import { Iff, NetworkInterface } from "./network-interface.ts";
import type { IcmpReceiver } from "./inet/icmp-delivery.ts";
import type { Socket } from "./socket.ts";
import type { UnixSocket } from "./unix/unix-socket.ts";
import type { PacketTap } from "./packet/tap.ts";
import type { Wire } from "./wire.ts";

/** RT_SCOPE_ of linux/rtnetlink.h. */
export const Scope = { universe: 0, link: 253, host: 254 } as const;
/** /proc/sys/net/core/somaxconn. */
const SOMAXCONN = 4096;
/** /proc/sys/net/ipv4/ip_unprivileged_port_start; docker sets 0 for its containers. */
const UNPRIVILEGED_PORT_START = 1024;
const ETHERNET_MTU = 1500;

export interface Route {
  readonly destination: IpAddress;
  readonly prefixBits: number;
  readonly gateway: IpAddress | undefined;
  readonly device: NetworkInterface;
  /** Preferred source. */
  readonly source: IpAddress | undefined;
  readonly metric: number;
  readonly scope: number;
  /** RTPROT_ of linux/rtnetlink.h: 2 kernel, 3 boot, 4 static. */
  readonly protocol: number;
}

/** Where packets to an address go. */
export type Path =
  | { readonly kind: "local"; readonly device: NetworkInterface; readonly source: IpAddress }
  | {
      readonly kind: "wire";
      readonly device: NetworkInterface;
      readonly source: IpAddress;
      readonly wire: Wire;
    };

export interface NetworkCounters {
  activeOpens: number;
  passiveOpens: number;
  attemptFails: number;
  datagramsSent: number;
  datagramsReceived: number;
  /** For ports nobody had. */
  datagramsUnwanted: number;
}

/** An address to be; the rest follows from the interface unless given. */
export interface AddressRequest {
  readonly address: IpAddress;
  readonly prefixBits: number;
  readonly scope?: number;
  readonly broadcast?: IpAddress | undefined;
  readonly label?: string | undefined;
  readonly isRouteless?: boolean;
}

/** What a container's interface is made of. */
export interface InterfaceRequest {
  readonly name: string;
  readonly hardwareAddress: Uint8Array;
  readonly mtu?: number;
  readonly addresses: readonly { readonly address: IpAddress; readonly prefixBits: number }[];
  readonly gateways?: readonly IpAddress[];
}

export class NetworkNamespace {
  readonly inode = nextNamespaceInode();
  readonly interfaces: NetworkInterface[] = [];
  /** The main table; the local table follows from the addresses. */
  readonly routes: Route[] = [];
  readonly tcp = new PortTable();
  readonly udp = new PortTable();
  readonly udplite = new PortTable();
  readonly abstractNames = new Map<string, UnixSocket>();
  /** Every open socket: /proc/net. */
  readonly sockets = new Set<Socket>();
  /** Raw and ping sockets: they see what the ports do not. */
  readonly icmpReceivers = new Set<IcmpReceiver>();
  /** Packet sockets that listen. */
  readonly taps = new Set<PacketTap>();
  readonly netlink = new NetlinkPorts();
  /** What /proc/net/snmp tells. */
  readonly counters: NetworkCounters = {
    activeOpens: 0,
    passiveOpens: 0,
    attemptFails: 0,
    datagramsSent: 0,
    datagramsReceived: 0,
    datagramsUnwanted: 0,
  };
  readonly loopback: NetworkInterface;
  backlogMax = SOMAXCONN;
  unprivilegedPortStart = UNPRIVILEGED_PORT_START;
  /** /proc/sys/net/ipv4/ping_group_range; docker sets 0 to 2147483647. */
  pingGroups: readonly [number, number] = [1, 0];
  wire: Wire | undefined;
  #lastIndex = 0;

  /** As clone(CLONE_NEWNET) makes it: a loopback that is down. */
  constructor() {
    this.loopback = this.#addDevice("lo", { isLoopback: true, hardwareAddress: new Uint8Array(6) });
  }

  /** With the loopback up, as containers have it. */
  static withLoopback(): NetworkNamespace {
    const namespace = new NetworkNamespace();
    namespace.setUp(namespace.loopback, true);
    return namespace;
  }

  interfaceByName(name: string): NetworkInterface | undefined {
    return this.interfaces.find((device) => device.name === name);
  }

  interfaceByIndex(index: number): NetworkInterface | undefined {
    return this.interfaces.find((device) => device.index === index);
  }

  /** Adds an interface that is up, with its addresses and the default routes through its gateways. */
  addInterface(request: InterfaceRequest): NetworkInterface {
    assert(this.interfaceByName(request.name) === undefined, "names of interfaces are unique");
    const { hardwareAddress, mtu = ETHERNET_MTU } = request;
    const device = this.#addDevice(request.name, { isLoopback: false, hardwareAddress, mtu });
    this.setUp(device, true);
    for (const { address, prefixBits } of request.addresses) {
      const hasBroadcast = address.version === 4 && prefixBits < 31;
      const broadcast = hasBroadcast ? broadcastOf(address, prefixBits) : undefined;
      this.addAddress(device, { address, prefixBits, broadcast });
    }
    for (const gateway of request.gateways ?? []) {
      const destination = gateway.version === 4 ? ANY_V4 : ANY_V6;
      const metric = gateway.version === 4 ? 0 : 1024;
      this.routes.push({
        destination,
        prefixBits: 0,
        gateway,
        device,
        source: undefined,
        metric,
        scope: 0,
        protocol: 3,
      });
    }
    return device;
  }

  removeInterface(device: NetworkInterface): void {
    this.setUp(device, false);
    this.interfaces.splice(this.interfaces.indexOf(device), 1);
  }

  addAddress(device: NetworkInterface, wanted: AddressRequest): void {
    const { address } = wanted;
    const isHost = address.version === 4 ? device.isLoopback && isLoopback(address) : isLoopback(address);
    const own: InterfaceAddress = {
      ...wanted,
      scope: wanted.scope ?? (isHost ? Scope.host : Scope.universe),
      label: wanted.label ?? device.name,
    };
    device.addresses.push(own);
    this.#addConnected(device, own);
  }

  removeAddress(device: NetworkInterface, own: InterfaceAddress): void {
    device.addresses.splice(device.addresses.indexOf(own), 1);
    if (own.address.version === 4 && device.firstV4 === undefined)
      this.#keepRoutes((route) => route.device !== device || route.destination.version !== 4);
    const { key } = networkOf(own.address, own.prefixBits);
    const isShared = device.addresses.some(
      (other) =>
        other.prefixBits === own.prefixBits && networkOf(other.address, other.prefixBits).key === key,
    );
    if (isShared) return;
    const isItsOwn = (route: Route): boolean =>
      route.protocol === RTPROT_KERNEL && route.device === device && route.destination.key === key;
    this.#keepRoutes((route) => !isItsOwn(route));
  }

  /**
   * ip link set up or down. The loopback gets its addresses with it, and the routes to one's own networks
   * come; all routes and the IPv6 addresses go when it goes.
   */
  setUp(device: NetworkInterface, isUp: boolean): void {
    if (device.isUp === isUp) return;
    device.flags ^= Iff.UP;
    if (!isUp) {
      this.#keepRoutes((route) => route.device !== device);
      for (const own of device.addresses.filter(({ address }) => address.version === 6))
        device.addresses.splice(device.addresses.indexOf(own), 1);
      return;
    }
    for (const own of device.addresses) this.#addConnected(device, own);
    if (!device.isLoopback) return;
    if (device.firstV4 === undefined) this.addAddress(device, { address: LOOPBACK_V4, prefixBits: 8 });
    this.addAddress(device, { address: LOOPBACK_V6, prefixBits: 128 });
  }

  #keepRoutes(isKept: (route: Route) => boolean): void {
    this.routes.splice(0, this.routes.length, ...this.routes.filter(isKept));
  }

  /** The interface that has `address` as its own. */
  ownerOf(address: IpAddress): NetworkInterface | undefined {
    if (address.version === 4 && isLoopback(address)) return this.loopback.isUp ? this.loopback : undefined;
    const isOwn = ({ isLoopback: isWide }: NetworkInterface, own: InterfaceAddress): boolean =>
      own.address.key === address.key || (isWide && isInPrefix(address, own.address, own.prefixBits));
    return this.interfaces.find(
      (device) => device.isUp && device.addresses.some((own) => isOwn(device, own)),
    );
  }

  /** By which interface what `own` gets from `other` comes. */
  deviceBetween(own: IpAddress, other: IpAddress): NetworkInterface {
    const isInside = this.ownerOf(other) !== undefined;
    return isInside ? this.loopback : (this.ownerOf(own) ?? this.loopback);
  }

  /** Whether a datagram to `address` reaches everybody on a network of ours. */
  isBroadcast(address: IpAddress): boolean {
    if (address.key === "255.255.255.255") return true;
    return this.interfaces.some((device) =>
      device.addresses.some(({ broadcast }) => broadcast?.key === address.key),
    );
  }

  /** The way to `destination`; undefined when there is none (ENETUNREACH). */
  pathTo(destination: IpAddress): Path | undefined {
    const owner = this.ownerOf(destination);
    if (owner !== undefined)
      return { kind: "local", device: this.loopback, source: this.localSource(destination) };
    const route = this.routeTo(destination);
    if (route === undefined || this.wire === undefined) return undefined;
    const source = this.sourceFor(route, destination);
    return source === undefined ? undefined : { kind: "wire", device: route.device, source, wire: this.wire };
  }

  /** The longest match of the main table. */
  routeTo(destination: IpAddress): Route | undefined {
    const matches = this.routes.filter((route) =>
      isInPrefix(destination, route.destination, route.prefixBits),
    );
    return matches.sort((left, right) => right.prefixBits - left.prefixBits || left.metric - right.metric)[0];
  }

  /** What a packet to an address of one's own is from. */
  localSource(destination: IpAddress): IpAddress {
    return destination.version === 4 && isLoopback(destination) ? LOOPBACK_V4 : destination;
  }

  /** What a packet by `route` is from: of the network of its next hop, or else any that is seen there. */
  sourceFor(route: Route | undefined, destination: IpAddress): IpAddress | undefined {
    if (route === undefined || route.source !== undefined) return route?.source;
    const hop = route.gateway ?? destination;
    const own = route.device.addresses.filter(({ address }) => address.version === destination.version);
    const near = own.find(({ address, prefixBits }) => isInPrefix(hop, address, prefixBits));
    return (near ?? own.find(({ scope }) => scope < Scope.host))?.address;
  }

  /** The route to the address's own network; the loopback's IPv4 networks are in the local table. */
  #addConnected(device: NetworkInterface, { address, prefixBits, isRouteless }: InterfaceAddress): void {
    const isV4 = address.version === 4;
    const isAlone = prefixBits === (isV4 ? 32 : 128);
    if (!device.isUp || isAlone || isRouteless === true || (isV4 && device.isLoopback)) return;
    const destination = networkOf(address, prefixBits);
    if (
      this.routes.some(
        (route) =>
          route.device === device &&
          route.protocol === RTPROT_KERNEL &&
          route.destination.key === destination.key &&
          route.prefixBits === prefixBits,
      )
    )
      return;
    this.routes.push({
      destination,
      prefixBits,
      gateway: undefined,
      device,
      source: isV4 ? address : undefined,
      metric: isV4 ? 0 : 256,
      scope: isV4 ? Scope.link : Scope.universe,
      protocol: RTPROT_KERNEL,
    });
  }

  #addDevice(
    name: string,
    options: { isLoopback: boolean; hardwareAddress: Uint8Array; mtu?: number },
  ): NetworkInterface {
    this.#lastIndex += 1;
    const device = new NetworkInterface(this.#lastIndex, name, options);
    this.interfaces.push(device);
    return device;
  }
}
