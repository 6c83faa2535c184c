/**
 * A static mirror: an OCI image layout on any web host. index.json names the images, blobs/ holds
 * them by digest, plain GETs are all it needs. A digest that the mirror lacks is not an error: the
 * next place is asked.
 */
import { SlipwayError, fail } from "../base/errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { HasherFactory } from "../oci/hasher.ts";
import { findInLayout, layoutBlobPath } from "../oci/layout.ts";
import type { ImageIndex } from "../oci/manifest.ts";
import { parseManifest } from "../oci/manifest.ts";
import type { Reference } from "../oci/reference.ts";
import { formatReference } from "../oci/reference.ts";
import { manifestMediaType, readLimited, readManifestBytes, verifyManifest } from "./manifest-bytes.ts";
import type { ResolvedManifest } from "./registry.ts";
import { errorOf, readRefusal } from "./registry-errors.ts";
import type { Answer, Transport } from "./transport.ts";
import { discard } from "./transport.ts";

/** Twenty thousand named images. */
const INDEX_SIZE_BYTES_MAX = 16 * 1024 * 1024;
/** A mirror is an addition: when it is slow to answer the registry is asked instead. */
const ATTEMPTS_MAX = 2;

export type KnownManifest = (digest: string) => Promise<Uint8Array<ArrayBuffer> | undefined>;

export class StaticMirror {
  readonly #base: string;
  readonly #transport: Transport;
  readonly #hasher: HasherFactory;

  constructor(base: string, transport: Transport, hasher: HasherFactory) {
    this.#base = base.endsWith("/") ? base : `${base}/`;
    this.#transport = transport;
    this.#hasher = hasher;
  }

  get name(): string {
    return `mirror ${this.#base}`;
  }

  /** The manifest of `reference`, or undefined when this mirror does not have the image. */
  async manifest(
    reference: Reference,
    request: { readonly signal: AbortSignal | undefined; readonly known: KnownManifest | undefined },
  ): Promise<ResolvedManifest | undefined> {
    const digest = reference.digest;
    const listed = digest === undefined ? await this.#listed(reference, request.signal) : undefined;
    const wanted = digest ?? listed?.digest;
    if (wanted === undefined) return undefined;
    const known = await request.known?.(wanted);
    const fetched = known === undefined ? await this.#fetchManifest(wanted, request.signal) : undefined;
    const bytes = known ?? fetched?.bytes;
    if (bytes === undefined) return undefined;
    const name = formatReference(reference);
    const mediaType = listed?.mediaType ?? fetched?.mediaType ?? parseManifest(bytes, undefined, name).mediaType;
    return { descriptor: { mediaType, digest: wanted, size: bytes.length }, bytes, origin: this.name };
  }

  /** The answer for the blob from `offset`, or undefined when this mirror does not have it. */
  async openBlob(descriptor: Descriptor, offset: number, signal: AbortSignal | undefined): Promise<Answer | undefined> {
    const answer = await this.#get(layoutBlobPath(descriptor.digest), signal, rangeHeaders(offset));
    if (answer === undefined || isPlausible(answer.response, descriptor)) return answer;
    await discard(answer.response);
    return undefined;
  }

  async #listed(reference: Reference, signal: AbortSignal | undefined): Promise<Descriptor | undefined> {
    const answer = await this.#get("index.json", signal);
    if (answer === undefined) throw fail("notFound", `${this.name} has no index.json`);
    const bytes = await readLimited(answer.response, INDEX_SIZE_BYTES_MAX);
    const index = parseManifest(bytes, undefined, this.name);
    if (index.kind !== "index") throw fail("invalidParameter", `${this.name}: index.json is not an index`);
    return findInLayout(index satisfies ImageIndex, reference);
  }

  async #fetchManifest(
    digest: string,
    signal: AbortSignal | undefined,
  ): Promise<{ bytes: Uint8Array<ArrayBuffer>; mediaType: string } | undefined> {
    const answer = await this.#get(layoutBlobPath(digest), signal);
    if (answer === undefined) return undefined;
    const bytes = await readManifestBytes(answer.response);
    await verifyManifest(bytes, digest, this.#hasher);
    return { bytes, mediaType: manifestMediaType(answer.response, bytes, digest) };
  }

  async #get(
    path: string,
    signal: AbortSignal | undefined,
    headers: Record<string, string> = {},
  ): Promise<Answer | undefined> {
    const url = new URL(path, this.#base);
    const answer = await this.#transport.send({
      method: "GET", url, headers, signal, isDirectOnly: true, attemptsMax: ATTEMPTS_MAX,
    });
    const { status } = answer.response;
    if (status === 200 || status === 206) return answer;
    if (status === 404 || status === 403) {
      await discard(answer.response);
      return undefined;
    }
    const refusal = await readRefusal(answer.response);
    throw new SlipwayError(errorOf(refusal).kind, `${this.name}: ${refusal.text}`);
  }
}

/** Hosts of single-page apps answer what they lack with their start page and 200. */
function isPlausible(response: Response, descriptor: Descriptor): boolean {
  if (response.status === 206 || response.headers.has("content-encoding")) return true;
  const length = response.headers.get("content-length");
  return length === null || Number(length) === descriptor.size;
}

/** The Range header for the rest of a blob; a CORS-safelisted one, so it causes no preflight. */
export function rangeHeaders(offset: number): Record<string, string> {
  return offset === 0 ? {} : { range: `bytes=${offset}-` };
}
