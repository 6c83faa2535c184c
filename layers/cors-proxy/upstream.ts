/**
 * How the proxy asks registries. `fetch` of an edge runtime will do; in Node, node/vetted-fetch.ts
 * resolves the name once, looks at the addresses and connects to what it looked at. Redirects are
 * never followed by the platform: the proxy must see where they lead.
 */
import type { ByteStream } from "../base/streams.ts";

export interface UpstreamRequest {
  readonly method: string;
  readonly headers: Headers;
  readonly body?: ByteStream | undefined;
  readonly signal: AbortSignal;
  /** The allow-list entry permits private addresses. */
  readonly isPrivateAllowed: boolean;
}

export type Upstream = (url: URL, request: UpstreamRequest) => Promise<Response>;

/** Thrown (as a `forbidden` SlipwayError) with this text when a name leads into a private network. */
export const PRIVATE_ADDRESS = "resolves to a private address";

/** The platform's own fetch. It resolves names itself, so it suits runtimes without a private network. */
export function platformUpstream(fetch: (url: string, init: RequestInit) => Promise<Response>): Upstream {
  return (url, request) => {
    const init: RequestInit & { duplex?: "half" } = {
      method: request.method,
      headers: request.headers,
      redirect: "manual",
      signal: request.signal,
      ...(request.body === undefined
        ? {}
        : { body: request.body as ReadableStream<Uint8Array<ArrayBuffer>>, duplex: "half" }),
    };
    return fetch(url.href, init);
  };
}
