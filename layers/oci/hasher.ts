/**
 * Streaming SHA-256 and SHA-512 as a dependency: wasm in the tab, node:crypto in Node, both behind
 * this contract, since crypto.subtle can only hash what is already whole.
 */

export interface Hasher {
  update(bytes: Uint8Array): void;
  /** Lower-case hexadecimal; the hasher is spent afterwards. */
  digestHex(): string;
}

export type DigestAlgorithm = "sha256" | "sha512";

export type HasherFactory = (algorithm: DigestAlgorithm) => Promise<Hasher>;
