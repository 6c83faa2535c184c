/**
 * The adapter for hash-wasm: streaming SHA-256 and SHA-512 where there is no node:crypto. The only
 * file that imports it.
 */
import { createSHA256, createSHA512 } from "hash-wasm";
import type { DigestAlgorithm, Hasher } from "./hasher.ts";

export async function createWasmHasher(algorithm: DigestAlgorithm): Promise<Hasher> {
  const hasher = await (algorithm === "sha256" ? createSHA256() : createSHA512());
  hasher.init();
  return {
    update(bytes): void {
      hasher.update(bytes);
    },
    digestHex: () => hasher.digest("hex"),
  };
}
