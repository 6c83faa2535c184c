/**
 * A message between unix sockets, with what travels beside its bytes: descriptors (held from the moment
 * they are sent until somebody receives or drops them), credentials, the sender's name. Its memory counts
 * against the sender's buffer until it is consumed.
 */
import type { FileDescription } from "../../vfs/file-description.ts";
import { truesize } from "../skb.ts";
import type { PassedCredentials, SendRequest } from "../socket.ts";
import type { UnixSocket } from "./unix-socket.ts";

export class UnixMessage {
  readonly bytes: Uint8Array;
  /** Bytes of a stream already read. */
  offset = 0;
  readonly sender: UnixSocket;
  readonly address: Uint8Array | undefined;
  readonly credentials: PassedCredentials | undefined;
  #rights: readonly FileDescription[];
  readonly charge: number;

  constructor(sender: UnixSocket, bytes: Uint8Array, request: SendRequest, credentials: PassedCredentials | undefined) {
    this.bytes = bytes;
    this.sender = sender;
    this.address = sender.boundAddress;
    this.credentials = credentials;
    this.#rights = (request.rights ?? []).map((file) => file.acquire());
    this.charge = truesize(bytes.length);
    sender.sentMemory += this.charge;
  }

  get hasRights(): boolean {
    return this.#rights.length > 0;
  }

  get left(): number {
    return this.bytes.length - this.offset;
  }

  /** The descriptors, which are the caller's now. */
  takeRights(): readonly FileDescription[] {
    const rights = this.#rights;
    this.#rights = [];
    return rights;
  }

  /** The same descriptors for somebody who only looks (MSG_PEEK). */
  peekRights(): readonly FileDescription[] {
    return this.#rights.map((file) => file.acquire());
  }

  /** Consumed or dropped: its sender may send more. */
  end(): void {
    for (const file of this.takeRights()) file.release();
    this.sender.messageEnded(this.charge);
  }
}
