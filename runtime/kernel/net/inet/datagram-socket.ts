/**
 * What UDP, ping and raw sockets share: a queue of datagrams that is limited by memory and drops what does
 * not fit, connecting as nothing but a filter and a default, and what recvmsg(2) tells beside the bytes.
 */
import { Errno } from "../../abi/errno.ts";
import { Ip, Ipv6 } from "../../abi/inet.ts";
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
} from "../../abi/poll.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  encodeTimespec,
  encodeTimeval,
  familyOf,
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  RCV_SHUTDOWN,
  SHUT_RD,
  SHUT_RDWR,
  So,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
  words,
} from "../../abi/socket.ts";
import { SyscallError } from "../../task/syscall-error.ts";
import type { ControlMessage, Received } from "../socket.ts";
import { packetTruesize } from "../skb.ts";
import { InetSocket } from "./inet-socket.ts";
import type { IpAddress } from "./ip-address.ts";
import type { Endpoint } from "./port-table.ts";
import { encodeSockaddr, v6Bytes } from "./sockaddr.ts";

export interface Datagram {
  readonly bytes: Uint8Array;
  readonly source: Endpoint;
  readonly destination: IpAddress;
  readonly destinationPort: number;
  readonly ttl: number;
  readonly trafficClass: number;
  /** Index of the interface it came by. */
  readonly interfaceIndex: number;
  readonly receivedNs: number;
}

export abstract class DatagramSocket extends InetSocket {
  readonly #datagrams: Datagram[] = [];
  #queuedMemory = 0;
  drops = 0;
  #isConnected = false;

  get isListening(): boolean {
    return false;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  get queuedMemory(): number {
    return this.#queuedMemory;
  }

  /** Takes a datagram, or drops it when the buffer is full; one is always taken (__udp_enqueue_schedule_skb). */
  enqueue(datagram: Datagram): void {
    const charge = packetTruesize(datagram.bytes.length);
    const isTooMuch = this.#queuedMemory + charge > this.options.receiveBufferBytes;
    if (isTooMuch && this.#queuedMemory > 0) {
      this.drops += 1;
      return;
    }
    this.#queuedMemory += charge;
    this.#datagrams.push(datagram);
    this.queue.wake();
  }

  override connect(address: Uint8Array): number {
    if (familyOf(address) === undefined) return -Errno.EINVAL;
    if (familyOf(address) === AF_UNSPEC) {
      this.#isConnected = false;
      this.dissolve();
      return 0;
    }
    const { address: destination, port } = this.destinationOf(address);
    const path = this.pathTo(destination);
    if (this.namespace.isBroadcast(destination) && !this.options.has(So.BROADCAST)) return -Errno.EACCES;
    const refusal = this.autobind();
    if (refusal !== 0) return refusal;
    this.boundTo = path.source;
    this.remote = { address: destination, port };
    this.#isConnected = true;
    return 0;
  }

  override receive(target: Uint8Array, flags: number): Received | number {
    if ((flags & MSG_OOB) !== 0) return -Errno.EOPNOTSUPP;
    const error = this.takeError();
    if (error !== 0) return error;
    const datagram = this.#datagrams[0];
    if (datagram === undefined) return this.#answerEmpty(flags);
    if ((flags & MSG_PEEK) === 0) {
      this.#datagrams.shift();
      this.#queuedMemory -= packetTruesize(datagram.bytes.length);
    }
    const count = Math.min(target.length, datagram.bytes.length);
    target.set(datagram.bytes.subarray(0, count));
    return {
      count,
      fullBytes: datagram.bytes.length,
      flags: count < datagram.bytes.length ? MSG_TRUNC : 0,
      address: encodeSockaddr(this.family, this.shownSource(datagram)),
      control: this.#controlOf(datagram),
    };
  }

  /** Ping and raw sockets have no ports to show. */
  protected shownSource({ source }: Datagram): Endpoint {
    return source;
  }

  #answerEmpty(flags: number): Received | number {
    const isTrying = (flags & MSG_DONTWAIT) !== 0 || this.isNonBlocking;
    return this.isShut(RCV_SHUTDOWN) && !isTrying ? { count: 0, flags: 0 } : -Errno.EAGAIN;
  }

  override shutdown(how: number): number {
    if (how < SHUT_RD || how > SHUT_RDWR) return -Errno.EINVAL;
    this.shutdownBits |= how + 1;
    this.queue.wake();
    return this.#isConnected ? 0 : -Errno.ENOTCONN;
  }

  override poll(): number {
    let bits = this.error === 0 ? 0 : POLLERR;
    if (this.isShut(RCV_SHUTDOWN)) bits |= POLLRDHUP | POLLIN | POLLRDNORM;
    if (this.isShutBothWays) bits |= POLLHUP;
    if (this.#datagrams.length > 0) bits |= POLLIN | POLLRDNORM;
    return bits | POLLOUT | POLLWRNORM | POLLWRBAND;
  }

  override get readableBytes(): number {
    return this.#datagrams[0]?.bytes.length ?? 0;
  }

  /** The destination of a message: its own, or the one connected to. */
  protected target(address: Uint8Array | undefined): Endpoint {
    if (
      address !== undefined &&
      !(address.length >= 2 && familyOf(address) === AF_UNSPEC && this.family === AF_INET6)
    ) {
      const given =
        familyOf(address) === AF_UNSPEC && this.family === AF_INET ? withFamily(address) : address;
      return this.destinationOf(given);
    }
    if (this.remote === undefined) throw new SyscallError(Errno.EDESTADDRREQ);
    return this.remote;
  }

  #controlOf(datagram: Datagram): readonly ControlMessage[] {
    const found: ControlMessage[] = [];
    const put = (level: number, type: number, data: Uint8Array): number => found.push({ level, type, data });
    const stamps = [So.TIMESTAMPNS_NEW, So.TIMESTAMPNS, So.TIMESTAMP_NEW, So.TIMESTAMP] as const;
    const stamp = stamps.find((name) => this.options.has(name));
    const isNs = stamp === So.TIMESTAMPNS || stamp === So.TIMESTAMPNS_NEW;
    if (stamp !== undefined)
      put(SOL_SOCKET, stamp, isNs ? encodeTimespec(datagram.receivedNs) : encodeTimeval(datagram.receivedNs));
    const { destination, interfaceIndex } = datagram;
    const index = words(interfaceIndex);
    if (this.getInt(SOL_IP, Ip.PKTINFO) === 1 && this.family === AF_INET) {
      put(SOL_IP, Ip.PKTINFO, Uint8Array.of(...index, ...destination.bytes, ...destination.bytes));
    }
    if (this.getInt(SOL_IP, Ip.RECVTTL) === 1 && this.family === AF_INET)
      put(SOL_IP, Ip.TTL, words(datagram.ttl));
    if (this.getInt(SOL_IP, Ip.RECVTOS) === 1 && this.family === AF_INET)
      put(SOL_IP, Ip.TOS, Uint8Array.of(datagram.trafficClass));
    if (this.getInt(SOL_IP, Ip.RECVORIGDSTADDR) === 1 && this.family === AF_INET) {
      put(
        SOL_IP,
        Ip.RECVORIGDSTADDR,
        encodeSockaddr(AF_INET, { address: destination, port: datagram.destinationPort }),
      );
    }
    if (this.family !== AF_INET6) return found;
    const asks = (name: number): boolean => this.getInt(SOL_IPV6, name) === 1;
    const packet = Uint8Array.of(...v6Bytes(destination), ...index);
    if (asks(Ipv6.RECVPKTINFO)) put(SOL_IPV6, Ipv6.PKTINFO, packet);
    if (asks(Ipv6.RECVHOPLIMIT)) put(SOL_IPV6, Ipv6.HOPLIMIT, words(datagram.ttl));
    if (asks(Ipv6.RECVTCLASS)) put(SOL_IPV6, Ipv6.TCLASS, words(datagram.trafficClass));
    if (asks(Ipv6.OLD_PKTINFO)) put(SOL_IPV6, Ipv6.OLD_PKTINFO, packet);
    if (asks(Ipv6.OLD_HOPLIMIT)) put(SOL_IPV6, Ipv6.OLD_HOPLIMIT, words(datagram.ttl));
    return found;
  }
}

/** A sockaddr_in whose family is left out, which UDP takes for AF_INET. */
function withFamily(address: Uint8Array): Uint8Array {
  const copy = address.slice();
  copy[0] = AF_INET;
  return copy;
}
