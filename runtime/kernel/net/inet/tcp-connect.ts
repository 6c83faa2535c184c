/** The active open of a connection inside one namespace: what a SYN finds at its destination. */
import { Errno } from "../../abi/errno.ts";
import type { WatchedPlace } from "../packet/tcp-watch.ts";
import { Conversation } from "../packet/tcp-watch.ts";
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
  place?: WatchedPlace,
): { cancel(): void } {
  const listener = find();
  const seen =
    place === undefined || place.namespace.taps.size === 0
      ? undefined
      : new Conversation(place, source, destination);
  if (listener === undefined) {
    seen?.refused();
    connecting.failed(Errno.ECONNREFUSED);
    return { cancel: () => undefined };
  }
  const far = listener.admit(destination, source, seen?.watch(near, "client") ?? near);
  if (far !== undefined) {
    seen?.established();
    connecting.established(seen?.watch(far, "server") ?? far);
    return { cancel: () => undefined };
  }
  let waiting = listener.knockLater(() => {
    waiting = knock(find, source, destination, near, connecting, place);
  });
  return { cancel: () => waiting.cancel() };
}
