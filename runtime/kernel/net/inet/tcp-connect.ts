/** The active open of a connection inside one namespace: what a SYN finds at its destination. */
import { Errno } from "../../abi/errno.ts";
import type { Connecting, StreamPort } from "../wire.ts";
import type { Endpoint } from "./port-table.ts";

/** A listening socket, to somebody who connects. */
export interface Listener {
  /** The new connection's far end; undefined while the backlog is full. */
  admit(destination: Endpoint, source: Endpoint, near: StreamPort): StreamPort | undefined;
  /** Tries `again` when the backlog has room. */
  knockLater(again: () => void): { cancel(): void };
}

/**
 * A connection to a port of the same namespace: established at once, refused, or, while the backlog is
 * full, later. `find` is asked each time: the listener may have gone meanwhile.
 */
export function knock(
  find: () => Listener | undefined,
  source: Endpoint,
  destination: Endpoint,
  near: StreamPort,
  connecting: Connecting,
): { cancel(): void } {
  const listener = find();
  if (listener === undefined) {
    connecting.failed(Errno.ECONNREFUSED);
    return { cancel: () => undefined };
  }
  const far = listener.admit(destination, source, near);
  if (far !== undefined) {
    connecting.established(far);
    return { cancel: () => undefined };
  }
  let waiting = listener.knockLater(() => {
    waiting = knock(find, source, destination, near, connecting);
  });
  return { cancel: () => waiting.cancel() };
}
