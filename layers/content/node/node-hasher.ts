/** The `HasherFactory` of Node: node:crypto, which uses the processor's SHA instructions. */
import { createHash } from "node:crypto";
import type { DigestAlgorithm, Hasher } from "../../oci/hasher.ts";

export async function createNodeHasher(algorithm: DigestAlgorithm): Promise<Hasher> {
  const hash = createHash(algorithm);
  return {
    update(bytes): void {
      hash.update(bytes);
    },
    digestHex: () => hash.digest("hex"),
  };
}
