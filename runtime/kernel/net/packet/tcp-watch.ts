/**
 * A connection as its packets: the handshake, data with its acknowledgements, ends and resets, with sequence numbers
 * that add up. One hard idea: each side's far end is wrapped, so that whatever one does to the other is seen on its
 * way; a connection that was there before anybody listened stays unseen.
 */
import { concatBytes } from "../../../../layers/base/bytes.ts";
import type { Kernel } from "../../kernel.ts";
import type { Endpoint } from "../inet/port-table.ts";
import type { NetworkNamespace } from "../network-namespace.ts";
import type { StreamPort } from "../wire.ts";
import { showSegment } from "./tap.ts";

const [FIN, SYN, RST, PSH, ACK] = [1, 2, 4, 8, 16];
const NOTHING: Uint8Array = new Uint8Array(0);
/** What a loopback's MTU leaves, of which a segment is at most one IP packet. */
const SEGMENT_BYTES_MAX = 65_483;
/** MSS, selective acknowledgements, and behind the timestamps a window in units of 1,024 bytes. */
const SYN_OPTIONS = Uint8Array.of(2, 4, 0xff, 0xd7, 4, 2);
const WINDOW_SCALE = Uint8Array.of(1, 3, 3, 10);
const [WINDOW_SYN, WINDOW_SYN_ACK, WINDOW_UNITS] = [65_495, 65_483, 64];
const [TIMESTAMPS, TIMESTAMPS_BYTES, NO_OPERATION] = [8, 10, 1];
const NS_PER_MS = 1_000_000;

/** Where it happens: a socket is such a place. */
export interface WatchedPlace {
  readonly namespace: NetworkNamespace;
  readonly kernel: Kernel;
}

/** One direction: who sends, and what it has sent so far. */
interface Side {
  readonly endpoint: Endpoint;
  next: number;
  /** Its last timestamp, which the other side sends back. */
  stamp: number;
}

export class Conversation {
  readonly #place: WatchedPlace;
  readonly #client: Side;
  readonly #server: Side;

  constructor(place: WatchedPlace, client: Endpoint, server: Endpoint) {
    this.#place = place;
    const numbers = new DataView(place.kernel.randomBytes(8).buffer);
    this.#client = { endpoint: client, next: numbers.getUint32(0), stamp: 0 };
    this.#server = { endpoint: server, next: numbers.getUint32(4), stamp: 0 };
  }

  /** Nobody listens: the first packet is answered by a reset. */
  refused(): void {
    this.#show(this.#client, this.#server, SYN);
    this.#client.next += 1;
    this.#server.next = 0;
    this.#show(this.#server, this.#client, RST | ACK);
  }

  established(): void {
    const [client, server] = [this.#client, this.#server];
    this.#show(client, server, SYN);
    client.next += 1;
    this.#show(server, client, SYN | ACK);
    server.next += 1;
    this.#show(client, server, ACK);
  }

  /** `port`, as the other side reaches it; what is done to it came from that side. */
  watch(port: StreamPort, receiver: "client" | "server"): StreamPort {
    const [from, to] = receiver === "server" ? [this.#client, this.#server] : [this.#server, this.#client];
    return {
      get roomBytes() {
        return port.roomBytes;
      },
      deliver: (bytes) => {
        this.#data(from, to, bytes);
        port.deliver(bytes);
      },
      deliverUrgent: (byte) => {
        this.#data(from, to, Uint8Array.of(byte));
        port.deliverUrgent(byte);
      },
      end: () => {
        this.#show(from, to, FIN | ACK);
        from.next += 1;
        this.#show(to, from, ACK);
        port.end();
      },
      reset: (error) => {
        this.#show(from, to, RST | ACK);
        port.reset(error);
      },
      drained: () => port.drained(),
    };
  }

  /** What Linux sends: timestamps in milliseconds, from a start of each side's own. */
  #options(from: Side, to: Side, isFirst: boolean): Uint8Array {
    from.stamp =
      (from.endpoint.port * 65_536 + Math.floor(this.#place.kernel.monotonicNs() / NS_PER_MS)) >>> 0;
    const stamps = new DataView(new ArrayBuffer(TIMESTAMPS_BYTES));
    stamps.setUint8(0, TIMESTAMPS);
    stamps.setUint8(1, TIMESTAMPS_BYTES);
    stamps.setUint32(2, from.stamp);
    stamps.setUint32(6, to.stamp);
    const bytes = new Uint8Array(stamps.buffer);
    if (isFirst) return concatBytes([SYN_OPTIONS, bytes, WINDOW_SCALE]);
    return concatBytes([Uint8Array.of(NO_OPERATION, NO_OPERATION), bytes]);
  }

  #data(from: Side, to: Side, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += SEGMENT_BYTES_MAX) {
      const piece = bytes.subarray(at, at + SEGMENT_BYTES_MAX);
      this.#show(from, to, PSH | ACK, piece);
      from.next += piece.length;
    }
    this.#show(to, from, ACK);
  }

  #show(from: Side, to: Side, flags: number, payload = NOTHING): void {
    const { taps, loopback: device } = this.#place.namespace;
    if (taps.size === 0) return;
    const acknowledged = (flags & ACK) !== 0 ? to.next : 0;
    const isFirst = (flags & SYN) !== 0;
    const isReset = (flags & RST) !== 0;
    const windowField = isFirst
      ? (flags & ACK) !== 0
        ? WINDOW_SYN_ACK
        : WINDOW_SYN
      : isReset
        ? 0
        : WINDOW_UNITS;
    const options = isReset ? NOTHING : this.#options(from, to, isFirst);
    const segment = { flags, sequence: from.next, acknowledged, windowField, options, payload };
    showSegment(taps, device, from.endpoint, to.endpoint, segment);
  }
}
