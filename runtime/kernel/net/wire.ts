/**
 * The seam between a namespace and whatever is outside of it. One hard idea: streams and datagrams cross,
 * not packets. Both sides of a stream are a `StreamPort`: bytes are pushed into it as far as it says it
 * has room, and it calls back when there is more. Two sockets of one kernel are each other's port;
 * an engine's switch, a published port or a relay out of the tab implements the same interface.
 */
import type { Endpoint } from "./inet/port-table.ts";

/** The receiving side of one direction of a connection. */
export interface StreamPort {
  /** How many bytes `deliver` would take now. */
  readonly roomBytes: number;
  /** Takes a copy of all of `bytes`: never more than `roomBytes`. */
  deliver(bytes: Uint8Array): void;
  /** One byte of urgent data. */
  deliverUrgent(byte: number): void;
  /** The sender will send no more (FIN). */
  end(): void;
  /** The connection is gone (RST); `error` is what the receiver is told, positive. */
  reset(error?: number): void;
  /** The other side has room again, or is gone: more may be delivered to it. */
  drained(): void;
}

/** What a connecting socket hears. */
export interface Connecting {
  established(far: StreamPort): void;
  /** Positive errno: ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH. */
  failed(error: number): void;
}

export interface Wire {
  /** Opens a connection; exactly one of `connecting`'s methods is called, now or later, unless cancelled. */
  connect(source: Endpoint, destination: Endpoint, near: StreamPort, connecting: Connecting): { cancel(): void };
  /** Sends a datagram (UDP); nobody hears whether it arrived. */
  sendDatagram(source: Endpoint, destination: Endpoint, bytes: Uint8Array): void;
}
