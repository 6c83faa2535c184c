/**
 * The distribution client as the engine sees it (OCI distribution spec 1.1, Docker's token spec).
 * One `Registry` reads and writes many repositories; where requests go (static mirror, straight,
 * through the CORS proxy) and with which credentials is decided inside.
 *
 * Errors: `notFound` "manifest unknown", `unauthorized`, `forbidden` "requested access to the
 * resource is denied", `resourceExhausted` "toomanyrequests", `unavailable` for hosts out of reach,
 * `dataLoss` for bytes that do not match their digest. Messages are Docker's where it has them.
 */
import type { ByteStream } from "../base/streams.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Reference } from "../oci/reference.ts";

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** A refresh token, as `docker login` stores for some registries. */
  readonly identityToken?: string | undefined;
  /** A ready bearer token. */
  readonly registryToken?: string | undefined;
}

export interface RegistryRequest {
  /** Overrides the stored credentials for this operation (X-Registry-Auth). */
  readonly credentials?: Credentials | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * Manifests the caller holds already (verified), by digest. With it, a tag is resolved by HEAD first,
   * which Docker Hub does not count as a pull, and GET is spared when the bytes are here.
   */
  readonly known?: ((digest: string) => Promise<Uint8Array<ArrayBuffer> | undefined>) | undefined;
}

export interface ResolvedManifest {
  readonly descriptor: Descriptor;
  /** Exactly as served; its digest is verified. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where it came from, for messages: "mirror", "direct" or "proxy", and the host. */
  readonly origin: string;
}

export interface BlobSource {
  readonly descriptor: Descriptor;
  /** Bytes from `offset`; retries and resumes inside; not verified (the content store does that). */
  open(offset: number, signal?: AbortSignal): Promise<ByteStream>;
}

export interface Registry {
  /** Manifest or index under the reference's digest or tag. */
  manifest(reference: Reference, request?: RegistryRequest): Promise<ResolvedManifest>;
  blob(reference: Reference, descriptor: Descriptor, request?: RegistryRequest): BlobSource;
  /** Uploads unless the repository has it; tells which. */
  pushBlob(
    reference: Reference,
    descriptor: Descriptor,
    open: () => Promise<ByteStream>,
    request?: RegistryRequest & {
      readonly onProgress?: (sentBytes: number) => void;
      readonly mountFrom?: string;
    },
  ): Promise<"uploaded" | "exists" | "mounted">;
  pushManifest(
    reference: Reference,
    bytes: Uint8Array,
    mediaType: string,
    request?: RegistryRequest,
  ): Promise<Descriptor>;
  /** Checks credentials as `docker login` does; the status message and a token when the registry issues one. */
  login(
    registry: string,
    credentials: Credentials,
  ): Promise<{ readonly status: string; readonly identityToken: string }>;
}
