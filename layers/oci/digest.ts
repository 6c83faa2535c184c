/**
 * Digests (OCI image spec, descriptor.md#digests): `algorithm:encoded`. Only the two algorithms the
 * specification registers are accepted, and only in the lower-case hexadecimal form it demands, so
 * that a digest that was parsed is safe as a key and as a part of a file name.
 */
import { fail } from "../base/errors.ts";
import type { DigestAlgorithm } from "./hasher.ts";

export interface Digest {
  readonly algorithm: DigestAlgorithm;
  /** Lower-case hexadecimal. */
  readonly hex: string;
}

const HEX_LENGTHS: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha512: 128 };

/** The grammar of the specification: what is well formed, whether or not we know the algorithm. */
const DIGEST = /^([a-z0-9]+(?:[+._-][a-z0-9]+)*):([a-zA-Z0-9=_-]+)$/;

/**
 * The parts of `text`.
 * @throws SlipwayError `invalidParameter`, in the words of Docker's go-digest.
 */
export function parseDigest(text: string): Digest {
  const match = DIGEST.exec(text);
  const [, algorithm, hex] = match ?? [];
  if (algorithm === undefined || hex === undefined) {
    throw fail("invalidParameter", "invalid checksum digest format");
  }
  if (algorithm !== "sha256" && algorithm !== "sha512") {
    throw fail("invalidParameter", "unsupported digest algorithm");
  }
  if (hex.length !== HEX_LENGTHS[algorithm]) {
    throw fail("invalidParameter", "invalid checksum digest length");
  }
  if (!/^[0-9a-f]+$/.test(hex)) throw fail("invalidParameter", "invalid checksum digest format");
  return { algorithm, hex };
}

/** Whether `text` is a digest this program can verify. */
export function isDigest(text: string): boolean {
  const separator = text.indexOf(":");
  const algorithm = text.slice(0, separator);
  if (algorithm !== "sha256" && algorithm !== "sha512") return false;
  const hex = text.slice(separator + 1);
  return hex.length === HEX_LENGTHS[algorithm] && /^[0-9a-f]+$/.test(hex);
}

export function formatDigest(digest: Digest): string {
  return `${digest.algorithm}:${digest.hex}`;
}
