/** In a worker of a browser: pulls one image with the distribution client and says what came. */
import { systemClock } from "../../layers/base/clock.ts";
import { messageOf } from "../../layers/base/errors.ts";
import { collectBytes } from "../../layers/base/streams.ts";
import type { ImageManifest } from "../../layers/oci/manifest.ts";
import { parseManifest } from "../../layers/oci/manifest.ts";
import { parseReference } from "../../layers/oci/reference.ts";
import { createWasmHasher } from "../../layers/oci/wasm-hasher.ts";
import { RegistryClient } from "../../layers/registry/client.ts";
import type { Credentials } from "../../layers/registry/registry.ts";
import type { RegistrySettings } from "../../layers/registry/settings.ts";
import { answer } from "../support/browser-worker.ts";

export interface PullInBrowser {
  readonly name: string;
  readonly settings: RegistrySettings;
  readonly credentials?: Credentials;
}

export interface PulledInBrowser {
  readonly digest: string;
  readonly origin: string;
  /** Digests of config and layers, computed here. */
  readonly blobs: readonly string[];
  readonly error: string;
}

answer(async ({ name, settings, credentials }: PullInBrowser): Promise<PulledInBrowser> => {
  const client = new RegistryClient({
    fetch: (input, init) => fetch(input, init),
    clock: systemClock,
    hasher: createWasmHasher,
    settings: () => settings,
  });
  const reference = parseReference(name);
  const request = { credentials };
  try {
    const found = await client.manifest(reference, request);
    const manifest = parseManifest(found.bytes, found.descriptor.mediaType, name) as ImageManifest;
    const blobs: string[] = [];
    for (const descriptor of [manifest.config, ...manifest.layers]) {
      const hash = await createWasmHasher("sha256");
      hash.update(await collectBytes(await client.blob(reference, descriptor, request).open(0), descriptor.size));
      blobs.push(`sha256:${hash.digestHex()}`);
    }
    return { digest: found.descriptor.digest, origin: found.origin, blobs, error: "" };
  } catch (thrown) {
    return { digest: "", origin: "", blobs: [], error: messageOf(thrown) };
  }
});
