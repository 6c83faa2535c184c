/**
 * The CORS proxy: a pure fetch handler that lets a web page speak to registries which allow no web
 * pages. It holds no secrets and no sessions; everything it decides, it decides from the request.
 *
 * The hard idea is redirects. Registries answer blobs with a redirect to a signed URL on another host
 * that allows no pages either, so the proxy follows reads itself, to listed hosts only, and leaves
 * Authorization behind when the origin changes. Writes are never followed.
 */
import type { Clock } from "../base/clock.ts";
import { systemClock } from "../base/clock.ts";
import { SlipwayError, isAbort, isKind } from "../base/errors.ts";
import { targetOfPath } from "../base/proxy-url.ts";
import type { ByteStream } from "../base/streams.ts";
import type { AllowedHost } from "./allow-list.ts";
import { AllowList, PUBLIC_REGISTRIES } from "./allow-list.ts";
import type { ProxyCache } from "./cache.ts";
import { METHODS, addPageHeaders, forwardedHeaders, preflight, projectedHeaders } from "./headers.ts";
import type { ProxyLimits } from "./limits.ts";
import { DEFAULT_LIMITS, limitedBody } from "./limits.ts";
import { isAddress, isPrivateAddress } from "./private-address.ts";
import type { RateLimitOptions } from "./rate-limit.ts";
import { DEFAULT_RATE_LIMIT, RateLimiter } from "./rate-limit.ts";
import { Refusal } from "./refusal.ts";
import { rewriteLocation, rewriteRealms } from "./rewrite.ts";
import type { ContentTarget, HashFactory } from "./shared-content.ts";
import { SharedContent, contentTargetOf, rangeOf } from "./shared-content.ts";
import type { Upstream } from "./upstream.ts";
import { platformUpstream } from "./upstream.ts";

/** Hub takes one, Azure two. */
const REDIRECTS_MAX = 5;

export interface CorsProxyOptions {
  /** Path below which requests come in; default "/". */
  readonly basePath?: string | undefined;
  /** URL of the proxy as pages see it, when a web server in front changes it. */
  readonly publicUrl?: string | undefined;
  /** Hosts besides PUBLIC_REGISTRIES; they are looked at first. */
  readonly allow?: readonly AllowedHost[] | undefined;
  /** Replaces PUBLIC_REGISTRIES. */
  readonly publicRegistries?: readonly AllowedHost[] | undefined;
  /** Origins of pages that may use it; default any. */
  readonly origins?: readonly string[] | undefined;
  /** Default: the platform's fetch. */
  readonly upstream?: Upstream | undefined;
  /** Addresses of a name, looked at before each request, for runtimes whose `upstream` does not look. */
  readonly resolve?: ((name: string) => Promise<readonly string[]>) | undefined;
  readonly cache?: { readonly store: ProxyCache; readonly hash: HashFactory } | undefined;
  readonly rateLimit?: RateLimitOptions | undefined;
  /** Who asks, when the caller does not say; Cloudflare: the header cf-connecting-ip. */
  readonly clientAddress?: ((request: Request) => string) | undefined;
  readonly limits?: Partial<ProxyLimits> | undefined;
  readonly clock?: Clock | undefined;
}

export interface ProxyClient {
  readonly address: string;
}

export type CorsProxyHandler = (request: Request, client?: ProxyClient) => Promise<Response>;

export function createCorsProxy(options: CorsProxyOptions = {}): CorsProxyHandler {
  const proxy = new CorsProxy(options);
  return (request, client) => proxy.handle(request, client);
}

/** One request on its way. */
interface Exchange {
  readonly request: Request;
  readonly target: URL;
  readonly entry: AllowedHost;
  readonly headers: Headers;
  readonly proxyUrl: string;
  readonly allowedOrigin: string;
}

class CorsProxy {
  readonly #options: CorsProxyOptions;
  readonly #basePath: string;
  readonly #allowList: AllowList;
  readonly #upstream: Upstream;
  readonly #limiter: RateLimiter;
  readonly #limits: ProxyLimits;
  readonly #clock: Clock;
  readonly #content: SharedContent | undefined;

  constructor(options: CorsProxyOptions) {
    const { cache, basePath = "/" } = options;
    this.#options = options;
    this.#basePath = basePath.endsWith("/") ? basePath : `${basePath}/`;
    this.#allowList = new AllowList([
      ...(options.allow ?? []),
      ...(options.publicRegistries ?? PUBLIC_REGISTRIES),
    ]);
    this.#upstream = options.upstream ?? platformUpstream((url, init) => fetch(url, init));
    this.#clock = options.clock ?? systemClock;
    this.#limiter = new RateLimiter(options.rateLimit ?? DEFAULT_RATE_LIMIT, this.#clock);
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#content =
      cache === undefined
        ? undefined
        : new SharedContent({ cache: cache.store, hash: cache.hash, clock: this.#clock });
  }

  async handle(request: Request, client: ProxyClient | undefined): Promise<Response> {
    let allowedOrigin = "*";
    try {
      allowedOrigin = this.#allowedOrigin(request);
      if (request.method === "OPTIONS") return preflight(allowedOrigin);
      const exchange = this.#exchangeOf(request, allowedOrigin);
      this.#limitRate(request, client);
      return await this.#answer(exchange);
    } catch (thrown) {
      return refusalOf(thrown).toResponse(allowedOrigin);
    }
  }

  #allowedOrigin(request: Request): string {
    const { origins } = this.#options;
    if (origins === undefined) return "*";
    const origin = request.headers.get("origin");
    if (origin === null) throw new Refusal(403, "this proxy is for the web pages it was set up for");
    if (!origins.includes(origin)) throw new Refusal(403, `pages of ${origin} may not use this proxy`);
    return origin;
  }

  #exchangeOf(request: Request, allowedOrigin: string): Exchange {
    if (!METHODS.includes(request.method))
      throw new Refusal(405, `method ${request.method} is not for registries`);
    const url = new URL(request.url);
    if (!url.pathname.startsWith(this.#basePath)) throw new Refusal(404, "no such path");
    const target = targetOfPath(url.pathname.slice(this.#basePath.length) + url.search);
    if (target === undefined) throw new Refusal(404, "the path must be <scheme>/<host>/v2/…");
    const entry = this.#allowList.findForClient(target, request.method);
    if (entry === undefined) {
      if (this.#allowList.find(target) === undefined) {
        throw new Refusal(403, `${target.origin} is not on this proxy's list of registries`);
      }
      throw new Refusal(403, `${request.method} ${target.pathname} is not a request that registries answer`);
    }
    const length = Number(request.headers.get("content-length") ?? 0);
    if (length > this.#limits.bodyBytes) throw new Refusal(413, "body is too large");
    return {
      request,
      target,
      entry,
      headers: forwardedHeaders(request.headers),
      proxyUrl: this.#options.publicUrl ?? `${url.origin}${this.#basePath}`,
      allowedOrigin,
    };
  }

  #limitRate(request: Request, client: ProxyClient | undefined): void {
    const address = client?.address ?? this.#options.clientAddress?.(request) ?? "";
    const waitSeconds = this.#limiter.take(address);
    if (waitSeconds > 0) {
      throw new Refusal(429, "too many requests to this proxy", { retryAfterSeconds: waitSeconds });
    }
  }

  async #answer(exchange: Exchange): Promise<Response> {
    const { request, target } = exchange;
    const content = request.method === "GET" ? contentTargetOf(target) : undefined;
    if (content === undefined || this.#content === undefined) return await this.#passOn(exchange, undefined);
    const cached = await this.#cachedAnswer(exchange, this.#content, content);
    return cached ?? (await this.#passOn(exchange, content));
  }

  /** The answer from the cache, or undefined when it has none; the registry decides who may have it. */
  async #cachedAnswer(
    exchange: Exchange,
    shared: SharedContent,
    content: ContentTarget,
  ): Promise<Response | undefined> {
    const { request } = exchange;
    const authorization = request.headers.get("authorization");
    let { digest } = content;
    if (digest !== undefined) {
      if ((await shared.get(digest)) === undefined) return undefined;
      if (!(await shared.isGranted(authorization, content.repository, digest))) {
        const status = await this.#askHead(exchange);
        // Any other answer must reach the client in its own words, by way of its own request.
        if (status.code >= 400) return undefined;
        await shared.grant(authorization, content.repository, digest);
      }
    } else {
      const head = await this.#askHead(exchange);
      digest = head.code === 200 ? head.digest : undefined;
      if (digest === undefined) return undefined;
      await shared.grant(authorization, content.repository, digest);
    }
    const entry = await shared.get(digest);
    if (entry === undefined) return undefined;
    const range = rangeOf(request.headers.get("range"), entry.sizeBytes);
    if (range === "bad") throw new Refusal(416, `range lies outside of ${entry.sizeBytes} bytes`);
    const { start, end } = range ?? { start: 0, end: entry.sizeBytes };
    const headers = new Headers({
      "content-type": entry.contentType,
      "content-length": String(end - start),
      "docker-content-digest": digest,
      "accept-ranges": "bytes",
      "x-cache": "hit",
    });
    if (range !== undefined) headers.set("content-range", `bytes ${start}-${end - 1}/${entry.sizeBytes}`);
    addPageHeaders(headers, exchange.allowedOrigin);
    const body = await shared.serve(digest, entry, start, end);
    return new Response(body as BodyInit, { status: range === undefined ? 200 : 206, headers });
  }

  async #askHead(
    exchange: Exchange,
  ): Promise<{ readonly code: number; readonly digest: string | undefined }> {
    const { response } = await this.#ask(exchange, exchange.target, {
      ...exchange,
      method: "HEAD",
      body: undefined,
    });
    await response.body?.cancel();
    const claimed = response.headers.get("docker-content-digest") ?? "";
    return { code: response.status, digest: /^sha256:[0-9a-f]{64}$/.test(claimed) ? claimed : undefined };
  }

  async #passOn(exchange: Exchange, content: ContentTarget | undefined): Promise<Response> {
    const { request, allowedOrigin, proxyUrl } = exchange;
    const { response, url } = await this.#follow(exchange);
    const headers = projectedHeaders(response.headers);
    const context = { allowList: this.#allowList, proxyUrl, url };
    const challenge = headers.get("www-authenticate");
    if (challenge !== null) headers.set("www-authenticate", rewriteRealms(challenge, context));
    const location = headers.get("location");
    if (location !== null) headers.set("location", rewriteLocation(location, context));
    addPageHeaders(headers, allowedOrigin);
    const hasBody = request.method !== "HEAD" && ![204, 205, 304].includes(response.status);
    if (response.body === null || !hasBody) {
      await response.body?.cancel();
      return new Response(null, { status: response.status, headers });
    }
    const kept = await this.#keep(exchange, response, content);
    return new Response(kept as BodyInit, { status: response.status, headers });
  }

  async #keep(
    exchange: Exchange,
    response: Response,
    content: ContentTarget | undefined,
  ): Promise<ByteStream> {
    // The checks in #passOn leave a body here.
    const body = limitedBody(
      response.body ?? new Blob([]).stream(),
      this.#limits,
      this.#clock,
      () => undefined,
    );
    const shared = this.#content;
    if (shared === undefined || content === undefined || response.status !== 200) return body;
    const claimed = response.headers.get("docker-content-digest") ?? "";
    const digest = content.digest ?? (/^sha256:[0-9a-f]{64}$/.test(claimed) ? claimed : undefined);
    const length = response.headers.get("content-length");
    if (digest === undefined || length === null) return body;
    await shared.grant(exchange.request.headers.get("authorization"), content.repository, digest);
    const isBlob = content.kind === "blobs";
    const contentType = isBlob ? "application/octet-stream" : (response.headers.get("content-type") ?? "");
    return await shared.keeping(body, digest, { sizeBytes: Number(length), contentType });
  }

  /** Asks, and for reads follows where the registry sends. */
  async #follow(exchange: Exchange): Promise<{ response: Response; url: URL }> {
    const { request } = exchange;
    const isRead = request.method === "GET" || request.method === "HEAD";
    const body = isRead || request.body === null ? undefined : this.#requestBody(request.body);
    let ask: Ask = { method: request.method, headers: exchange.headers, body, entry: exchange.entry };
    let url = exchange.target;
    for (let redirects = 0; ; redirects++) {
      const { response } = await this.#ask(exchange, url, ask);
      const location = response.headers.get("location");
      if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return { response, url };
      await response.body?.cancel();
      if (!isRead) throw new Refusal(502, `${url.host} redirects a write, which this proxy does not follow`);
      if (redirects >= REDIRECTS_MAX) throw new Refusal(502, `${exchange.target.host} redirects without end`);
      const next = new URL(location, url);
      const entry = this.#allowList.find(next);
      if (entry === undefined)
        throw new Refusal(502, `${url.host} redirects to ${next.origin}, which is not on the list`);
      const headers = new Headers(ask.headers);
      if (next.origin !== url.origin) headers.delete("authorization");
      ask = { ...ask, headers, entry };
      url = next;
    }
  }

  /** One request to one host, after its addresses were looked at. */
  async #ask(exchange: Exchange, url: URL, ask: Ask): Promise<{ response: Response }> {
    const isPrivateAllowed = ask.entry.isPrivateAllowed === true;
    if (!isPrivateAllowed) await this.#refusePrivate(url);
    const timeout = new AbortController();
    // Headers come after a body has gone up, and that has its own limits.
    const timeoutMs = ask.body === undefined ? this.#limits.headersMs : this.#limits.totalMs;
    const timer = this.#clock.after(timeoutMs, () => timeout.abort());
    try {
      const signal = AbortSignal.any([exchange.request.signal, timeout.signal]);
      const { method, headers, body } = ask;
      return { response: await this.#upstream(url, { method, headers, body, signal, isPrivateAllowed }) };
    } catch (thrown) {
      if (isKind(thrown, "forbidden")) throw new Refusal(403, thrown.message, { cause: thrown });
      if (timeout.signal.aborted)
        throw new Refusal(504, `${url.host} did not answer in time`, { cause: thrown });
      if (isAbort(thrown)) throw thrown;
      throw new Refusal(502, `${url.host}: ${reasonOf(thrown)}`, { cause: thrown });
    } finally {
      timer.dispose();
    }
  }

  async #refusePrivate(url: URL): Promise<void> {
    const name = url.hostname;
    const { resolve } = this.#options;
    const addresses = isAddress(name) ? [name] : resolve === undefined ? [] : await resolve(name);
    if (addresses.some(isPrivateAddress)) throw new Refusal(403, `${name} is in a private network`);
  }

  #requestBody(body: ReadableStream<Uint8Array>): ByteStream {
    return limitedBody(body, this.#limits, this.#clock, () => undefined);
  }
}

interface Ask {
  readonly method: string;
  readonly headers: Headers;
  readonly body: ByteStream | undefined;
  readonly entry: AllowedHost;
}

function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  if (thrown instanceof SlipwayError && thrown.kind === "resourceExhausted")
    return new Refusal(413, thrown.message);
  if (isAbort(thrown)) return new Refusal(499, "the client has gone");
  return new Refusal(502, "the proxy failed", { cause: thrown });
}

/** The network's reason, without what a stack or a certificate would tell. */
function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const texts: Readonly<Record<string, string>> = {
    ECONNREFUSED: "connection refused",
    ECONNRESET: "connection reset",
    ENOTFOUND: "no such host",
    EAI_AGAIN: "no such host",
    ETIMEDOUT: "timeout",
  };
  return texts[code] ?? (code === "" ? "out of reach" : code);
}
