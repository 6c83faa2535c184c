/**
 * Asking registries from Node without being led into the private network. The hard idea is DNS
 * rebinding: a name looked at once may resolve to something else when the connection is made. So the
 * connection gets its addresses from our `lookup`, which resolves once and refuses private ones; what
 * was looked at is what is connected to.
 */
import { lookup as systemLookup } from "node:dns";
import type { LookupAddress } from "node:dns";
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { IncomingMessage, RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { fail } from "../../base/errors.ts";
import type { ByteStream } from "../../base/streams.ts";
import { isPrivateAddress } from "../private-address.ts";
import type { Upstream, UpstreamRequest } from "../upstream.ts";
import { PRIVATE_ADDRESS } from "../upstream.ts";

/** Idle connections kept per host: three blobs at a time and a manifest. */
const IDLE_SOCKETS_MAX = 4;

export type Resolver = (name: string) => Promise<readonly LookupAddress[]>;

/** An `Upstream` that connects only to addresses it has looked at. */
export function createVettedUpstream(resolve: Resolver = resolveBySystem): Upstream {
  const pools = { open: agents(vettedLookup(resolve, true)), vetted: agents(vettedLookup(resolve, false)) };
  return (url, request) => {
    const pool = request.isPrivateAllowed ? pools.open : pools.vetted;
    return send(url, request, url.protocol === "https:" ? pool.https : pool.http);
  };
}

function resolveBySystem(name: string): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    systemLookup(name, { all: true }, (error, addresses) => {
      if (error === null) resolve(addresses);
      else reject(error);
    });
  });
}

function vettedLookup(resolve: Resolver, isPrivateAllowed: boolean): LookupFunction {
  return (name, options, callback) => {
    const vet = async (): Promise<readonly LookupAddress[]> => {
      const addresses = await resolve(name);
      if (!isPrivateAllowed && addresses.some(({ address }) => isPrivateAddress(address))) {
        throw fail("forbidden", `${name} ${PRIVATE_ADDRESS}`);
      }
      return addresses;
    };
    vet().then(
      (addresses) => {
        const [first] = addresses;
        if (first === undefined) callback(fail("notFound", `${name}: no addresses`), "", 0);
        else if (options.all === true) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : fail("system", String(error)), "", 0),
    );
  };
}

function agents(lookup: LookupFunction): { http: HttpAgent; https: HttpsAgent } {
  const options = { keepAlive: true, maxFreeSockets: IDLE_SOCKETS_MAX, lookup };
  return { http: new HttpAgent(options), https: new HttpsAgent(options) };
}

function send(url: URL, request: UpstreamRequest, agent: HttpAgent | HttpsAgent): Promise<Response> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions = {
      method: request.method,
      headers: Object.fromEntries(request.headers),
      agent,
      signal: request.signal,
    };
    const start = url.protocol === "https:" ? httpsRequest : httpRequest;
    const outgoing = start(url, options, (message) => {
      try {
        resolve(responseOf(message));
      } catch (error) {
        message.destroy();
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
    outgoing.on("error", reject);
    if (request.body === undefined) {
      outgoing.end();
      return;
    }
    const body = Readable.fromWeb(request.body as NodeReadableStream<Uint8Array>);
    body.on("error", (error) => outgoing.destroy(error));
    body.pipe(outgoing);
  });
}

function responseOf(message: IncomingMessage): Response {
  const headers = new Headers();
  for (let index = 0; index + 1 < message.rawHeaders.length; index += 2) {
    headers.append(message.rawHeaders[index] ?? "", message.rawHeaders[index + 1] ?? "");
  }
  const status = message.statusCode ?? 502;
  const isBodyless = status === 204 || status === 205 || status === 304;
  if (isBodyless) message.resume();
  const encoding = headers.get("content-encoding") ?? "identity";
  let body: ByteStream | null = isBodyless ? null : Readable.toWeb(message);
  // Asked for identity; some token servers compress all the same.
  if (body !== null && (encoding === "gzip" || encoding === "deflate")) {
    body = body.pipeThrough(new DecompressionStream(encoding));
  }
  return new Response(body, { status, headers });
}
