/**
 * Proves to a registry who is asking (Docker's token spec, Basic). A registry says with a challenge
 * what it wants; the answer is remembered, and tokens are kept per repository and actions until
 * shortly before they expire. Several requests that need the same token wait for one fetch of it.
 *
 * Credentials go only to the registry they belong to and to the token server it names, and to a
 * plain-http token server only when the registry itself is plain.
 */
import { decodeUtf8, encodeUtf8 } from "../base/bytes.ts";
import { fail } from "../base/errors.ts";
import { collectBytes } from "../base/streams.ts";
import type { Challenge } from "./challenge.ts";
import { parseChallenges } from "./challenge.ts";
import { registryOrigin } from "./hosts.ts";
import type { Credentials } from "./registry.ts";
import { errorOf, readRefusal } from "./registry-errors.ts";
import type { Answer, Transport } from "./transport.ts";

/** Token spec: a client assumes 60 seconds when the server does not say. */
const TOKEN_LIFE_DEFAULT_MS = 60_000;
/** A token about to expire is not used: the request still has to travel. At most a fifth of its life. */
const TOKEN_MARGIN_MS = 10_000;
const TOKEN_BODY_BYTES_MAX = 1024 * 1024;
/** Tokens kept; a page that pulls from more repositories fetches some of them twice. */
const TOKENS_MAX = 256;
const CLIENT_ID = "slipway";

/** "repository:library/nginx:pull", several with a space between; undefined asks for a token without scope (login). */
export type Scope = string | undefined;

export interface Token {
  readonly value: string;
  readonly expiresAtMs: number;
  readonly refreshToken: string | undefined;
}

interface TokenRequest {
  readonly domain: string;
  readonly challenge: Challenge;
  readonly scope: Scope;
  readonly credentials: Credentials | undefined;
  readonly isOffline: boolean;
  readonly signal: AbortSignal | undefined;
}

export class Authorizer {
  readonly #transport: Transport;
  readonly #challenges = new Map<string, readonly Challenge[]>();
  /** Insertion order is age: the oldest goes first when there are too many. */
  readonly #tokens = new Map<string, Token>();
  readonly #fetches = new Map<string, Promise<Token>>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Remembers what the registry asked for. False when it asked for nothing we can give. */
  learn(domain: string, answer: Answer): boolean {
    const challenges = parseChallenges(answer.response.headers.get("www-authenticate"))
      .filter(({ scheme, parameters }) => scheme === "basic" || (scheme === "bearer" && parameters["realm"]))
      .map((challenge) => this.#withOwnRealm(challenge, answer));
    if (challenges.length > 0) this.#challenges.set(domain, challenges);
    return challenges.length > 0;
  }

  /**
   * The Authorization header for a request; undefined while the registry asked for none.
   * @throws SlipwayError `unauthorized` and others as the token server refuses.
   */
  async header(
    domain: string,
    scope: Scope,
    credentials: Credentials | undefined,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const challenges = this.#challenges.get(domain);
    if (credentials?.registryToken !== undefined && credentials.registryToken !== "") {
      return `Bearer ${credentials.registryToken}`;
    }
    if (challenges === undefined) return undefined;
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    if (bearer !== undefined) {
      const request = { domain, challenge: bearer, scope, credentials, isOffline: false, signal };
      return `Bearer ${(await this.#token(request)).value}`;
    }
    return credentials === undefined || credentials.username === "" ? undefined : basic(credentials);
  }

  /**
   * Drops the token that the registry refused, so that the next `header` fetches another. A newer
   * one, which another request fetched meanwhile, stays.
   */
  forget(domain: string, scope: Scope, credentials: Credentials | undefined, refused: string): void {
    const key = keyOf(domain, scope, credentials);
    if (`Bearer ${this.#tokens.get(key)?.value ?? ""}` === refused) this.#tokens.delete(key);
  }

  /** A token for `docker login`: without scope, asking for a refresh token; undefined without Bearer. */
  async loginToken(domain: string, credentials: Credentials): Promise<Token | undefined> {
    const challenge = this.#challenges.get(domain)?.find(({ scheme }) => scheme === "bearer");
    if (challenge === undefined) return undefined;
    const request = { domain, challenge, scope: undefined, credentials, isOffline: true, signal: undefined };
    const token = await this.#fetchToken(request);
    this.#keep(keyOf(domain, undefined, credentials), token);
    return token;
  }

  /** Challenges that came through the proxy may name the proxy's URL of the token server. */
  #withOwnRealm(challenge: Challenge, answer: Answer): Challenge {
    const realm = challenge.parameters["realm"];
    if (challenge.scheme !== "bearer" || realm === undefined) return challenge;
    const own = this.#transport.resolve(realm, answer).href;
    return { ...challenge, parameters: { ...challenge.parameters, realm: own } };
  }

  async #token(request: TokenRequest): Promise<Token> {
    const key = keyOf(request.domain, request.scope, request.credentials);
    const kept = this.#tokens.get(key);
    if (kept !== undefined && this.#transport.clock.monotonicMs() < kept.expiresAtMs) return kept;
    let fetching = this.#fetches.get(key);
    if (fetching === undefined) {
      // Others may wait for this fetch, so one caller's giving up must not end it.
      fetching = this.#fetchToken({ ...request, signal: undefined }).finally(() => this.#fetches.delete(key));
      this.#fetches.set(key, fetching);
    }
    const token = await fetching;
    this.#keep(key, token);
    return token;
  }

  #keep(key: string, token: Token): void {
    this.#tokens.delete(key);
    this.#tokens.set(key, token);
    for (const oldest of this.#tokens.keys()) {
      if (this.#tokens.size <= TOKENS_MAX) break;
      this.#tokens.delete(oldest);
    }
  }

  async #fetchToken(request: TokenRequest): Promise<Token> {
    const { credentials, challenge, domain } = request;
    const realm = new URL(challenge.parameters["realm"] ?? "");
    const isRegistryPlain = registryOrigin(domain, this.#transport.settings()).startsWith("http:");
    if (realm.protocol !== "https:" && !(realm.protocol === "http:" && isRegistryPlain)) {
      throw fail(
        "unauthorized",
        `token server of ${domain} is not https: refusing to send credentials to it`,
      );
    }
    const answer = credentials?.identityToken
      ? await this.#postRefreshToken(realm, request, credentials.identityToken)
      : await this.#getToken(realm, request);
    if (!answer.response.ok) throw errorOf(await readRefusal(answer.response, secretsOf(credentials)));
    return this.#readToken(answer.response);
  }

  #getToken(realm: URL, request: TokenRequest): Promise<Answer> {
    const { challenge, credentials, scope } = request;
    const service = challenge.parameters["service"];
    if (service !== undefined) realm.searchParams.set("service", service);
    for (const one of scope?.split(" ") ?? []) realm.searchParams.append("scope", one);
    if (request.isOffline) {
      realm.searchParams.set("offline_token", "true");
      realm.searchParams.set("client_id", CLIENT_ID);
    }
    const hasPassword = credentials !== undefined && credentials.username !== "";
    if (hasPassword) realm.searchParams.set("account", credentials.username);
    const headers: Record<string, string> = hasPassword ? { authorization: basic(credentials) } : {};
    return this.#transport.send({
      method: "GET",
      url: realm,
      domain: request.domain,
      headers,
      signal: request.signal,
    });
  }

  #postRefreshToken(realm: URL, request: TokenRequest, refreshToken: string): Promise<Answer> {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      service: request.challenge.parameters["service"] ?? "",
      client_id: CLIENT_ID,
      refresh_token: refreshToken,
    });
    if (request.scope !== undefined) form.set("scope", request.scope);
    return this.#transport.send({
      method: "POST",
      url: realm,
      domain: request.domain,
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: encodeUtf8(form.toString()),
      signal: request.signal,
    });
  }

  async #readToken(response: Response): Promise<Token> {
    const text =
      response.body === null ? "" : decodeUtf8(await collectBytes(response.body, TOKEN_BODY_BYTES_MAX));
    let json: Readonly<Record<string, unknown>> = {};
    try {
      json = JSON.parse(text) as Record<string, unknown>; // Fields are checked one by one below.
    } catch (error) {
      throw fail("system", "unable to decode token response", { cause: error });
    }
    const value = [json["token"], json["access_token"]].find(
      (item) => typeof item === "string" && item !== "",
    );
    if (typeof value !== "string")
      throw fail("unauthorized", "authorization server did not include a token in the response");
    const seconds = json["expires_in"];
    const lifeMs = typeof seconds === "number" && seconds > 0 ? seconds * 1000 : TOKEN_LIFE_DEFAULT_MS;
    const refreshToken = json["refresh_token"];
    return {
      value,
      expiresAtMs: this.#transport.clock.monotonicMs() + lifeMs - Math.min(TOKEN_MARGIN_MS, lifeMs / 5),
      refreshToken: typeof refreshToken === "string" && refreshToken !== "" ? refreshToken : undefined,
    };
  }
}

/** What must never appear in a message. */
export function secretsOf(credentials: Credentials | undefined): readonly string[] {
  if (credentials === undefined) return [];
  const { password, identityToken, registryToken } = credentials;
  return [password, identityToken ?? "", registryToken ?? "", basic(credentials).slice("Basic ".length)];
}

function basic(credentials: Credentials): string {
  const bytes = encodeUtf8(`${credentials.username}:${credentials.password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

function keyOf(domain: string, scope: Scope, credentials: Credentials | undefined): string {
  const who =
    credentials === undefined ? [] : [credentials.username, credentials.password, credentials.identityToken];
  return JSON.stringify([domain, scope ?? "", who]);
}
