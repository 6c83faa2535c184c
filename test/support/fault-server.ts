/**
 * A server that stands before a registry and misbehaves as told: statuses, cut bodies, redirects to
 * another origin, wrong bytes, silence. It records every request with its headers, so that tests can
 * ask what arrived where. Without a fault that fits it passes everything on.
 */
import { createServer, request as httpRequest } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { listen } from "./registry-server.ts";

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

export type FaultAction =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string | Uint8Array;
    }
  /** The upstream's answer, its body cut after so many bytes and the connection destroyed. */
  | { readonly kind: "cut"; readonly afterBytes: number; readonly ignoresRange?: boolean }
  /** The same, but ended as if it were whole (chunked). */
  | { readonly kind: "end"; readonly afterBytes: number }
  | { readonly kind: "wholeInsteadOfRange" }
  | { readonly kind: "wrongRange" }
  | { readonly kind: "corrupt" }
  | { readonly kind: "slow"; readonly delayMs: number }
  | { readonly kind: "destroy" }
  /** Redirects to the same path at `origin`. */
  | { readonly kind: "redirect"; readonly origin: string; readonly status?: number };

export interface Fault {
  readonly method?: string;
  readonly path: RegExp;
  /** How often; default once. */
  times?: number;
  readonly action: FaultAction;
}

export interface FaultServer {
  readonly domain: string;
  readonly origin: string;
  readonly seen: SeenRequest[];
  faults: Fault[];
  /** Requests of the given path that are being answered. */
  openConnections(path: RegExp): number;
  /** Most requests of the given path under way at once. */
  atOnceMax(path: RegExp): number;
  stop(): Promise<void>;
}

/** CORS as an operator would configure it; true when that was all that was asked. */
function allowPages(request: IncomingMessage, response: ServerResponse): boolean {
  response.setHeader("access-control-allow-origin", "*");
  response.setHeader(
    "access-control-expose-headers",
    "docker-content-digest, content-range, location, www-authenticate",
  );
  if (request.method !== "OPTIONS") return false;
  response.setHeader("access-control-allow-headers", "authorization, accept, content-type, range");
  response.setHeader("access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH");
  response.writeHead(204).end();
  return true;
}

/** `upstream`: origin to pass on to, or fixed files by path. `hasCors`: web pages may read it. */
export async function startFaultServer(
  upstream: string | ReadonlyMap<string, Uint8Array>,
  options: { readonly hasCors?: boolean } = {},
): Promise<FaultServer> {
  const seen: SeenRequest[] = [];
  const active = new Set<string>();
  const most: { path: string; count: number }[] = [];
  const state = { faults: [] as Fault[] };
  const server = createServer((request, response) => {
    const method = request.method ?? "GET";
    const path = request.url ?? "/";
    if (options.hasCors === true && allowPages(request, response)) return;
    seen.push({ method, path, headers: request.headers });
    const key = `${seen.length} ${path}`;
    active.add(key);
    for (const one of active) most.push({ path: one, count: active.size });
    response.on("close", () => active.delete(key));
    const fault = take(state.faults, method, path);
    void answer(request, response, upstream, fault?.action).catch(() => response.destroy());
  });
  const port = await listen(server);
  const domain = `127.0.0.1:${port}`;
  return {
    domain,
    origin: `http://${domain}`,
    seen,
    get faults() {
      return state.faults;
    },
    set faults(faults) {
      state.faults = faults;
    },
    openConnections: (path) => [...active].filter((one) => path.test(one)).length,
    atOnceMax: (path) => Math.max(0, ...most.filter((one) => path.test(one.path)).map(({ count }) => count)),
    async stop(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function take(faults: Fault[], method: string, path: string): Fault | undefined {
  const fault = faults.find(
    (one) =>
      (one.times ?? 1) > 0 && (one.method === undefined || one.method === method) && one.path.test(path),
  );
  if (fault !== undefined) fault.times = (fault.times ?? 1) - 1;
  return fault;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  upstream: string | ReadonlyMap<string, Uint8Array>,
  action: FaultAction | undefined,
): Promise<void> {
  switch (action?.kind) {
    case "answer":
      request.resume();
      response.writeHead(action.status, action.headers).end(action.body);
      return;
    case "destroy":
      response.destroy();
      return;
    case "redirect":
      request.resume();
      response.writeHead(action.status ?? 307, { location: `${action.origin}${request.url ?? "/"}` }).end();
      return;
    case "slow":
      await new Promise((resolve) => setTimeout(resolve, action.delayMs));
      break;
    default:
      break;
  }
  const headers = { ...request.headers };
  if (action?.kind === "wholeInsteadOfRange" || (action?.kind === "cut" && action.ignoresRange === true)) {
    delete headers.range;
  }
  const reply =
    typeof upstream === "string"
      ? await passOn(request, upstream, headers)
      : fileReply(request, upstream, headers);
  await send(response, reply, action);
}

interface Reply {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: AsyncIterable<Uint8Array>;
}

function passOn(request: IncomingMessage, upstream: string, headers: IncomingHttpHeaders): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const url = new URL(request.url ?? "/", upstream);
    // The Host header stays the one the client sent, so that Location names this server.
    const outgoing = httpRequest(url, { method: request.method ?? "GET", headers }, (reply) => {
      resolve({ status: reply.statusCode ?? 500, headers: reply.headers, body: reply });
    });
    outgoing.on("error", reject);
    request.pipe(outgoing);
  });
}

function fileReply(
  request: IncomingMessage,
  files: ReadonlyMap<string, Uint8Array>,
  headers: IncomingHttpHeaders,
): Reply {
  const bytes = files.get((request.url ?? "/").split("?", 1)[0] ?? "/");
  if (bytes === undefined) return { status: 404, headers: {}, body: pieces(new Uint8Array(0)) };
  const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
  if (start === 0)
    return { status: 200, headers: { "content-length": String(bytes.length) }, body: pieces(bytes) };
  const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
  return { status: 206, headers: { "content-range": range }, body: pieces(bytes.subarray(start)) };
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

async function send(response: ServerResponse, reply: Reply, action: FaultAction | undefined): Promise<void> {
  const headers = { ...reply.headers };
  if (action?.kind === "end") delete headers["content-length"];
  if (action?.kind === "wrongRange") headers["content-range"] = "bytes 7-99/100";
  response.writeHead(reply.status, headers);
  const limit = action?.kind === "cut" || action?.kind === "end" ? action.afterBytes : Infinity;
  let sent = 0;
  for await (const piece of reply.body) {
    const part = piece.subarray(0, Math.max(0, limit - sent));
    sent += part.length;
    const bytes = action?.kind === "corrupt" ? part.map((byte) => byte ^ 1) : part;
    if (!response.write(bytes)) await new Promise((resolve) => response.once("drain", resolve));
    if (sent < limit) continue;
    if (action?.kind === "end") break;
    // Written bytes shall arrive before the connection goes.
    await new Promise((resolve) => setTimeout(resolve, 20));
    response.destroy();
    return;
  }
  response.end();
}

/** The files of an OCI layout with the given blobs, by path. */
export function layoutFiles(
  index: object,
  blobs: readonly { readonly digest: string; readonly bytes: Uint8Array }[],
): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  files.set("/index.json", new Uint8Array(Buffer.from(JSON.stringify(index))));
  files.set("/oci-layout", new Uint8Array(Buffer.from('{"imageLayoutVersion":"1.0.0"}')));
  for (const { digest, bytes } of blobs) files.set(`/blobs/${digest.replace(":", "/")}`, bytes);
  return files;
}
