/** RTM_*ADDR: addresses of interfaces (inet_fill_ifaddr, net/ipv4/devinet.c; inet6_fill_ifaddr, net/ipv6/addrconf.c). */
import { concatBytes } from "../../../../layers/base/bytes.ts";
import { Errno } from "../../abi/errno.ts";
import { NLM_F_EXCL, NLM_F_REPLACE } from "../../abi/netlink.ts";
import {
  Ifa,
  IFA_F_NOPREFIXROUTE,
  IFA_F_PERMANENT,
  IFA_F_SECONDARY,
  IFADDRMSG_BYTES,
  IFAPROT_KERNEL_LO,
  Rtm,
  Rtnlgrp,
} from "../../abi/rtnetlink.ts";
import { AF_INET, AF_INET6, AF_UNSPEC } from "../../abi/socket.ts";
import { SyscallError } from "../../task/syscall-error.ts";
import type { IpAddress } from "../inet/ip-address.ts";
import { ipOf, isInPrefix, isLoopback } from "../inet/ip-address.ts";
import type { InterfaceAddress, NetworkInterface } from "../network-interface.ts";
import type { NetworkNamespace } from "../network-namespace.ts";
import { Scope } from "../network-namespace.ts";
import { attribute, attributesOf, struct, text, u32, u32Of, u8, viewOf } from "./message.ts";
import type { RouteRequest } from "./rtnetlink.ts";
import type { Reply } from "./serve.ts";
import { NetlinkRefusal } from "./serve.ts";

const FOREVER = 0xffff_ffff;
const BITS = { 4: 32, 6: 128 } as const;

export function dumpAddresses({ namespace, family, message }: RouteRequest): readonly Reply[] {
  const versions = ([4, 6] as const).filter(
    (version) => family === AF_UNSPEC || family === familyOf(version),
  );
  const [, , , , index = 0] = message.payload;
  return versions.flatMap((version) =>
    namespace.interfaces
      .filter((device) => index === 0 || !hasFilter(message.payload) || device.index === index)
      .flatMap((device) => ownOf(device, version).map((own) => addressReply(Rtm.NEWADDR, device, own))),
  );
}

/** Only whoever asks with the whole struct means its index. */
const hasFilter = (payload: Uint8Array): boolean => payload.length >= IFADDRMSG_BYTES;

/** As Linux keeps them: IPv6 by scope, the widest first, the newest before older ones. */
function ownOf(device: NetworkInterface, version: 4 | 6): readonly InterfaceAddress[] {
  const own = device.addresses.filter(({ address }) => address.version === version);
  return version === 4 ? own : own.reverse().sort((left, right) => left.scope - right.scope);
}

export function addAddress({ namespace, message, notify }: RouteRequest): undefined {
  const { device, address, prefixBits, attributes, scope } = parse(namespace, message.payload);
  const isSame = device.addresses.some(
    (own) => own.address.key === address.key && (address.version === 6 || own.prefixBits === prefixBits),
  );
  if (isSame) {
    const isReplacing = (message.flags & (NLM_F_EXCL | NLM_F_REPLACE)) === NLM_F_REPLACE;
    if (!isReplacing) throw new NetlinkRefusal(Errno.EEXIST, `${said(address)}ddress already assigned`);
    return undefined;
  }
  const given = attributes.get(Ifa.BROADCAST);
  const label = attributes.get(Ifa.LABEL);
  const flags = u32Of(attributes.get(Ifa.FLAGS)) ?? message.payload[2] ?? 0;
  namespace.addAddress(device, {
    address,
    prefixBits,
    scope,
    broadcast: given?.length === 4 ? ipOf(given.slice()) : undefined,
    label: label === undefined ? undefined : nameIn(label),
    isRouteless: (flags & IFA_F_NOPREFIXROUTE) !== 0,
  });
  const own = device.addresses.find((one) => one.address.key === address.key);
  if (own !== undefined) notify(groupOf(address), addressReply(Rtm.NEWADDR, device, own));
}

export function deleteAddress({ namespace, message, notify }: RouteRequest): undefined {
  const { device, address, prefixBits } = parse(namespace, message.payload);
  const isWhole = (own: InterfaceAddress): boolean =>
    own.address.key === address.key && (own.prefixBits === prefixBits || address.version === 4);
  const own = device.addresses.find(isWhole);
  if (own === undefined) throw new NetlinkRefusal(Errno.EADDRNOTAVAIL, `${said(address)}ddress not found`);
  notify(groupOf(address), addressReply(Rtm.DELADDR, device, own));
  namespace.removeAddress(device, own);
}

/** How messages about an address begin: the two families differ in one letter. */
const said = ({ version }: IpAddress): string => (version === 4 ? "ipv4: A" : "ipv6: a");
const groupOf = ({ version }: IpAddress): number =>
  version === 4 ? Rtnlgrp.IPV4_IFADDR : Rtnlgrp.IPV6_IFADDR;
const familyOf = (version: 4 | 6): number => (version === 4 ? AF_INET : AF_INET6);

interface AddressRequest {
  readonly device: NetworkInterface;
  readonly address: IpAddress;
  readonly prefixBits: number;
  readonly scope: number;
  readonly attributes: ReadonlyMap<number, Uint8Array>;
}

/** struct ifaddrmsg and what follows; throws EOPNOTSUPP, EINVAL, ENODEV. */
function parse(namespace: NetworkNamespace, payload: Uint8Array): AddressRequest {
  const [family, prefixBits = 0, , scope = 0] = payload;
  if (family !== AF_INET && family !== AF_INET6) throw new SyscallError(Errno.EOPNOTSUPP);
  if (payload.length < IFADDRMSG_BYTES) throw new SyscallError(Errno.EINVAL);
  const version = family === AF_INET ? 4 : 6;
  const attributes = attributesOf(payload, IFADDRMSG_BYTES);
  const bytes = attributes.get(Ifa.LOCAL) ?? attributes.get(Ifa.ADDRESS);
  if (prefixBits > BITS[version])
    throw new NetlinkRefusal(Errno.EINVAL, `ipv${version}: Invalid prefix length`);
  if (bytes?.length !== BITS[version] / 8)
    throw new NetlinkRefusal(Errno.EINVAL, `ipv${version}: Local address is not supplied`);
  const device = namespace.interfaceByIndex(viewOf(payload).getUint32(4, true));
  if (device === undefined) throw new NetlinkRefusal(Errno.ENODEV, `ipv${version}: Device not found`);
  const address = ipOf(bytes.slice());
  const isHost = version === 6 && isLoopback(address);
  return { device, address, prefixBits, scope: isHost ? Scope.host : version === 6 ? 0 : scope, attributes };
}

function nameIn(value: Uint8Array): string {
  const end = value.indexOf(0);
  return new TextDecoder().decode(value.slice(0, end < 0 ? value.length : end));
}

function addressReply(type: number, device: NetworkInterface, own: InterfaceAddress): Reply {
  const { address, prefixBits, scope, broadcast } = own;
  const isV4 = address.version === 4;
  const flags = flagsOf(device, own);
  const body = struct(
    [1, familyOf(address.version)],
    [1, prefixBits],
    [1, flags & 0xff],
    [1, scope],
    [4, device.index],
  );
  const times = attribute(Ifa.CACHEINFO, struct([4, FOREVER], [4, FOREVER], [4, 0], [4, 0]));
  if (!isV4) {
    const isKernels = isLoopback(address);
    const by = isKernels ? [u8(Ifa.PROTO, IFAPROT_KERNEL_LO)] : [];
    return {
      type,
      payload: concatBytes([
        body,
        attribute(Ifa.ADDRESS, address.bytes),
        times,
        u32(Ifa.FLAGS, flags),
        ...by,
      ]),
    };
  }
  const parts = [
    attribute(Ifa.ADDRESS, address.bytes),
    attribute(Ifa.LOCAL, address.bytes),
    ...(broadcast === undefined ? [] : [attribute(Ifa.BROADCAST, broadcast.bytes)]),
    text(Ifa.LABEL, own.label),
    u32(Ifa.FLAGS, flags),
    times,
  ];
  return { type, payload: concatBytes([body, ...parts]) };
}

/** A second IPv4 address of the same network is secondary. */
function flagsOf(device: NetworkInterface, own: InterfaceAddress): number {
  const { address, prefixBits } = own;
  const first = device.addresses.find(
    (other) => other.prefixBits === prefixBits && isInPrefix(other.address, address, prefixBits),
  );
  const isSecond = address.version === 4 && first !== undefined && first !== own;
  return IFA_F_PERMANENT | (isSecond ? IFA_F_SECONDARY : 0) | (own.isRouteless ? IFA_F_NOPREFIXROUTE : 0);
}
