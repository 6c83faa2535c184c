/**
 * The local table (`ip route show table local`): what is delivered inside. It is not kept but follows from
 * the addresses: each is local, so is the whole network of a loopback's, and the ends of an IPv4
 * network are broadcasts (fib_add_ifaddr, net/ipv4/fib_frontend.c).
 */
import { Rtn, RTPROT_KERNEL } from "../abi/rtnetlink.ts";
import type { IpAddress } from "./inet/ip-address.ts";
import { broadcastOf, networkOf } from "./inet/ip-address.ts";
import type { InterfaceAddress, NetworkInterface } from "./network-interface.ts";
import type { NetworkNamespace, Route } from "./network-namespace.ts";
import { Scope } from "./network-namespace.ts";

export interface LocalRoute extends Route {
  /** RTN_LOCAL or RTN_BROADCAST. */
  readonly type: number;
}

export function localRoutes(namespace: NetworkNamespace): readonly LocalRoute[] {
  return namespace.interfaces.flatMap((device) =>
    device.addresses.flatMap((own) =>
      own.address.version === 4 ? routesOfV4(device, own) : [routeOfV6(device, own)],
    ),
  );
}

function routesOfV4(device: NetworkInterface, own: InterfaceAddress): readonly LocalRoute[] {
  const { address, prefixBits, broadcast } = own;
  const route = (destination: IpAddress, bits: number, type: number): LocalRoute => ({
    destination,
    prefixBits: bits,
    gateway: undefined,
    device,
    source: address,
    metric: 0,
    scope: type === Rtn.BROADCAST ? Scope.link : Scope.host,
    protocol: RTPROT_KERNEL,
    type,
  });
  const found = [route(address, 32, Rtn.LOCAL)];
  if (device.isLoopback && prefixBits < 32)
    found.push(route(networkOf(address, prefixBits), prefixBits, Rtn.LOCAL));
  if (!device.isUp) return found;
  const last = prefixBits < 31 ? broadcastOf(address, prefixBits) : undefined;
  for (const end of [last, broadcast?.key === last?.key ? undefined : broadcast])
    if (end !== undefined) found.push(route(end, 32, Rtn.BROADCAST));
  return found;
}

function routeOfV6(device: NetworkInterface, { address }: InterfaceAddress): LocalRoute {
  return {
    destination: address,
    prefixBits: 128,
    gateway: undefined,
    device,
    source: undefined,
    metric: 0,
    scope: Scope.universe,
    protocol: RTPROT_KERNEL,
    type: Rtn.LOCAL,
  };
}
