/**
 * The engine's end of a pod: typed calls over a Peer, and the worker's life.
 */
import type { CallOptions } from "../../../layers/base/peer.ts";
import { Peer } from "../../../layers/base/peer.ts";
import type { Port } from "../../../layers/base/port.ts";
import type { ByteStream } from "../../../layers/base/streams.ts";
import type { PodCalls, PodMethod } from "./protocol.ts";

/** What starts a pod's worker, given by the composition root. */
export interface SpawnedPod {
  readonly port: Port;
  terminate(): void;
}

export class PodClient {
  readonly #peer: Peer;
  readonly #terminate: () => void;
  /** How many containers it has served. */
  served = 0;
  #isEnded = false;

  constructor(spawned: SpawnedPod) {
    this.#peer = new Peer(spawned.port);
    this.#terminate = () => spawned.terminate();
    this.#peer.onClose(() => this.end());
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** @throws SlipwayError as the pod throws; `unavailable` when it is gone. */
  async call<M extends PodMethod>(
    method: M, params: PodCalls[M]["params"], options?: CallOptions,
  ): Promise<PodCalls[M]["result"]> {
    const { result } = await this.#peer.call(method, params, options);
    return result as PodCalls[M]["result"]; // The pod's handlers are typed by the same interface.
  }

  async stream<M extends PodMethod>(method: M, params: PodCalls[M]["params"]): Promise<ByteStream> {
    return (await this.#peer.call(method, params)).body;
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
