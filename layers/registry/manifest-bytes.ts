/**
 * Reading a manifest from an answer: bounded, and never believed without its digest. A reference by
 * digest names it; a tag's digest is what the registry says in Docker-Content-Digest, when a page may
 * read that header, and otherwise what the bytes give.
 */
import { fail } from "../base/errors.ts";
import { collectBytes } from "../base/streams.ts";
import { isDigest, parseDigest } from "../oci/digest.ts";
import type { HasherFactory } from "../oci/hasher.ts";
import { MANIFEST_SIZE_BYTES_MAX, parseManifest } from "../oci/manifest.ts";
import { bareMediaType, manifestKindOf } from "../oci/media-types.ts";

export async function readLimited(response: Response, sizeBytesMax: number): Promise<Uint8Array<ArrayBuffer>> {
  if (response.body === null) return new Uint8Array(0);
  return await collectBytes(response.body, sizeBytesMax);
}

export async function readManifestBytes(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  return await readLimited(response, MANIFEST_SIZE_BYTES_MAX);
}

/** The digest of `bytes`, with the algorithm of `like` (sha256 without one). */
export async function digestOf(bytes: Uint8Array, hasher: HasherFactory, like?: string): Promise<string> {
  const algorithm = like === undefined ? "sha256" : parseDigest(like).algorithm;
  const hash = await hasher(algorithm);
  hash.update(bytes);
  return `${algorithm}:${hash.digestHex()}`;
}

/** @throws SlipwayError `dataLoss` in distribution's words when `bytes` are not what `digest` names. */
export async function verifyManifest(bytes: Uint8Array, digest: string, hasher: HasherFactory): Promise<void> {
  if ((await digestOf(bytes, hasher, digest)) === digest) return;
  throw fail("dataLoss", `manifest verification failed for digest ${digest}`);
}

/** The digest a registry claims; undefined when it claims none that we can verify. */
export function claimedDigest(response: Response): string | undefined {
  const header = response.headers.get("docker-content-digest");
  return header !== null && isDigest(header) ? header : undefined;
}

/** The media type of an answer; static hosts serve generic ones, then the document says it. */
export function manifestMediaType(response: Response, bytes: Uint8Array, name: string): string {
  const type = bareMediaType(response.headers.get("content-type"));
  return manifestKindOf(type) === undefined ? parseManifest(bytes, undefined, name).mediaType : type;
}
