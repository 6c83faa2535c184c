/**
 * The engine's end of a pod: typed calls over a Peer, and the worker's life.
 */
import type { CallOptions } from "../../../layers/base/peer.ts";
import { Peer } from "../../../layers/base/peer.ts";
import type { Port } from "../../../layers/base/port.ts";
import type { ByteStream } from "../../../layers/base/streams.ts";
import type { AddressedParams, PodCalls, PodMethod } from "./protocol.ts";

/** What starts a pod's worker, given by the composition root. */
export interface SpawnedPod {
  readonly port: Port;
  terminate(): void;
}

type OutgoingReply = Awaited<ReturnType<Peer["call"]>>;

/** A pod's container, as its task and processes speak to it. */
export class PodSession {
  readonly pod: PodClient;
  readonly #container: string;

  constructor(pod: PodClient, container: string) {
    this.pod = pod;
    this.#container = container;
  }

  async call<M extends PodMethod>(
    method: M, params: PodCalls[M]["params"], options?: CallOptions,
  ): Promise<PodCalls[M]["result"]> {
    const { result } = await this.pod.call(method, { container: this.#container, params }, options);
    return result as PodCalls[M]["result"]; // The pod's handlers are typed by the same interface.
  }

  async stream<M extends PodMethod>(method: M, params: PodCalls[M]["params"]): Promise<ByteStream> {
    return (await this.pod.call(method, { container: this.#container, params })).body;
  }

  onEnd(listener: () => void): void {
    this.pod.onEnd(listener);
  }
}

export class PodClient {
  readonly #peer: Peer;
  readonly #terminate: () => void;
  /** How many containers it has served, and how many it has now. */
  served = 0;
  containers = 0;
  /** One of its containers did not end in peace. */
  isSpoiled = false;
  #isEnded = false;

  constructor(spawned: SpawnedPod) {
    this.#peer = new Peer(spawned.port);
    this.#terminate = () => spawned.terminate();
    this.#peer.onClose(() => this.end());
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** What is said about one of its containers. */
  session(container: string): PodSession {
    return new PodSession(this, container);
  }

  /** @throws SlipwayError as the pod throws; `unavailable` when it is gone. */
  async call(method: PodMethod, addressed: AddressedParams, options?: CallOptions): Promise<OutgoingReply> {
    return this.#peer.call(method, addressed, options);
  }

  onEnd(listener: () => void): void {
    this.#peer.onClose(listener);
  }

  /** Ends the worker, and with it every guest in it, whatever it is doing. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#peer.dispose();
    this.#terminate();
  }
}
