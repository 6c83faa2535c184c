/**
 * Requests to one registry with authorization: sends, and when the registry answers 401, learns what
 * it wants, gets that, and sends again. A second 401 with a fresh token is the registry's last word.
 */
import { fail } from "../base/errors.ts";
import type { Reference } from "../oci/reference.ts";
import type { Authorizer, Scope } from "./authorizer.ts";
import { secretsOf } from "./authorizer.ts";
import { registryOrigin } from "./hosts.ts";
import type { Credentials, RegistryRequest } from "./registry.ts";
import type { Refusal } from "./registry-errors.ts";
import { readRefusal } from "./registry-errors.ts";
import type { RegistryClientOptions } from "./settings.ts";
import type { Answer, Call, Transport } from "./transport.ts";
import { discard } from "./transport.ts";

/** No challenge known; then a token that was kept too long; then a fresh one. */
const AUTHORIZATIONS_MAX = 3;

/** dockerd's words when a registry wants a password and there is none. */
export const NO_BASIC_CREDENTIALS = "no basic auth credentials";

export class Session {
  readonly domain: string;
  readonly credentials: Credentials | undefined;
  readonly signal: AbortSignal | undefined;
  readonly #transport: Transport;
  readonly #authorizer: Authorizer;

  constructor(
    parts: { readonly transport: Transport; readonly authorizer: Authorizer },
    domain: string,
    request: { readonly credentials: Credentials | undefined; readonly signal: AbortSignal | undefined },
  ) {
    this.#transport = parts.transport;
    this.#authorizer = parts.authorizer;
    this.domain = domain;
    this.credentials = request.credentials;
    this.signal = request.signal;
  }

  get transport(): Transport {
    return this.#transport;
  }

  /** "https://registry-1.docker.io/v2/library/nginx/manifests/latest". */
  url(path: string): URL {
    return new URL(`${registryOrigin(this.domain, this.#transport.settings())}/v2/${path}`);
  }

  /** @throws SlipwayError `unavailable`, `unauthorized` when there is nothing to answer a challenge with. */
  async send(scope: Scope, call: Omit<Call, "domain">): Promise<Answer> {
    const { credentials } = this;
    for (let round = 1; ; round++) {
      const signal = call.signal ?? this.signal;
      const authorization = await this.#authorizer.header(this.domain, scope, credentials, signal);
      const answer = await this.#transport.send({
        ...call,
        signal,
        domain: this.domain,
        headers: { ...call.headers, ...(authorization === undefined ? {} : { authorization }) },
      });
      if (answer.response.status !== 401 || round >= AUTHORIZATIONS_MAX) return answer;
      if (credentials?.registryToken) return answer;
      const wasAnswered = authorization !== undefined;
      // Basic does not get better by repeating, nor a token that was fetched for this very request.
      if (wasAnswered && (authorization.startsWith("Basic") || round > 1)) return answer;
      if (!this.#authorizer.learn(this.domain, answer)) return answer;
      if (wasAnswered) this.#authorizer.forget(this.domain, scope, credentials, authorization);
      else if (await this.#cannotAnswer(scope, signal)) {
        await discard(answer.response);
        throw fail("unauthorized", NO_BASIC_CREDENTIALS);
      }
      await discard(answer.response);
    }
  }

  /** The registry's refusal, without anything secret in it. */
  refusal(answer: Answer): Promise<Refusal> {
    return readRefusal(answer.response, secretsOf(this.credentials));
  }

  async #cannotAnswer(scope: Scope, signal: AbortSignal | undefined): Promise<boolean> {
    return (await this.#authorizer.header(this.domain, scope, this.credentials, signal)) === undefined;
  }
}

/** The session for an operation: its own credentials, else the stored ones. */
export async function openSession(
  parts: { readonly transport: Transport; readonly authorizer: Authorizer },
  options: Pick<RegistryClientOptions, "credentials">,
  reference: Pick<Reference, "domain">,
  request: RegistryRequest | undefined,
): Promise<Session> {
  const credentials = request?.credentials ?? (await options.credentials?.(reference.domain));
  return new Session(parts, reference.domain, { credentials, signal: request?.signal });
}

/** The scope of a token for `path`: "repository:library/nginx:pull". */
export function pullScope(path: string): string {
  return `repository:${path}:pull`;
}

export function pushScope(path: string): string {
  return `repository:${path}:pull,push`;
}
