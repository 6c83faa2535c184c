/** RTM_*LINK: interfaces as rtnetlink tells and changes them (rtnl_fill_ifinfo, net/core/rtnetlink.c). */
import { concatBytes } from "../../../../layers/base/bytes.ts";
import { Errno } from "../../abi/errno.ts";
import { NLA_F_NESTED, NLM_F_CREATE } from "../../abi/netlink.ts";
import { IFINFOMSG_BYTES, Ifla, Rtm, Rtnlgrp } from "../../abi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../../abi/socket.ts";
import { SyscallError } from "../../task/syscall-error.ts";
import type { NetworkInterface } from "../network-interface.ts";
import { Iff } from "../network-interface.ts";
import type { NetworkNamespace } from "../network-namespace.ts";
import { attribute, attributesOf, nested, struct, text, u16, u32, u32Of, u8, viewOf } from "./message.ts";
import type { NetlinkMessage } from "./message.ts";
import type { RouteRequest } from "./rtnetlink.ts";
import type { Reply } from "./serve.ts";
import { NetlinkRefusal } from "./serve.ts";

/** IF_OPER_. */
const OPER = { unknown: 0, down: 2, up: 6 } as const;
const STATS_FIELDS = 24;
const STATS64_FIELDS = 25;
const SEGMENT_BYTES_MAX = 65_536;
const SEGMENTS_MAX = 65_535;
const TSO_BYTES_MAX = 524_280;
/** Of ethernet-like interfaces (ether_setup). */
const ETHERNET_MTU_MIN = 68;
const ETHERNET_MTU_MAX = 65_535;
/** IFLA_XDP_ATTACHED, IFLA_INFO_KIND, IFLA_INET6_FLAGS, IFLA_INET6_ADDR_GEN_MODE. */
const IFLA_XDP_ATTACHED = 2;
const IFLA_INFO_KIND = 1;
const IFLA_INET6_FLAGS = 1;
const IFLA_INET6_ADDR_GEN_MODE = 8;
const IF_READY = 0x8000_0000;
const NAME_BYTES_MAX = 15;

export function dumpLinks({ namespace }: RouteRequest): readonly Reply[] {
  return namespace.interfaces.map((device) => linkReply(Rtm.NEWLINK, device));
}

export function getLink({ namespace, message }: RouteRequest): Reply {
  return linkReply(Rtm.NEWLINK, findLink(namespace, message.payload));
}

/** RTM_NEWLINK and RTM_SETLINK of an interface that is there: flags, mtu, name, queue, hardware address. */
export function changeLink({ namespace, message, notify }: RouteRequest): undefined {
  const { payload } = message;
  const device =
    message.type === Rtm.NEWLINK ? linkToChange(namespace, message) : findLink(namespace, payload);
  const attributes = attributesOf(payload, IFINFOMSG_BYTES);
  const mtu = u32Of(attributes.get(Ifla.MTU));
  if (mtu !== undefined) setMtu(device, mtu);
  const name = nameIn(attributes.get(Ifla.IFNAME));
  if (name !== undefined && name !== device.name && indexOf(payload) > 0) rename(namespace, device, name);
  const queue = u32Of(attributes.get(Ifla.TXQLEN));
  if (queue !== undefined) device.transmitQueue = queue;
  const hardware = attributes.get(Ifla.ADDRESS);
  if (hardware !== undefined) setHardwareAddress(device, hardware);
  const view = viewOf(payload);
  const [flags, change] = [view.getUint32(8, true), view.getUint32(12, true)];
  // rtnl_dev_combine_flags: no mask with flags given means all of them.
  const mask = change !== 0 ? change : flags !== 0 ? 0xffff_ffff : 0;
  if ((mask & Iff.UP) !== 0) namespace.setUp(device, (flags & Iff.UP) !== 0);
  const settable = Iff.PROMISC | Iff.ALLMULTI | Iff.NOARP;
  device.flags = (device.flags & ~(mask & settable)) | (flags & mask & settable);
  notify(Rtnlgrp.LINK, linkReply(Rtm.NEWLINK, device));
}

/** RTM_NEWLINK would make what is not there, if there were a driver for it. */
function linkToChange(namespace: NetworkNamespace, message: NetlinkMessage): NetworkInterface {
  try {
    return findLink(namespace, message.payload);
  } catch (thrown) {
    if (!(thrown instanceof SyscallError) || message.payload.length < IFINFOMSG_BYTES) throw thrown;
    if ((message.flags & NLM_F_CREATE) === 0) throw new SyscallError(Errno.ENODEV);
    throw new NetlinkRefusal(Errno.EOPNOTSUPP, "Unknown device type");
  }
}

/** No driver of ours lets an interface be taken away. */
export function deleteLink({ namespace, message }: RouteRequest): undefined {
  findLink(namespace, message.payload);
  throw new SyscallError(Errno.EOPNOTSUPP);
}

function setMtu(device: NetworkInterface, mtu: number): void {
  const [least, most] = device.isLoopback ? [0, 0x7fff_ffff] : [ETHERNET_MTU_MIN, ETHERNET_MTU_MAX];
  if (mtu < least) throw new NetlinkRefusal(Errno.EINVAL, "mtu less than device minimum");
  if (mtu > most) throw new NetlinkRefusal(Errno.EINVAL, "mtu greater than device maximum");
  device.mtu = mtu;
}

function setHardwareAddress(device: NetworkInterface, address: Uint8Array): void {
  if (device.isLoopback) throw new SyscallError(Errno.EOPNOTSUPP);
  if (address.length < device.hardwareAddress.length) throw new SyscallError(Errno.EINVAL);
  device.hardwareAddress = address.slice(0, device.hardwareAddress.length);
}

function rename(namespace: NetworkNamespace, device: NetworkInterface, name: string): void {
  const isName =
    name !== "" && name.length <= NAME_BYTES_MAX && name !== "." && name !== ".." && !/[/:\s]/.test(name);
  if (!isName) throw new SyscallError(Errno.EINVAL);
  if (namespace.interfaceByName(name) !== undefined) throw new SyscallError(Errno.EEXIST);
  device.name = name;
}

const indexOf = (payload: Uint8Array): number => viewOf(payload).getInt32(4, true);

function nameIn(value: Uint8Array | undefined): string | undefined {
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  return new TextDecoder().decode(value.slice(0, end < 0 ? value.length : end));
}

/** By number, or else by name; throws EINVAL, ENODEV. */
function findLink(namespace: NetworkNamespace, payload: Uint8Array): NetworkInterface {
  if (payload.length < IFINFOMSG_BYTES) throw new SyscallError(Errno.EINVAL);
  const attributes = attributesOf(payload, IFINFOMSG_BYTES);
  const name = nameIn(attributes.get(Ifla.IFNAME) ?? attributes.get(Ifla.ALT_IFNAME));
  const index = indexOf(payload);
  if (index <= 0 && name === undefined) throw new SyscallError(Errno.EINVAL);
  const device = index > 0 ? namespace.interfaceByIndex(index) : namespace.interfaceByName(name ?? "");
  if (device === undefined) throw new SyscallError(Errno.ENODEV);
  return device;
}

export function linkReply(type: number, device: NetworkInterface): Reply {
  const body = struct(
    [1, 0],
    [1, 0],
    [2, device.hardwareType],
    [4, device.index],
    [4, device.shownFlags],
    [4, 0],
  );
  return {
    type,
    payload: concatBytes([body, ...limitsOf(device), ...stateOf(device), ...familiesOf(device)]),
  };
}

function limitsOf(device: NetworkInterface): readonly Uint8Array[] {
  const { isLoopback } = device;
  const operState = isLoopback ? OPER.unknown : OPER.up;
  return [
    text(Ifla.IFNAME, device.name),
    u32(Ifla.TXQLEN, device.transmitQueue),
    u8(Ifla.OPERSTATE, device.isUp ? operState : OPER.down),
    u8(Ifla.LINKMODE, 0),
    u8(Ifla.NETNS_IMMUTABLE, isLoopback ? 1 : 0),
    u32(Ifla.MTU, device.mtu),
    u32(Ifla.MIN_MTU, isLoopback ? 0 : ETHERNET_MTU_MIN),
    u32(Ifla.MAX_MTU, isLoopback ? 0 : ETHERNET_MTU_MAX),
    u32(Ifla.GROUP, 0),
    u32(Ifla.PROMISCUITY, (device.flags & Iff.PROMISC) === 0 ? 0 : 1),
    u32(Ifla.ALLMULTI, (device.flags & Iff.ALLMULTI) === 0 ? 0 : 1),
    u32(Ifla.NUM_TX_QUEUES, 1),
    u32(Ifla.GSO_MAX_SEGS, SEGMENTS_MAX),
    u32(Ifla.GSO_MAX_SIZE, SEGMENT_BYTES_MAX),
    u32(Ifla.GRO_MAX_SIZE, SEGMENT_BYTES_MAX),
    u32(Ifla.GSO_IPV4_MAX_SIZE, SEGMENT_BYTES_MAX),
    u32(Ifla.GRO_IPV4_MAX_SIZE, SEGMENT_BYTES_MAX),
    u32(Ifla.TSO_MAX_SIZE, TSO_BYTES_MAX),
    u32(Ifla.TSO_MAX_SEGS, SEGMENTS_MAX),
    u32(Ifla.MAX_PACING_OFFLOAD_HORIZON, 0),
    u32(Ifla.NUM_RX_QUEUES, 1),
  ];
}

function stateOf(device: NetworkInterface): readonly Uint8Array[] {
  const { isLoopback, hardwareAddress } = device;
  // The cable of an ethernet-like interface was plugged in once.
  const plugged = isLoopback ? 0 : 1;
  return [
    u8(Ifla.CARRIER, isLoopback || device.isUp ? 1 : 0),
    u32(Ifla.CARRIER_CHANGES, plugged * 2),
    u32(Ifla.CARRIER_UP_COUNT, plugged),
    u32(Ifla.CARRIER_DOWN_COUNT, plugged),
    u16(Ifla.HEADROOM, 0),
    u16(Ifla.TAILROOM, 0),
    u8(Ifla.PROTO_DOWN, 0),
    attribute(Ifla.ADDRESS, hardwareAddress),
    attribute(Ifla.BROADCAST, new Uint8Array(hardwareAddress.length).fill(isLoopback ? 0 : 0xff)),
    attribute(Ifla.STATS64, statsOf(device, 8)),
    attribute(Ifla.STATS, statsOf(device, 4)),
    nested(Ifla.XDP, [u8(IFLA_XDP_ATTACHED, 0)]),
    ...(isLoopback
      ? []
      : [nested(Ifla.LINKINFO, [attribute(IFLA_INFO_KIND, new TextEncoder().encode("veth"))])]),
    text(Ifla.QDISC, "noqueue"),
  ];
}

function familiesOf({ isUp }: NetworkInterface): readonly Uint8Array[] {
  const six = [u32(IFLA_INET6_FLAGS, isUp ? IF_READY : 0), u8(IFLA_INET6_ADDR_GEN_MODE, 0)];
  return [
    nested(Ifla.AF_SPEC, [nested(AF_INET, []), nested(AF_INET6, six)]),
    attribute(Ifla.MAP, new Uint8Array(32)),
    nested(Ifla.DEVLINK_PORT | NLA_F_NESTED, []),
    nested(Ifla.DPLL_PIN | NLA_F_NESTED, []),
  ];
}

/** struct rtnl_link_stats and rtnl_link_stats64: packets, bytes, and errors that never happen. */
function statsOf({ counters }: NetworkInterface, fieldBytes: 4 | 8): Uint8Array {
  const fields = new Array<number>(fieldBytes === 4 ? STATS_FIELDS : STATS64_FIELDS).fill(0);
  fields.splice(0, 4, counters.rxPackets, counters.txPackets, counters.rxBytes, counters.txBytes);
  const fit = (value: number): number => (fieldBytes === 4 ? value % 2 ** 32 : value);
  return struct(...fields.map((value) => [fieldBytes, fit(value)] as const));
}
