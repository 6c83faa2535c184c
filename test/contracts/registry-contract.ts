/**
 * The contract of `Registry`, run for every way to reach one: straight, through the CORS proxy, and
 * (its reading part) from a static mirror. An implementation hands in a client and tells what is there.
 */
import { expect, test } from "vitest";
import { collectBytes, streamOf } from "../../layers/base/streams.ts";
import { DOCKER_MANIFEST, OCI_INDEX } from "../../layers/oci/media-types.ts";
import { familiarString, parseReference, withDigest, withTag } from "../../layers/oci/reference.ts";
import type { Registry } from "../../layers/registry/registry.ts";
import type { TestImage } from "../support/registry-images.ts";
import { pushImage, sha256, testImage } from "../support/registry-images.ts";

export interface RegistryUnderTest {
  readonly registry: Registry;
  /** "127.0.0.1:5000". */
  readonly domain: string;
}

/** Image that reading suites expect as `<domain>/public/app:1`. */
export const APP: TestImage = testImage({ seed: 1, layerBytes: [100_000, 3_000_000, 10] });

const WHOLE = 64 * 1024 * 1024;

/** `under` is asked inside each test, since servers start in beforeAll. */
export function registryReadContract(under: () => RegistryUnderTest): void {
  const app = () => parseReference(`${under().domain}/public/app:1`);

  test("a manifest by tag comes with its digest, media type and exact bytes", async () => {
    const found = await under().registry.manifest(app());
    expect(found.descriptor).toEqual(APP.descriptor);
    expect(found.bytes).toEqual(APP.manifest);
  });

  test("a manifest by digest is the same", async () => {
    const reference = { ...app(), tag: undefined, digest: APP.descriptor.digest };
    const found = await under().registry.manifest(reference);
    expect(found.descriptor).toEqual(APP.descriptor);
  });

  test("every blob comes whole, and from an offset its rest", async () => {
    for (const { descriptor, bytes } of APP.blobs) {
      const source = under().registry.blob(app(), descriptor);
      expect(sha256(await collectBytes(await source.open(0), WHOLE))).toBe(descriptor.digest);
      const offset = Math.floor(bytes.length / 3);
      // Digests, since comparing millions of bytes one by one takes seconds.
      const rest = await collectBytes(await source.open(offset), WHOLE);
      expect(sha256(rest)).toBe(sha256(bytes.subarray(offset)));
      expect(await collectBytes(await source.open(bytes.length), WHOLE)).toEqual(new Uint8Array(0));
    }
  });

  test("a tag that is not there is notFound in Docker's words", async () => {
    const reference = withTag(app(), "nope");
    await expect(under().registry.manifest(reference)).rejects.toMatchObject({
      kind: "notFound",
      message: `manifest for ${familiarString(reference)} not found: manifest unknown: manifest unknown`,
    });
  });

  test("a blob that is not there is notFound", async () => {
    const descriptor = { mediaType: "x", digest: sha256(new Uint8Array([1])), size: 1 };
    const opening = under().registry.blob(app(), descriptor).open(0);
    await expect(opening).rejects.toMatchObject({
      kind: "notFound",
      message: `unknown blob ${descriptor.digest}`,
    });
  });

  test("an aborted request is cancelled", async () => {
    const signal = AbortSignal.abort();
    await expect(under().registry.manifest(app(), { signal })).rejects.toMatchObject({ kind: "cancelled" });
    const stopping = new AbortController();
    const [, , layer] = APP.blobs;
    if (layer === undefined) throw new Error("no layer");
    const stream = await under().registry.blob(app(), layer.descriptor).open(0, stopping.signal);
    stopping.abort();
    await expect(collectBytes(stream, WHOLE)).rejects.toMatchObject({ kind: "cancelled" });
  });
}

export function registryContract(under: () => RegistryUnderTest): void {
  registryReadContract(under);

  test("what is pushed can be pulled, by tag and by digest", async () => {
    const { registry, domain } = under();
    const image = testImage({ seed: 2, layerBytes: [5000], dialect: "docker" });
    const reference = parseReference(`${domain}/public/pushed:v1`);
    await pushImage(registry, reference, image);
    const found = await registry.manifest(reference);
    expect(found.descriptor).toEqual({ ...image.descriptor, mediaType: DOCKER_MANIFEST });
    const byDigest = await registry.manifest(withDigest(reference, image.descriptor.digest));
    expect(byDigest.bytes).toEqual(image.manifest);
  });

  test("a blob in several pieces arrives whole and reports progress", async () => {
    const { registry, domain } = under();
    const image = testImage({ seed: 3, layerBytes: [20_000_000] });
    const layer = image.blobs[1];
    if (layer === undefined) throw new Error("no layer");
    const reference = parseReference(`${domain}/public/large:1`);
    const progress: number[] = [];
    const pieces = [0, 1, 2, 3].map((part) => layer.bytes.subarray(part * 5_000_000, (part + 1) * 5_000_000));
    const open = async () => streamOf(...pieces);
    const outcome = await registry.pushBlob(reference, layer.descriptor, open, {
      onProgress: (sent) => progress.push(sent),
    });
    expect(outcome).toBe("uploaded");
    expect(progress.length).toBeGreaterThanOrEqual(3);
    expect(progress.at(-1)).toBe(20_000_000);
    expect(await registry.pushBlob(reference, layer.descriptor, open)).toBe("exists");
    const stream = await registry.blob(reference, layer.descriptor).open(0);
    expect(sha256(await collectBytes(stream, WHOLE))).toBe(layer.descriptor.digest);
  });

  test("a blob of another repository is mounted, not sent", async () => {
    const { registry, domain } = under();
    const [, layer] = APP.blobs;
    if (layer === undefined) throw new Error("no layer");
    const reference = parseReference(`${domain}/public/mounted:1`);
    const open = async () => {
      throw new Error("must not be read");
    };
    expect(await registry.pushBlob(reference, layer.descriptor, open, { mountFrom: "public/app" })).toBe(
      "mounted",
    );
  });

  test("an index is pushed and pulled with its own media type", async () => {
    const { registry, domain } = under();
    const index = new Uint8Array(
      Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: OCI_INDEX,
          manifests: [{ ...APP.descriptor, platform: { os: "linux", architecture: "amd64" } }],
        }),
      ),
    );
    const reference = parseReference(`${domain}/public/app:multi`);
    const pushed = await registry.pushManifest(reference, index, OCI_INDEX);
    expect(pushed).toEqual({ mediaType: OCI_INDEX, digest: sha256(index), size: index.length });
    expect((await registry.manifest(reference)).descriptor).toEqual(pushed);
  });

  test("bytes that are not what the descriptor says are refused", async () => {
    const { registry, domain } = under();
    const reference = parseReference(`${domain}/public/wrong:1`);
    const descriptor = { mediaType: "x", digest: sha256(new Uint8Array([1, 2])), size: 2 };
    const tooLong = registry.pushBlob(reference, descriptor, async () => streamOf(new Uint8Array(3)));
    await expect(tooLong).rejects.toMatchObject({ kind: "dataLoss" });
    const wrong = registry.pushBlob(reference, descriptor, async () => streamOf(new Uint8Array(2)));
    await expect(wrong).rejects.toMatchObject({ kind: "invalidParameter", message: /digest/ });
  });

  test("a manifest with missing blobs is refused", async () => {
    const { registry, domain } = under();
    const image = testImage({ seed: 9, layerBytes: [100] });
    const reference = parseReference(`${domain}/public/missing:1`);
    await expect(
      registry.pushManifest(reference, image.manifest, image.descriptor.mediaType),
    ).rejects.toMatchObject({
      kind: "invalidParameter",
      message: /^manifest blob unknown: /,
    });
  });
}
