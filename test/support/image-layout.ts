/**
 * An OCI image layout in memory that plays a static mirror: images from files, and faults on request.
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { concatBytes, encodeUtf8 } from "../../layers/base/bytes.ts";
import type { Descriptor } from "../../layers/oci/descriptor.ts";
import { IMAGE_NAME_ANNOTATION } from "../../layers/oci/layout.ts";
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST } from "../../layers/oci/media-types.ts";
import { formatReference, parseReference, withDefaultTag } from "../../layers/oci/reference.ts";
import { END_OF_ARCHIVE, bodyPaddingOf, writeHeader } from "../../layers/tar/writer.ts";

type Bytes = Uint8Array<ArrayBuffer>;

export interface LayoutImageInit {
  /** One object of path → content per layer, lowest first. */
  readonly layers: readonly Readonly<Record<string, string | Uint8Array>>[];
  readonly config?: object;
  readonly platform?: string;
  readonly created?: string;
}

export interface BuiltImage {
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly diffIDs: readonly string[];
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** A layer tar with these files. */
export function layerTar(files: Readonly<Record<string, string | Uint8Array>>): Bytes {
  const parts: Uint8Array[] = [];
  for (const [name, content] of Object.entries(files)) {
    const bytes = typeof content === "string" ? encodeUtf8(content) : content;
    const header = {
      name, type: "file" as const, mode: 0o755, uid: 0, gid: 0, userName: "", groupName: "", sizeBytes: bytes.length,
      mtimeNs: 0n, atimeNs: undefined, ctimeNs: undefined, linkName: "", rdev: { major: 0, minor: 0 },
      xattrs: new Map<string, Uint8Array>(), extents: undefined,
    };
    parts.push(writeHeader(header), bytes, bodyPaddingOf(header));
  }
  parts.push(END_OF_ARCHIVE);
  return concatBytes(parts);
}

export class ImageLayout {
  readonly blobs = new Map<string, Bytes>();
  readonly #named = new Map<string, Descriptor>();
  /** Called before each answer; may wait, or replace the answer. */
  intercept: ((digest: string, bytes: Bytes) => Promise<Response | undefined> | Response | undefined) | undefined;
  /** Blobs asked for, in order. */
  readonly asked: string[] = [];

  put(bytes: Bytes, mediaType: string, extra: Partial<Descriptor> = {}): Descriptor {
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length, ...extra };
  }

  build(init: LayoutImageInit): BuiltImage {
    const tars = init.layers.map(layerTar);
    const diffIDs = tars.map(digestOf);
    const layers = tars.map((tar) => this.put(new Uint8Array(gzipSync(tar)), OCI_LAYER_GZIP));
    const [os = "linux", architecture = "amd64"] = (init.platform ?? "linux/amd64").split("/");
    const config = this.put(
      json({
        created: init.created ?? "2026-01-02T03:04:05.678Z",
        os,
        architecture,
        config: init.config ?? { Cmd: ["true"], Env: ["PATH=/bin"] },
        rootfs: { type: "layers", diff_ids: diffIDs },
        history: [
          ...layers.map((_layer, index) => ({ created: "2026-01-02T03:04:05Z", created_by: `ADD layer ${index}` })),
          { created: "2026-01-02T03:04:06Z", created_by: "CMD", empty_layer: true },
        ],
      }),
      OCI_CONFIG,
    );
    const manifest = this.put(json({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers }), OCI_MANIFEST, {
      platform: { os, architecture },
    });
    return { manifest, config, layers, diffIDs };
  }

  /** An index of several platforms under one digest. */
  buildIndex(manifests: readonly Descriptor[]): Descriptor {
    return this.put(json({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }), OCI_INDEX);
  }

  name(name: string, descriptor: Descriptor): void {
    this.#named.set(formatReference(withDefaultTag(parseReference(name))), descriptor);
  }

  /** The mirror's side of fetch; everything is below one base URL. */
  readonly fetch = async (input: string, init?: RequestInit): Promise<Response> => {
    const path = new URL(input).pathname;
    if (path.endsWith("/oci-layout")) return Response.json({ imageLayoutVersion: "1.0.0" });
    if (path.endsWith("/index.json")) return Response.json(this.#index());
    const match = /\/blobs\/(sha256)\/([0-9a-f]{64})$/.exec(path);
    const digest = `${match?.[1] ?? ""}:${match?.[2] ?? ""}`;
    const bytes = this.blobs.get(digest);
    if (bytes === undefined) return new Response("not found", { status: 404 });
    this.asked.push(digest);
    const answer = await this.intercept?.(digest, bytes);
    if (answer !== undefined) return answer;
    const range = /^bytes=(\d+)-/.exec(new Headers(init?.headers).get("range") ?? "");
    if (range === null) return new Response(bytes);
    const start = Number(range[1]);
    const headers = { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
    return new Response(bytes.slice(start), { status: 206, headers });
  };

  #index(): object {
    const manifests = [...this.#named].map(([name, descriptor]) => ({
      ...descriptor,
      annotations: { [IMAGE_NAME_ANNOTATION]: name },
    }));
    return { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
  }
}

export function json(value: unknown): Bytes {
  return encodeUtf8(JSON.stringify(value));
}
