/** skopeo as second opinion: what we push it can copy, what it pushes we pull. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { collectBytes } from "../../layers/base/streams.ts";
import { parseImageConfig } from "../../layers/oci/image-config.ts";
import type { ImageManifest } from "../../layers/oci/manifest.ts";
import { chooseManifest, parseManifest } from "../../layers/oci/manifest.ts";
import { DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from "../../layers/oci/media-types.ts";
import { parsePlatform } from "../../layers/oci/platform.ts";
import { parseReference, withDigest } from "../../layers/oci/reference.ts";
import { testClient } from "../support/registry-client.ts";
import { pushImage, sha256, testImage } from "../support/registry-images.ts";
import type { RegistryServer } from "../support/registry-server.ts";
import { PASSWORD, USERNAME, hasProgram, hasRegistry, startRegistry } from "../support/registry-server.ts";

const run = promisify(execFile);
const skopeo = (...args: string[]) => run("skopeo", ["--insecure-policy", ...args]);
const ann = async () => ({ username: USERNAME, password: PASSWORD });
const asAnn = (side: string): string[] => [
  `--${side}creds`,
  `${USERNAME}:${PASSWORD}`,
  `--${side}tls-verify=false`,
];

describe.skipIf(!hasRegistry || !hasProgram("skopeo"))(
  "with skopeo (needs docker-registry and skopeo)",
  () => {
    let server: RegistryServer;
    let folder: string;
    beforeAll(async () => {
      server = await startRegistry({ auth: "token" });
      folder = mkdtempSync(join(tmpdir(), "slipway-skopeo-"));
    });
    afterAll(async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    test.each(["docker", "oci"] as const)(
      "a %s image that we push, skopeo copies bit for bit",
      async (dialect) => {
        const image = testImage({ seed: 20, layerBytes: [9_000_000, 77], dialect });
        const reference = parseReference(`${server.domain}/by-us/${dialect}:1`);
        await pushImage(testClient({}, { credentials: ann }), reference, image);
        const target = join(folder, `copied-${dialect}`);
        await skopeo(
          "copy",
          ...asAnn("src-"),
          `docker://${server.domain}/by-us/${dialect}:1`,
          `dir:${target}`,
        );
        expect(sha256(readFileSync(join(target, "manifest.json")))).toBe(image.descriptor.digest);
        for (const { descriptor } of image.blobs) {
          expect(sha256(readFileSync(join(target, descriptor.digest.replace("sha256:", ""))))).toBe(
            descriptor.digest,
          );
        }
        const { stdout } = await skopeo(
          "inspect",
          ...asAnn(""),
          `docker://${server.domain}/by-us/${dialect}:1`,
        );
        expect(JSON.parse(stdout)).toMatchObject({
          Digest: image.descriptor.digest,
          Os: "linux",
          Architecture: "amd64",
        });
      },
    );

    test.each([
      ["v2s2", DOCKER_MANIFEST],
      ["oci", OCI_MANIFEST],
    ])("an image that skopeo pushes as %s, we pull", async (format, mediaType) => {
      const source = writeLayout(
        join(folder, `layout-${format}`),
        testImage({ seed: 21, layerBytes: [123_456] }),
      );
      const name = `by-skopeo/${format}`;
      await skopeo(
        "copy",
        "--format",
        format,
        ...asAnn("dest-"),
        `oci:${source}:x`,
        `docker://${server.domain}/${name}:1`,
      );
      const client = testClient({}, { credentials: ann });
      const reference = parseReference(`${server.domain}/${name}:1`);
      const found = await client.manifest(reference);
      expect(found.descriptor.mediaType).toBe(mediaType);
      const manifest = parseManifest(found.bytes, found.descriptor.mediaType, name) as ImageManifest;
      const config = await collectBytes(
        await client.blob(reference, manifest.config).open(0),
        manifest.config.size,
      );
      expect(parseImageConfig(config).diffIds).toHaveLength(1);
      for (const layer of manifest.layers) {
        expect(sha256(await collectBytes(await client.blob(reference, layer).open(0), layer.size))).toBe(
          layer.digest,
        );
      }
    });

    test("from an index that we push, skopeo and we choose the same platform", async () => {
      const client = testClient({}, { credentials: ann });
      const linux = testImage({ seed: 30, layerBytes: [10] });
      const wasi = testImage({ seed: 31, layerBytes: [20] });
      const reference = parseReference(`${server.domain}/multi:1`);
      for (const image of [linux, wasi]) {
        await pushImage(client, withDigest({ ...reference, tag: undefined }, image.descriptor.digest), image);
      }
      const index = {
        schemaVersion: 2,
        mediaType: OCI_INDEX,
        manifests: [
          { ...wasi.descriptor, platform: { os: "wasi", architecture: "wasm" } },
          { ...linux.descriptor, platform: { os: "linux", architecture: "amd64" } },
        ],
      };
      await client.pushManifest(reference, new Uint8Array(Buffer.from(JSON.stringify(index))), OCI_INDEX);
      const parsed = parseManifest((await client.manifest(reference)).bytes, OCI_INDEX, "multi");
      if (parsed.kind !== "index") throw new Error("expected an index");
      expect(chooseManifest(parsed, undefined).digest).toBe(linux.descriptor.digest);
      for (const [platform, os, arch] of [
        ["linux/amd64", "linux", "amd64"],
        ["wasi/wasm", "wasi", "wasm"],
      ] as const) {
        const target = join(folder, `chosen-${os}`);
        await skopeo(
          "--override-os",
          os,
          "--override-arch",
          arch,
          "copy",
          ...asAnn("src-"),
          `docker://${server.domain}/multi:1`,
          `dir:${target}`,
        );
        const chosen = chooseManifest(parsed, parsePlatform(platform)).digest;
        expect(sha256(readFileSync(join(target, "manifest.json")))).toBe(chosen);
      }
    });
  },
);

/** An OCI layout with one image named x. Its layer is no tar, which skopeo does not look at. */
function writeLayout(folder: string, image: ReturnType<typeof testImage>): string {
  mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
  const files = [{ digest: image.descriptor.digest, bytes: image.manifest }];
  for (const { descriptor, bytes } of image.blobs) files.push({ digest: descriptor.digest, bytes });
  for (const { digest, bytes } of files)
    writeFileSync(join(folder, "blobs", digest.replace(":", "/")), bytes);
  const annotations = { "org.opencontainers.image.ref.name": "x" };
  writeFileSync(
    join(folder, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...image.descriptor, annotations }] }),
  );
  writeFileSync(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  return folder;
}
