/**
 * Ports of one protocol in one namespace (struct inet_bind_hashbucket, udp_table): who is bound where, and
 * who gets what arrives. One hard idea: binding and delivery share one notion of overlap. A socket bound
 * to no address answers for all, an IPv6 one for IPv4 as well unless it is v6only, and the most
 * exactly bound wins.
 */
import { Errno } from "../../abi/errno.ts";
import type { IpAddress } from "./ip-address.ts";
import { isAny } from "./ip-address.ts";

/** /proc/sys/net/ipv4/ip_local_port_range. */
export const EPHEMERAL_FIRST = 32_768;
export const EPHEMERAL_LAST = 60_999;

/** A bound socket as the table sees it. */
export interface Bound {
  readonly boundTo: IpAddress;
  readonly localPort: number;
  readonly isV6Only: boolean;
  readonly isReusingAddress: boolean;
  readonly isReusingPort: boolean;
  readonly uid: number;
  readonly isListening: boolean;
  /** Set once connected: then only packets from there are its own. */
  readonly remote: { readonly address: IpAddress; readonly port: number } | undefined;
}

export class PortTable {
  readonly #ports = new Map<number, Set<Bound>>();
  #next = EPHEMERAL_FIRST;

  /** Whether `candidate` may be bound beside what is there: 0 or -EADDRINUSE. */
  check(candidate: Bound, port: number): number {
    for (const other of this.#ports.get(port) ?? []) {
      if (other === candidate || !overlaps(candidate, other)) continue;
      const areReusing = candidate.isReusingAddress && other.isReusingAddress && !other.isListening;
      const areSharing = candidate.isReusingPort && other.isReusingPort && candidate.uid === other.uid;
      if (!areReusing && !areSharing) return -Errno.EADDRINUSE;
    }
    return 0;
  }

  /** Whether `candidate` may start to listen: SO_REUSEADDR lets two be bound, not both listen. */
  checkListen(candidate: Bound): number {
    for (const other of this.#ports.get(candidate.localPort) ?? []) {
      if (other === candidate || !other.isListening || !overlaps(candidate, other)) continue;
      if (!(candidate.isReusingPort && other.isReusingPort && candidate.uid === other.uid)) return -Errno.EADDRINUSE;
    }
    return 0;
  }

  /** A port nobody has; undefined when all are taken. `start` shifts where the search begins. */
  ephemeral(candidate: Bound, start: number): number | undefined {
    const range = EPHEMERAL_LAST - EPHEMERAL_FIRST + 1;
    if (this.#next === EPHEMERAL_FIRST) this.#next += start % range;
    for (let tries = 0; tries < range; tries++) {
      this.#next = this.#next >= EPHEMERAL_LAST ? EPHEMERAL_FIRST : this.#next + 1;
      const others = this.#ports.get(this.#next);
      if (others === undefined || ![...others].some((other) => overlaps(candidate, other))) return this.#next;
    }
    return undefined;
  }

  add(bound: Bound, port: number): void {
    const there = this.#ports.get(port);
    if (there === undefined) this.#ports.set(port, new Set([bound]));
    else there.add(bound);
  }

  remove(bound: Bound, port: number): void {
    const there = this.#ports.get(port);
    if (there?.delete(bound) === true && there.size === 0) this.#ports.delete(port);
  }

  /** Everybody on `port`. */
  on(port: number): readonly Bound[] {
    return [...(this.#ports.get(port) ?? [])];
  }

  /**
   * Who gets what comes from `source` to `destination`: the best score; among equals that share the port
   * (SO_REUSEPORT) always the same one for the same source.
   */
  find<T extends Bound>(isCandidate: (bound: Bound) => bound is T, destination: Endpoint, source: Endpoint): T | undefined {
    let best: T[] = [];
    let bestScore = 0;
    for (const bound of this.#ports.get(destination.port) ?? []) {
      if (!isCandidate(bound)) continue;
      const score = scoreOf(bound, destination.address, source);
      if (score > bestScore) [best, bestScore] = [[], score];
      if (score === bestScore && score > 0) best.push(bound);
    }
    const [first] = best;
    if (first === undefined || !first.isReusingPort) return best[best.length - 1];
    return best[hash(source) % best.length];
  }
}

export interface Endpoint {
  readonly address: IpAddress;
  readonly port: number;
}

/** Whether what arrives could be meant for both. */
function overlaps(left: Bound, right: Bound): boolean {
  const [one, two] = [left.boundTo, right.boundTo];
  if (one.version === two.version) return one.key === two.key || isAny(one) || isAny(two);
  const [six, four] = one.version === 6 ? [left, two] : [right, one];
  return isAny(six.boundTo) && !six.isV6Only && (isAny(four) || four.version === 4);
}

/** 0 when it is not for `bound`; more for a more exact match. */
function scoreOf({ boundTo, isV6Only, remote }: Bound, destination: IpAddress, source: Endpoint): number {
  if (remote !== undefined && (remote.address.key !== source.address.key || remote.port !== source.port)) return 0;
  let score = remote === undefined ? 1 : 9;
  if (boundTo.version !== destination.version) {
    if (boundTo.version !== 6 || !isAny(boundTo) || isV6Only) return 0;
    return score;
  }
  score += 1;
  if (isAny(boundTo)) return score;
  return boundTo.key === destination.key ? score + 4 : 0;
}

function hash({ address, port }: Endpoint): number {
  let sum = port * 2_654_435_761;
  for (const byte of address.bytes) sum = sum * 31 + byte;
  return Math.abs(Math.trunc(sum)) >>> 0;
}
