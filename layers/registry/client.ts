/**
 * The distribution client: `Registry` over HTTP. Every read asks the static mirrors first, then the
 * registry (straight or through the CORS proxy, which `Transport` decides); writes go to the registry.
 * Nothing is verified twice: manifests here, since they are whole; blobs where they are stored.
 */
import type { ByteStream } from "../base/streams.ts";
import { fail, isKind, messageOf } from "../base/errors.ts";
import type { SlipwayError } from "../base/errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { MANIFEST_ACCEPT } from "../oci/media-types.ts";
import { parseManifest, schema1Error } from "../oci/manifest.ts";
import { bareMediaType, manifestKindOf } from "../oci/media-types.ts";
import type { Reference } from "../oci/reference.ts";
import { DEFAULT_TAG, formatName, formatReference } from "../oci/reference.ts";
import { Authorizer } from "./authorizer.ts";
import { blobStream } from "./blob-stream.ts";
import { login } from "./login.ts";
import { claimedDigest, digestOf, manifestMediaType, readManifestBytes, verifyManifest } from "./manifest-bytes.ts";
import type { BlobPush } from "./push.ts";
import { pushBlob, pushManifest } from "./push.ts";
import type { RateLimit } from "./rate-limits.ts";
import { RateLimits } from "./rate-limits.ts";
import type { BlobSource, Credentials, Registry, RegistryRequest, ResolvedManifest } from "./registry.ts";
import { errorOf, pullError } from "./registry-errors.ts";
import { Semaphore } from "./semaphore.ts";
import type { Session } from "./session.ts";
import { NO_BASIC_CREDENTIALS, openSession, pullScope } from "./session.ts";
import type { RegistryClientOptions } from "./settings.ts";
import { StaticMirror, rangeHeaders } from "./static-mirror.ts";
import type { Answer } from "./transport.ts";
import { Transport, discard } from "./transport.ts";

/** As dockerd's max-concurrent-downloads. */
const BLOBS_AT_A_TIME = 3;

export class RegistryClient implements Registry {
  readonly #options: RegistryClientOptions;
  readonly #limits = new RateLimits();
  readonly #transport: Transport;
  readonly #authorizer: Authorizer;
  readonly #blobs = new Semaphore(BLOBS_AT_A_TIME);
  /** Repositories whose last manifest came from the registry: their blobs are not sought in mirrors. */
  readonly #isFromRegistry = new Map<string, boolean>();

  constructor(options: RegistryClientOptions) {
    this.#options = options;
    this.#transport = new Transport(options, this.#limits);
    this.#authorizer = new Authorizer(this.#transport);
  }

  /** What registries said about rate limits, by host. */
  rateLimits(): ReadonlyMap<string, RateLimit> {
    return this.#limits.byHost();
  }

  async manifest(reference: Reference, request: RegistryRequest = {}): Promise<ResolvedManifest> {
    const failures: SlipwayError[] = [];
    for (const mirror of this.#mirrors()) {
      try {
        const found = await mirror.manifest(reference, { signal: request.signal, known: request.known });
        if (found === undefined) continue;
        this.#isFromRegistry.set(formatName(reference), false);
        return found;
      } catch (thrown) {
        failures.push(recoverable(thrown));
      }
    }
    try {
      const session = await this.#session(reference, request);
      const found = await this.#registryManifest(session, reference, request).catch((thrown: unknown) => {
        throw withManifestUrl(thrown, session, reference);
      });
      this.#isFromRegistry.set(formatName(reference), true);
      return found;
    } catch (thrown) {
      throw withMirrorFailures(thrown, failures);
    }
  }

  blob(reference: Reference, descriptor: Descriptor, request: RegistryRequest = {}): BlobSource {
    return {
      descriptor,
      open: async (offset, signal) => {
        const either = anySignal(request.signal, signal);
        const permit = await this.#blobs.acquire(either);
        try {
          return await this.#openBlob(reference, descriptor, offset, { ...request, signal: either }, () =>
            permit.dispose(),
          );
        } catch (thrown) {
          permit.dispose();
          throw thrown;
        }
      },
    };
  }

  async pushBlob(
    reference: Reference,
    descriptor: Descriptor,
    open: () => Promise<ByteStream>,
    request: BlobPush = {},
  ): Promise<"uploaded" | "exists" | "mounted"> {
    const permit = await this.#blobs.acquire(request.signal);
    try {
      return await pushBlob(await this.#session(reference, request), reference, descriptor, open, request);
    } finally {
      permit.dispose();
    }
  }

  async pushManifest(
    reference: Reference,
    bytes: Uint8Array,
    mediaType: string,
    request: RegistryRequest = {},
  ): Promise<Descriptor> {
    const digest = await digestOf(bytes, this.#options.hasher, reference.digest);
    const session = await this.#session(reference, request);
    return await pushManifest(session, reference, bytes, { mediaType, digest });
  }

  async login(registry: string, credentials: Credentials): Promise<{ status: string; identityToken: string }> {
    return await login({ transport: this.#transport, authorizer: this.#authorizer }, registry, credentials);
  }

  #mirrors(): readonly StaticMirror[] {
    const { settings, hasher } = this.#options;
    return settings().mirrors.map((base) => new StaticMirror(base, this.#transport, hasher));
  }

  #session(reference: Reference, request: RegistryRequest): Promise<Session> {
    const parts = { transport: this.#transport, authorizer: this.#authorizer };
    return openSession(parts, this.#options, reference, request);
  }

  async #registryManifest(
    session: Session,
    reference: Reference,
    request: RegistryRequest,
  ): Promise<ResolvedManifest> {
    const target = reference.digest ?? reference.tag ?? DEFAULT_TAG;
    const url = session.url(`${reference.path}/manifests/${target}`);
    const scope = pullScope(reference.path);
    const headers = { accept: MANIFEST_ACCEPT };
    const known = await this.#knownManifest(session, reference, request, url);
    if (known !== undefined) return known;
    const answer = await session.send(scope, { method: "GET", url, headers });
    if (!answer.response.ok) throw pullError(await session.refusal(answer), reference);
    const name = formatReference(reference);
    if (manifestKindOf(bareMediaType(answer.response.headers.get("content-type"))) === "schema1") {
      await discard(answer.response);
      throw schema1Error(name);
    }
    const claimed = claimedDigest(answer.response);
    const bytes = await readManifestBytes(answer.response);
    const { hasher } = this.#options;
    const digest = reference.digest ?? claimed ?? (await digestOf(bytes, hasher));
    await verifyManifest(bytes, digest, hasher);
    const mediaType = manifestMediaType(answer.response, bytes, name);
    return { descriptor: { mediaType, digest, size: bytes.length }, bytes, origin: originOf(answer, url) };
  }

  /** HEAD costs no pull at Docker Hub; when the caller has those bytes already, GET is not needed. */
  async #knownManifest(
    session: Session,
    reference: Reference,
    request: RegistryRequest,
    url: URL,
  ): Promise<ResolvedManifest | undefined> {
    if (request.known === undefined) return undefined;
    let digest = reference.digest;
    let origin = "content store";
    if (digest === undefined) {
      const headers = { accept: MANIFEST_ACCEPT };
      const answer = await session.send(pullScope(reference.path), { method: "HEAD", url, headers });
      await discard(answer.response);
      if (!answer.response.ok) return undefined; // GET will say why, with a body.
      digest = claimedDigest(answer.response);
      origin = originOf(answer, url);
    }
    const bytes = digest === undefined ? undefined : await request.known(digest);
    if (bytes === undefined || digest === undefined) return undefined;
    const { mediaType } = parseManifest(bytes, undefined, formatReference(reference));
    return { descriptor: { mediaType, digest, size: bytes.length }, bytes, origin };
  }

  async #openBlob(
    reference: Reference,
    descriptor: Descriptor,
    offset: number,
    request: RegistryRequest,
    onEnd: () => void,
  ): Promise<ByteStream> {
    const ask = await this.#blobAsker(reference, descriptor, request);
    // The first connection is made here, so that a missing blob fails the call and not the stream.
    let first: Response | undefined = offset < descriptor.size ? await ask(offset) : undefined;
    return blobStream({
      descriptor,
      offset,
      clock: this.#options.clock,
      random: () => this.#transport.random(),
      signal: request.signal,
      onEnd: () => {
        if (first !== undefined) void discard(first);
        first = undefined;
        onEnd();
      },
      ask: async (position) => {
        const response = first ?? (await ask(position));
        first = undefined;
        return response;
      },
    });
  }

  /** How to ask for the blob from a position: the first place that has it, then always that one. */
  async #blobAsker(
    reference: Reference,
    descriptor: Descriptor,
    request: RegistryRequest,
  ): Promise<(position: number) => Promise<Response>> {
    const isFromRegistry = this.#isFromRegistry.get(formatName(reference)) ?? false;
    const mirrors = isFromRegistry ? [] : [...this.#mirrors()];
    const session = await this.#session(reference, request);
    const failures: SlipwayError[] = [];
    return async (position) => {
      for (let mirror = mirrors[0]; mirror !== undefined; mirror = mirrors[0]) {
        try {
          const answer = await mirror.openBlob(descriptor, position, request.signal);
          if (answer !== undefined) return answer.response;
        } catch (thrown) {
          failures.push(recoverable(thrown));
        }
        mirrors.shift();
      }
      try {
        return await registryBlob(session, reference, descriptor, position);
      } catch (thrown) {
        throw withMirrorFailures(thrown, failures);
      }
    };
  }
}

async function registryBlob(
  session: Session,
  reference: Reference,
  descriptor: Descriptor,
  position: number,
): Promise<Response> {
  const url = session.url(`${reference.path}/blobs/${descriptor.digest}`);
  const headers = { "accept-encoding": "identity", ...rangeHeaders(position) };
  const answer = await session.send(pullScope(reference.path), { method: "GET", url, headers });
  if (answer.response.status === 200 || answer.response.status === 206) return answer.response;
  const refusal = await session.refusal(answer);
  if (refusal.status === 404) {
    throw fail("notFound", `unknown blob ${descriptor.digest}`, { data: { digest: descriptor.digest } });
  }
  throw refusal.code === "DENIED" ? pullError(refusal, reference) : errorOf(refusal);
}

/** dockerd names the URL it asked first when it has no password for it: HEAD for tags. */
function withManifestUrl(thrown: unknown, session: Session, reference: Reference): unknown {
  if (!isKind(thrown, "unauthorized") || thrown.message !== NO_BASIC_CREDENTIALS) return thrown;
  const url = session.url(`${reference.path}/manifests/${reference.digest ?? reference.tag ?? DEFAULT_TAG}`);
  const verb = reference.digest === undefined ? "Head" : "Get";
  return fail("unauthorized", `${verb} "${url.href}": ${thrown.message}`, { cause: thrown });
}

function originOf(answer: Answer, url: URL): string {
  return `${answer.way} ${url.host}`;
}

/** A mirror's failure is noted and the next place asked, unless it was the caller who gave up. */
function recoverable(thrown: unknown): SlipwayError {
  if (isKind(thrown, "cancelled")) throw thrown;
  return fail("unavailable", messageOf(thrown), { cause: thrown });
}

/** The registry's error, with what kept the mirrors from helping. */
function withMirrorFailures(thrown: unknown, failures: readonly SlipwayError[]): unknown {
  if (failures.length === 0 || isKind(thrown, "cancelled")) return thrown;
  const kind = thrown instanceof Error && "kind" in thrown ? (thrown as SlipwayError).kind : "system";
  const notes = failures.map(({ message }) => message).join("; ");
  return fail(kind, `${messageOf(thrown)} (${notes})`, { cause: thrown });
}

function anySignal(...signals: (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}
