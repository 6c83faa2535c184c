/**
 * A connection of the host to a listening socket of a namespace: previews and published ports. One hard
 * idea: the host is just another `StreamPort`. It gives bytes as far as the guest's receive buffer has
 * room, holds what the guest sends up to a limit, and is called back when either may go on; it never waits.
 *
 *     const connection = connectFromHost(namespace, { port: 80, onChange });
 *     connection.write(request);            // how many bytes were taken
 *     connection.read(target);              // 0: nothing yet, or the end when `isEnded`
 */
import { Errno } from "../abi/errno.ts";
import { ByteQueue } from "./byte-queue.ts";
import type { IpAddress } from "./inet/ip-address.ts";
import { LOOPBACK_V4, LOOPBACK_V6 } from "./inet/ip-address.ts";
import type { Endpoint } from "./inet/port-table.ts";
import { EPHEMERAL_FIRST, EPHEMERAL_LAST } from "./inet/port-table.ts";
import { knock } from "./inet/tcp-connect.ts";
import { TcpSocket } from "./inet/tcp-socket.ts";
import type { NetworkNamespace } from "./network-namespace.ts";
import type { StreamPort } from "./wire.ts";

/** Bytes of the guest that wait for the host. */
const INCOMING_BYTES_MAX = 262_144;

export interface HostConnectRequest {
  readonly port: number;
  /** Where to; unless given the first of its own addresses somebody listens on, the loopback last. */
  readonly address?: IpAddress;
  /** From where, as the guest sees it: the loopback, or the gateway of the address's network. */
  readonly source?: IpAddress;
  /** Something came, or there is room, or it is over. May read and write; runs no guest. */
  readonly onChange: () => void;
}

export interface HostConnection {
  /** Positive errno: ECONNREFUSED at once, ECONNRESET later. undefined while all is well. */
  readonly error: number | undefined;
  /** Bytes that would be taken now. */
  readonly freeBytes: number;
  readonly availableBytes: number;
  /** The guest sends no more, and all was read. */
  readonly isEnded: boolean;
  write(bytes: Uint8Array): number;
  read(target: Uint8Array): number;
  /** No more will be written: the guest reads the rest, then the end. */
  end(): void;
  /** Gives it up: the guest is told of a reset. */
  reset(): void;
}

/** Whether anybody listens on `port` where the host would reach it. */
export function isListening(namespace: NetworkNamespace, port: number): boolean {
  return ownAddresses(namespace).some((address) => listenerAt(namespace, { address, port }) !== undefined);
}

/** Connects; a refusal is the connection's `error`. While the backlog is full it is neither open nor refused. */
export function connectFromHost(namespace: NetworkNamespace, request: HostConnectRequest): HostConnection {
  const { port } = request;
  const addresses = request.address === undefined ? ownAddresses(namespace) : [request.address];
  const [first = LOOPBACK_V4] = addresses;
  const address =
    addresses.find((one) => listenerAt(namespace, { address: one, port }) !== undefined) ?? first;
  const source: Endpoint = {
    address: request.source ?? sourceFor(namespace, address),
    port: nextPort(namespace),
  };
  const stream = new HostStream(request.onChange);
  stream.connect(namespace, source, { address, port });
  return stream;
}

/** What is seen from outside before what is not. */
function ownAddresses({ interfaces }: NetworkNamespace): readonly IpAddress[] {
  const outside = interfaces.filter((device) => device.isUp && !device.isLoopback);
  const seen = outside.flatMap((device) => device.addresses.map(({ address }) => address));
  return [...seen, LOOPBACK_V4, LOOPBACK_V6];
}

function listenerAt(namespace: NetworkNamespace, destination: Endpoint): TcpSocket | undefined {
  const isCandidate = (bound: unknown): bound is TcpSocket => bound instanceof TcpSocket && bound.isListening;
  return namespace.tcp.find(isCandidate, destination, { address: destination.address, port: 0 });
}

function sourceFor(namespace: NetworkNamespace, address: IpAddress): IpAddress {
  const owner = namespace.ownerOf(address);
  const route = namespace.routes.find(
    ({ gateway, device }) => gateway?.version === address.version && device === owner,
  );
  return route?.gateway ?? address;
}

/** Ports of the host's side: any will do that no connection of the same guest has. */
const lastPorts = new WeakMap<NetworkNamespace, number>();

function nextPort(namespace: NetworkNamespace): number {
  const last = lastPorts.get(namespace) ?? EPHEMERAL_LAST;
  const port = last >= EPHEMERAL_LAST ? EPHEMERAL_FIRST : last + 1;
  lastPorts.set(namespace, port);
  return port;
}

class HostStream implements HostConnection {
  readonly #onChange: () => void;
  readonly #incoming = new ByteQueue();
  #far: StreamPort | undefined;
  #attempt: { cancel(): void } | undefined;
  #error: number | undefined;
  #hasEnded = false;
  /** end() was called, before or after it was established. */
  #isEnding = false;
  #isTelling = false;
  /** What the guest's socket sees. */
  readonly #near: StreamPort;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
    const incoming = this.#incoming;
    const deliver = (bytes: Uint8Array): void => {
      incoming.push(bytes);
      this.#tell();
    };
    this.#near = {
      get roomBytes() {
        return INCOMING_BYTES_MAX - incoming.length;
      },
      deliver,
      // Urgent data is for terminals of old: it comes in line.
      deliverUrgent: (byte) => deliver(Uint8Array.of(byte)),
      drained: () => this.#tell(),
      end: () => {
        this.#hasEnded = true;
        this.#tell();
      },
      reset: (error = Errno.ECONNRESET) => this.#fail(error),
    };
  }

  connect(namespace: NetworkNamespace, source: Endpoint, destination: Endpoint): void {
    const find = (): TcpSocket | undefined => listenerAt(namespace, destination);
    this.#attempt = knock(find, source, destination, this.#near, {
      established: (far) => {
        this.#far = far;
        if (this.#isEnding) far.end();
        this.#tell();
      },
      failed: (error) => this.#fail(error),
    });
  }

  get error(): number | undefined {
    return this.#error;
  }

  get freeBytes(): number {
    return this.#isEnding ? 0 : Math.max(0, this.#far?.roomBytes ?? 0);
  }

  get availableBytes(): number {
    return this.#incoming.length;
  }

  get isEnded(): boolean {
    return this.#hasEnded && this.#incoming.length === 0;
  }

  write(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.freeBytes);
    if (count > 0) this.#far?.deliver(bytes.subarray(0, count));
    return count;
  }

  read(target: Uint8Array): number {
    const count = this.#incoming.take(target);
    if (count > 0) this.#far?.drained();
    return count;
  }

  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#far?.end();
  }

  reset(): void {
    this.#attempt?.cancel();
    const far = this.#far;
    this.#far = undefined;
    this.#hasEnded = true;
    this.#incoming.clear();
    far?.reset();
  }

  #fail(error: number): void {
    this.#error ??= error;
    this.#hasEnded = true;
    this.#far = undefined;
    this.#tell();
  }

  /** Not while it is being told already. */
  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      this.#onChange();
    } finally {
      this.#isTelling = false;
    }
  }
}
