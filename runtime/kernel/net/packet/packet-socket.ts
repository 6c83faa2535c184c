/**
 * Packet sockets (packet(7)): every packet of a namespace as it would be on the wire, for tcpdump and its like. They
 * listen only; frames come by recvmsg or through a ring in shared memory.
 */
import { Errno } from "../../abi/errno.ts";
import { POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from "../../abi/poll.ts";
import { AF_PACKET, intOf, MSG_PEEK, MSG_TRUNC, SOCK_DGRAM } from "../../abi/socket.ts";
import type { Backing } from "../../mm/region.ts";
import type { Task } from "../../task/task.ts";
import { Socket } from "../socket.ts";
import type { Received, SocketBirth } from "../socket.ts";
import { truesize } from "../skb.ts";
import { PacketRing } from "./packet-ring.ts";
import type { Frame, PacketTap } from "./tap.ts";
import { PACKET_OUTGOING } from "./tap.ts";

/** linux/if_packet.h. */
export const SOL_PACKET = 263;
const Option = {
  addMembership: 1,
  dropMembership: 2,
  rxRing: 5,
  statistics: 6,
  copyThreshold: 7,
  auxiliaryData: 8,
  originDevice: 9,
  version: 10,
  headerBytes: 11,
  reserve: 12,
  loss: 14,
  timestamp: 17,
  ignoreOutgoing: 23,
} as const;
const TPACKET_V2 = 1;
/** struct tpacket2_hdr, and with struct sockaddr_ll behind it. */
const [TPACKET2_BYTES, SOCKADDR_BYTES] = [32, 20];
const ALIGNMENT = 16;
const ETHERNET_BYTES = 14;
const [ETH_P_ALL, ETH_P_IP, ETH_P_IPV6] = [3, 0x0800, 0x86dd];
/** Until a program looks: what net.core.rmem_default holds. */
const NS_PER_S = 1_000_000_000n;

interface Waiting {
  readonly frame: Uint8Array;
  readonly address: Uint8Array;
}

export class PacketSocket extends Socket implements PacketTap {
  readonly family = AF_PACKET;
  #protocol: number;
  /** 0: every interface. */
  #interfaceIndex = 0;
  #ring: PacketRing | undefined;
  #version = 0;
  #reserve = 0;
  readonly #kept = new Map<number, number>();
  readonly #queue: Waiting[] = [];
  #queuedMemory = 0;
  #seen = 0;
  #dropped = 0;

  constructor(birth: SocketBirth) {
    super(birth);
    this.#protocol = swapped(birth.protocol);
    if (this.#protocol !== 0) this.namespace.taps.add(this);
  }

  override bind(address: Uint8Array): number {
    if (address.length < SOCKADDR_BYTES - 8) return -Errno.EINVAL;
    const view = new DataView(address.buffer, address.byteOffset, address.length);
    if (view.getUint16(0, true) !== AF_PACKET) return -Errno.EINVAL;
    const index = view.getInt32(4, true);
    if (index !== 0 && this.namespace.interfaceByIndex(index) === undefined) return -Errno.ENODEV;
    this.#interfaceIndex = index;
    const protocol = view.getUint16(2, false);
    if (protocol !== 0) this.#protocol = protocol;
    if (this.#protocol !== 0) this.namespace.taps.add(this);
    return 0;
  }

  see(frame: Frame): void {
    const { device, version, packet, kind } = frame;
    if (this.#interfaceIndex !== 0 && this.#interfaceIndex !== device.index) return;
    const type = version === 4 ? ETH_P_IP : ETH_P_IPV6;
    if (this.#protocol !== ETH_P_ALL && (this.#protocol !== type || kind === PACKET_OUTGOING)) return;
    if (kind === PACKET_OUTGOING && this.#kept.get(Option.ignoreOutgoing) === 1) return;
    const bytes = this.type === SOCK_DGRAM ? packet : withEthernet(packet, type);
    const address = addressOf(frame, type);
    this.#seen += 1;
    const isTaken =
      this.#ring === undefined ? this.#enqueue(bytes, address) : this.#fill(this.#ring, bytes, address);
    if (!isTaken) this.#dropped += 1;
    else this.queue.notify(POLLIN | POLLRDNORM);
  }

  #enqueue(frame: Uint8Array, address: Uint8Array): boolean {
    if (this.#queuedMemory >= this.options.receiveBufferBytes) return false;
    this.#queuedMemory += truesize(frame.length);
    this.#queue.push({ frame: frame.slice(), address });
    return true;
  }

  #fill(ring: PacketRing, bytes: Uint8Array, address: Uint8Array): boolean {
    const linkBytes = this.type === SOCK_DGRAM ? 0 : ETHERNET_BYTES;
    const network = align(TPACKET2_BYTES + SOCKADDR_BYTES + Math.max(linkBytes, ALIGNMENT)) + this.#reserve;
    const start = network - linkBytes;
    const shown = bytes.subarray(0, Math.max(0, ring.frameBytes - start));
    const frame = new Uint8Array(start + shown.length);
    const view = new DataView(frame.buffer);
    const nowNs = this.kernel.realtimeNs();
    view.setUint32(4, bytes.length, true);
    view.setUint32(8, shown.length, true);
    view.setUint16(12, start, true);
    view.setUint16(14, network, true);
    view.setUint32(16, Number(nowNs / NS_PER_S), true);
    view.setUint32(20, Number(nowNs % NS_PER_S), true);
    frame.set(address, TPACKET2_BYTES);
    frame.set(shown, start);
    return ring.put(frame);
  }

  /** Sending frames of one's own making is not there. */
  send(): number {
    return -Errno.EOPNOTSUPP;
  }

  receive(target: Uint8Array, flags: number): Received | number {
    const [first] = this.#queue;
    if (first === undefined) return this.takeError() || -Errno.EAGAIN;
    const { frame, address } = first;
    if ((flags & MSG_PEEK) === 0) {
      this.#queue.shift();
      this.#queuedMemory -= truesize(frame.length);
    }
    const piece = frame.subarray(0, target.length);
    target.set(piece);
    const isCut = piece.length < frame.length;
    return { count: piece.length, fullBytes: frame.length, flags: isCut ? MSG_TRUNC : 0, address };
  }

  override poll(): number {
    const isReady = this.#ring === undefined ? this.#queue.length > 0 : this.#ring.hasFrames;
    return (isReady ? POLLIN | POLLRDNORM : 0) | POLLOUT | POLLWRNORM;
  }

  localAddress(): Uint8Array {
    const device = this.namespace.interfaceByIndex(this.#interfaceIndex);
    const address = new Uint8Array(SOCKADDR_BYTES - 8 + (device?.hardwareAddress.length ?? 0));
    const view = new DataView(address.buffer);
    view.setUint16(0, AF_PACKET, true);
    view.setUint16(2, this.#protocol);
    view.setInt32(4, this.#interfaceIndex, true);
    view.setUint16(8, device?.hardwareType ?? 0, true);
    address[11] = device?.hardwareAddress.length ?? 0;
    address.set(device?.hardwareAddress ?? [], 12);
    return address;
  }

  override setFamilyOption(level: number, name: number, value: Uint8Array): number {
    if (level !== SOL_PACKET) return -Errno.ENOPROTOOPT;
    const number = value.length < 4 ? 0 : intOf(value);
    switch (name) {
      case Option.rxRing:
        return this.#setRing(value);
      case Option.version:
        if (value.length < 4 || number !== TPACKET_V2) return -Errno.EINVAL;
        if (this.#ring !== undefined) return -Errno.EBUSY;
        this.#version = number;
        return 0;
      case Option.reserve:
        if (this.#ring !== undefined) return -Errno.EBUSY;
        this.#reserve = number;
        return 0;
      case Option.addMembership:
      case Option.dropMembership: // There is nothing that would not be heard anyway.
        return value.length < 16 ? -Errno.EINVAL : 0;
      case Option.auxiliaryData:
      case Option.originDevice:
      case Option.copyThreshold:
      case Option.loss:
      case Option.timestamp:
      case Option.ignoreOutgoing:
        this.#kept.set(name, number);
        return 0;
      default:
        return -Errno.ENOPROTOOPT;
    }
  }

  override getFamilyOption(
    level: number,
    name: number,
    _task: Task,
    given?: () => number,
  ): Uint8Array | number {
    if (level !== SOL_PACKET) return -Errno.ENOPROTOOPT;
    const int = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer);
    switch (name) {
      case Option.statistics: {
        const told = new Uint8Array(Uint32Array.of(this.#seen, this.#dropped).buffer);
        [this.#seen, this.#dropped] = [0, 0];
        return told;
      }
      case Option.version:
        return int(this.#version);
      case Option.reserve:
        return int(this.#reserve);
      case Option.headerBytes: // Which version is asked stands in the buffer; there is one.
        return given?.() === TPACKET_V2 ? int(TPACKET2_BYTES) : -Errno.EINVAL;
      default: {
        const kept = this.#kept.get(name);
        return kept === undefined ? -Errno.ENOPROTOOPT : int(kept);
      }
    }
  }

  /** struct tpacket_req (packet_set_ring). */
  #setRing(value: Uint8Array): number {
    if (value.length < 16) return -Errno.EINVAL;
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    const [blockBytes = 0, blocks = 0, frameBytes = 0, frames = 0] = [0, 4, 8, 12].map((at) =>
      view.getUint32(at, true),
    );
    if (blocks === 0) {
      this.#ring = undefined;
      return frames === 0 ? 0 : -Errno.EINVAL;
    }
    if (this.#ring !== undefined) return -Errno.EBUSY;
    const isSound =
      this.#version === TPACKET_V2 &&
      blockBytes > 0 &&
      blockBytes % 4096 === 0 &&
      frameBytes >= TPACKET2_BYTES + SOCKADDR_BYTES + this.#reserve &&
      frameBytes % ALIGNMENT === 0 &&
      frameBytes <= blockBytes &&
      Math.floor(blockBytes / frameBytes) * blocks === frames;
    if (!isSound) return -Errno.EINVAL;
    this.#ring = new PacketRing({ blockBytes, blocks, frameBytes, frames }, this.socketInode);
    return 0;
  }

  override map(isShared: boolean): Backing | number {
    if (this.#ring === undefined || !isShared) return -Errno.EINVAL;
    return this.#ring.pages;
  }

  protected override closed(): void {
    this.namespace.taps.delete(this);
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

function swapped(protocol: number): number {
  return ((protocol & 0xff) << 8) | ((protocol >> 8) & 0xff);
}

/** Both hardware addresses of a loopback are zeros. */
function withEthernet(packet: Uint8Array, type: number): Uint8Array {
  const frame = new Uint8Array(ETHERNET_BYTES + packet.length);
  frame.set([type >> 8, type & 0xff], 12);
  frame.set(packet, ETHERNET_BYTES);
  return frame;
}

/** struct sockaddr_ll. */
function addressOf({ device, kind }: Frame, type: number): Uint8Array {
  const address = new Uint8Array(SOCKADDR_BYTES);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, type);
  view.setInt32(4, device.index, true);
  view.setUint16(8, device.hardwareType, true);
  address[10] = kind;
  address[11] = device.hardwareAddress.length;
  return address;
}
