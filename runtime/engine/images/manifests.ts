/** Manifests in the content store: what push sends again and what spares the next pull a download. */
import { isKind } from "../../../layers/base/errors.ts";
import { MANIFEST_SIZE_BYTES_MAX } from "../../../layers/oci/manifest.ts";
import type { ResolvedManifest } from "../../../layers/registry/registry.ts";
import type { EngineContext } from "../context.ts";

export async function knownManifest(
  context: EngineContext,
  digest: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    if ((await context.content.info(digest)) === undefined) return undefined;
    return await context.content.readAll(digest, MANIFEST_SIZE_BYTES_MAX);
  } catch (thrown) {
    if (isKind(thrown, "notFound")) return undefined; // Removed in this very moment.
    throw thrown;
  }
}

export async function keepManifest(context: EngineContext, manifest: ResolvedManifest): Promise<void> {
  const { digest } = manifest.descriptor;
  const ingest = await context.content.ingest({ digest, sizeBytes: manifest.bytes.length });
  if (ingest === undefined) return;
  await ingest.write(manifest.bytes.subarray(ingest.offset));
  await ingest.commit();
}
