/** What sockets of any family answer about interfaces (netdevice(7), net/core/dev_ioctl.c). */
import { Errno } from "../abi/errno.ts";
import { AF_INET } from "../abi/socket.ts";
import { IFREQ_BYTES, IFREQ_VALUE, isSocketIoctl, Siocg } from "../abi/ifreq.ts";
import { Capability } from "../task/credentials.ts";
import { hasNetworkCapability } from "../ns/namespace-owner.ts";
import type { Task } from "../task/task.ts";
import type { IpAddress } from "./inet/ip-address.ts";
import { netmaskOf } from "./inet/ip-address.ts";
import type { NetworkInterface } from "./network-interface.ts";
import { Iff, INTERFACE_NAME_BYTES } from "./network-interface.ts";
import type { NetworkNamespace } from "./network-namespace.ts";

/** 0, or -errno: -ENOTTY for requests that are none of a socket. */
export function interfaceIoctl(namespace: NetworkNamespace, request: number, address: number, task: Task): number {
  if (!isSocketIoctl(request)) return -Errno.ENOTTY;
  if (request === Siocg.SIOCGIFCONF) return listInterfaces(namespace, address, task);
  if (request === Siocg.SIOCGIFNAME) return nameOf(namespace, address, task);
  const name = readName(task, address);
  const device = namespace.interfaceByName(name.replace(/:.*/, ""));
  const value = address + IFREQ_VALUE;
  switch (request) {
    case Siocg.SIOCSIFFLAGS:
    case Siocg.SIOCSIFMTU:
      if (!hasNetworkCapability(task, Capability.CAP_NET_ADMIN)) return -Errno.EPERM;
      if (device === undefined) return -Errno.ENODEV;
      if (request === Siocg.SIOCSIFFLAGS) namespace.setUp(device, (task.memory.readU16(value) & Iff.UP) !== 0);
      else device.mtu = task.memory.readU32(value);
      return 0;
    default:
      return answer(device, request, value, task);
  }
}

function answer(device: NetworkInterface | undefined, request: number, value: number, task: Task): number {
  const { memory } = task;
  const known = new Set<number>(Object.values(Siocg));
  if (!known.has(request)) return -Errno.ENOTTY;
  if (device === undefined) return -Errno.ENODEV;
  switch (request) {
    case Siocg.SIOCGIFFLAGS:
      memory.writeU16(value, device.shownFlags & 0xffff);
      return 0;
    case Siocg.SIOCGIFINDEX:
      memory.writeU32(value, device.index);
      return 0;
    case Siocg.SIOCGIFMTU:
      memory.writeU32(value, device.mtu);
      return 0;
    case Siocg.SIOCGIFMETRIC:
      memory.writeU32(value, 0);
      return 0;
    case Siocg.SIOCGIFTXQLEN:
      memory.writeU32(value, device.transmitQueue);
      return 0;
    case Siocg.SIOCGIFHWADDR:
      memory.writeU16(value, device.hardwareType);
      memory.copyOut(value + 2, device.hardwareAddress);
      return 0;
    case Siocg.SIOCGIFMAP:
      memory.writable(value, 24).fill(0);
      return 0;
    default:
      return answerAddress(device, request, value, task);
  }
}

function answerAddress(device: NetworkInterface, request: number, value: number, task: Task): number {
  const own = device.firstV4;
  switch (request) {
    case Siocg.SIOCGIFADDR:
    case Siocg.SIOCGIFDSTADDR:
      return own === undefined ? -Errno.EADDRNOTAVAIL : writeAddress(task, value, own.address);
    case Siocg.SIOCGIFNETMASK:
      return own === undefined ? -Errno.EADDRNOTAVAIL : writeAddress(task, value, netmaskOf(own.prefixBits));
    case Siocg.SIOCGIFBRDADDR: {
      if (own === undefined) return -Errno.EADDRNOTAVAIL;
      task.memory.writable(value, 16).fill(0);
      task.memory.writeU16(value, AF_INET);
      if (own.broadcast !== undefined) task.memory.copyOut(value + 4, own.broadcast.bytes);
      return 0;
    }
    default:
      return -Errno.EOPNOTSUPP;
  }
}

function writeAddress(task: Task, at: number, { bytes }: IpAddress): number {
  task.memory.writable(at, 16).fill(0);
  task.memory.writeU16(at, AF_INET);
  task.memory.copyOut(at + 4, bytes);
  return 0;
}

/** struct ifconf: every interface with an IPv4 address, as many as fit. */
function listInterfaces(namespace: NetworkNamespace, address: number, task: Task): number {
  const { memory } = task;
  const room = memory.readU32(address) | 0;
  const buffer = memory.readInteger(address + 8);
  const devices = namespace.interfaces.filter((device) => device.firstV4 !== undefined);
  let used = 0;
  for (const device of devices) {
    const isListed = buffer === 0 || used + IFREQ_BYTES <= room;
    if (!isListed) break;
    if (buffer !== 0) {
      writeName(task, buffer + used, device.name);
      answerAddress(device, Siocg.SIOCGIFADDR, buffer + used + IFREQ_VALUE, task);
    }
    used += IFREQ_BYTES;
  }
  memory.writeU32(address, used);
  return 0;
}

function nameOf(namespace: NetworkNamespace, address: number, task: Task): number {
  const device = namespace.interfaceByIndex(task.memory.readU32(address + IFREQ_VALUE));
  if (device === undefined) return -Errno.ENODEV;
  writeName(task, address, device.name);
  return 0;
}

function readName(task: Task, address: number): string {
  const bytes = task.memory.readable(address, INTERFACE_NAME_BYTES);
  const end = bytes.subarray(0, INTERFACE_NAME_BYTES - 1).indexOf(0);
  return new TextDecoder().decode(bytes.slice(0, end < 0 ? INTERFACE_NAME_BYTES - 1 : end));
}

function writeName(task: Task, address: number, name: string): void {
  const bytes = task.memory.writable(address, INTERFACE_NAME_BYTES);
  bytes.fill(0);
  bytes.set(new TextEncoder().encode(name).subarray(0, INTERFACE_NAME_BYTES - 1));
}
