/**
 * The one door to the engine: request in, response or hijacked connection out, whatever carried it
 * (message port, HTTP socket, in process).
 */
import type { ByteStream, Duplex } from "../../layers/base/streams.ts";

export interface ApiRequest {
  readonly method: string;
  /** Path and query as after the host. */
  readonly target: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty when there is none. Left open for hijacked operations. */
  readonly body: ByteStream;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

export type ApiReply =
  | {
      readonly kind: "response";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      /** A stream is sent piece by piece as it comes: progress, logs, events, wait. */
      readonly body: Uint8Array | ByteStream | undefined;
    }
  | {
      /** The carrier answers 101 UPGRADED (or 200 where the client asked for no upgrade) and hands over the bytes. */
      readonly kind: "hijack";
      readonly headers: Readonly<Record<string, string>>;
      /** Runs until the connection is done with; the carrier closes it afterwards. */
      serve(connection: Duplex): Promise<void>;
    };

/** Never throws: every error is a response. */
export type ApiHandler = (request: ApiRequest) => Promise<ApiReply>;
