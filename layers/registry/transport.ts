/**
 * One HTTP request to a registry, blob host or token server: chooses the way (straight or through the
 * CORS proxy), follows redirects, waits and retries. Callers think in the registry's own URLs; that a
 * proxy stands between is known only here.
 *
 * The hard idea is CORS: a browser does not say why a fetch failed. So a failed direct request is
 * tried through the proxy, and when the proxy gets an answer the host is remembered as one that needs
 * it, for a while, since servers and networks change.
 */
import type { Clock } from "../base/clock.ts";
import type { SlipwayError } from "../base/errors.ts";
import { fail, isAbort, isKind } from "../base/errors.ts";
import { proxiedUrl, unproxiedUrl } from "../base/proxy-url.ts";
import { PROXY_ERROR_HEADER, redactUrl, unreachable } from "./registry-errors.ts";
import type { RateLimits } from "./rate-limits.ts";
import type { RegistryClientOptions, RegistrySettings } from "./settings.ts";
import {
  ATTEMPTS_MAX,
  RETRY_AFTER_MS_MAX,
  backoffMs,
  cancelled,
  isRetryableStatus,
  retryAfterMs,
  sleep,
} from "./retry.ts";

/** As Go's http client, less one: nobody chains more. */
const REDIRECTS_MAX = 9;
/** Ten minutes: a lesson's length; then the direct way gets another chance. */
const NEEDS_PROXY_MS = 600_000;
/** A registry that has not sent headers by then is treated as gone. */
const HEADERS_TIMEOUT_MS = 60_000;
/** Headers come after the body has gone up; slower lines than 16 KB/s are not waited for. */
const UPLOAD_BYTES_PER_MS_MIN = 16;
/** A host that never answered is more likely misspelt or closed to pages than restarting. */
const STRANGER_ATTEMPTS_MAX = 2;

export interface Call {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** The registry's own URL. */
  readonly url: URL;
  /** Domain whose settings decide the way; undefined: only the URL's host counts (mirrors). */
  readonly domain?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | undefined;
  /** Without this header the answer is useless: a browser hides what the server does not expose. */
  readonly requiredHeader?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default ATTEMPTS_MAX; 1 for what must not be repeated blindly. */
  readonly attemptsMax?: number | undefined;
  /** Mirrors are never asked through the proxy. */
  readonly isDirectOnly?: boolean | undefined;
}

export interface Answer {
  readonly response: Response;
  /** The registry's URL that answered, after redirects where they are seen. */
  readonly url: URL;
  readonly way: "direct" | "proxy";
}

export class Transport {
  readonly #options: RegistryClientOptions;
  readonly #limits: RateLimits;
  /** Host → monotonic time until which it is asked through the proxy. */
  readonly #needsProxyUntil = new Map<string, number>();
  readonly #hasAnswered = new Set<string>();

  constructor(options: RegistryClientOptions, limits: RateLimits) {
    this.#options = options;
    this.#limits = limits;
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  random(): number {
    return (this.#options.random ?? Math.random)();
  }

  settings(): RegistrySettings {
    return this.#options.settings();
  }

  /**
   * The answer, whatever its status, after retries where they help.
   * @throws SlipwayError `unavailable` when no way led to an answer, `cancelled`.
   */
  async send(call: Call): Promise<Answer> {
    const attemptsMax = call.attemptsMax ?? ATTEMPTS_MAX;
    for (let attempt = 1; ; attempt++) {
      if (call.signal?.aborted === true) throw cancelled();
      let waitMs = backoffMs(attempt, () => this.random());
      try {
        const answer = await this.#sendOnce(call);
        this.#hasAnswered.add(call.url.host);
        this.#limits.note(call.url.host, answer.response.headers);
        if (!isRetryableStatus(answer.response.status) || attempt >= attemptsMax) return answer;
        const nowMs = Number(this.clock.nowNs() / 1_000_000n);
        waitMs = retryAfterMs(answer.response.headers.get("retry-after"), nowMs) ?? waitMs;
        if (waitMs > RETRY_AFTER_MS_MAX) return answer;
        await discard(answer.response);
      } catch (thrown) {
        const isStranger = !this.#hasAnswered.has(call.url.host);
        const patience = isStranger ? Math.min(attemptsMax, STRANGER_ATTEMPTS_MAX) : attemptsMax;
        if (!isKind(thrown, "unavailable") || attempt >= patience) throw thrown;
      }
      await sleep(this.clock, waitMs, call.signal);
    }
  }

  async #sendOnce(call: Call): Promise<Answer> {
    const ways = this.#waysOf(call);
    if (ways.length === 1) return await this.#follow(call, ways[0] ?? "direct");
    let failure: SlipwayError | undefined;
    try {
      const answer = await this.#follow(call, "direct");
      if (isReadable(call, answer.response)) return answer;
      await discard(answer.response);
    } catch (thrown) {
      if (!isKind(thrown, "unavailable")) throw thrown;
      failure = thrown;
    }
    const answer = await this.#follow(call, "proxy").catch((thrown: unknown) => {
      throw failure ?? thrown; // Neither way: the direct one says more.
    });
    const refusal = answer.response.headers.get(PROXY_ERROR_HEADER);
    if (refusal === null) {
      this.#needsProxyUntil.set(call.url.host, this.clock.monotonicMs() + NEEDS_PROXY_MS);
    } else if (failure !== undefined && answer.response.status !== 429) {
      await discard(answer.response);
      throw fail("unavailable", `${failure.message}; CORS proxy: ${refusal}`, { cause: failure });
    }
    return answer;
  }

  #waysOf(call: Call): readonly ("direct" | "proxy")[] {
    const settings = this.settings();
    if (call.isDirectOnly === true || settings.proxy === undefined) return ["direct"];
    const isDirect = settings.registries[call.domain ?? call.url.host]?.direct;
    if (isDirect !== undefined) return [isDirect ? "direct" : "proxy"];
    const until = this.#needsProxyUntil.get(call.url.host) ?? 0;
    return this.clock.monotonicMs() < until ? ["proxy"] : ["direct", "proxy"];
  }

  /** Sends and follows redirects, leaving Authorization behind when the origin changes. */
  async #follow(call: Call, way: "direct" | "proxy"): Promise<Answer> {
    let { url, method } = call;
    let body = call.body;
    let headers: Readonly<Record<string, string>> = call.headers ?? {};
    for (let redirects = 0; ; redirects++) {
      const response = await this.#fetch({ ...call, url, method, headers, body }, way);
      const location = response.headers.get("location");
      if (![301, 302, 303, 307, 308].includes(response.status) || location === null) {
        const seenUrl = way === "direct" && response.url !== "" ? new URL(response.url) : url;
        return { response, url: seenUrl, way };
      }
      await discard(response);
      if (redirects >= REDIRECTS_MAX) {
        throw unreachable(method, call.url, new Error(`stopped after ${REDIRECTS_MAX + 1} redirects`));
      }
      const next = this.resolve(location, { url, way });
      if (next.origin !== url.origin) headers = withoutAuthorization(headers);
      if (response.status === 303 && method !== "HEAD") {
        method = "GET";
        body = undefined;
      }
      url = next;
    }
  }

  /** The registry's URL behind a link in an answer, which through the proxy may name the proxy. */
  resolve(link: string, answer: Pick<Answer, "url" | "way">): URL {
    const proxy = this.settings().proxy;
    if (answer.way === "direct" || proxy === undefined) return new URL(link, answer.url);
    const url = new URL(link, proxiedUrl(proxy, answer.url));
    const own = new URL(proxy);
    // A TLS server before the proxy is not known to it, so its links may lack the s of https.
    if (url.host === own.host) url.protocol = own.protocol;
    return unproxiedUrl(proxy, url) ?? url;
  }

  async #fetch(call: Call, way: "direct" | "proxy"): Promise<Response> {
    const proxy = this.settings().proxy ?? "";
    const target = way === "proxy" ? proxiedUrl(proxy, call.url) : call.url.href;
    const timeout = new AbortController();
    const uploadMs = (call.body?.length ?? 0) / UPLOAD_BYTES_PER_MS_MIN;
    const timer = this.clock.after(HEADERS_TIMEOUT_MS + uploadMs, () => timeout.abort());
    try {
      return await this.#options.fetch(target, {
        method: call.method,
        headers: { ...call.headers },
        ...(call.body === undefined ? {} : { body: call.body }),
        redirect: this.#options.redirects ?? "follow",
        credentials: "omit",
        cache: "no-store",
        referrerPolicy: "no-referrer",
        signal: call.signal === undefined ? timeout.signal : AbortSignal.any([call.signal, timeout.signal]),
      });
    } catch (thrown) {
      if (call.signal?.aborted === true) throw cancelled(thrown);
      const reason = isAbort(thrown) ? new Error("timeout awaiting response headers") : thrown;
      if (way === "proxy") throw unreachable(call.method, proxyHostUrl(target), reason);
      // dockerd meets a registry at its base URL first, so that is what it names.
      const isFirstMeeting = !this.#hasAnswered.has(call.url.host) && call.url.pathname.startsWith("/v2/");
      if (isFirstMeeting) throw unreachable("GET", new URL("/v2/", call.url), reason);
      throw unreachable(call.method, call.url, reason);
    } finally {
      timer.dispose();
    }
  }
}

/** Ends a body nobody reads, so that its connection is free again. */
export async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined); // Broken already: nothing left to free.
}

/** Whether the page may read what it needs: a 401 without a challenge is one it may not. */
function isReadable(call: Call, response: Response): boolean {
  if (response.status === 401) return response.headers.has("www-authenticate");
  return !response.ok || call.requiredHeader === undefined || response.headers.has(call.requiredHeader);
}

function withoutAuthorization(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== "authorization"));
}

/** When the proxy itself is out of reach, it is the proxy that the message names. */
function proxyHostUrl(target: string): URL {
  return new URL(redactUrl(new URL(target)));
}
