/**
 * The CORS proxy in Node, as `slipway serve` mounts it: the same handler as on an edge runtime, with
 * connections that go only where DNS was looked at, and the shared cache on disk.
 */
import { createHash } from "node:crypto";
import type { CorsProxyOptions } from "../cors-proxy.ts";
import { createCorsProxy } from "../cors-proxy.ts";
import { DiskCache } from "./disk-cache.ts";
import { createVettedUpstream } from "./vetted-fetch.ts";

/** Enough for the twenty images of common tutorials. */
const CACHE_BYTES_DEFAULT = 4 * 1024 ** 3;

export interface NodeProxyOptions extends Omit<CorsProxyOptions, "cache" | "upstream" | "resolve"> {
  /** Where the cache lives; without one nothing is cached. */
  readonly cacheFolder?: string | undefined;
  readonly cacheBytesMax?: number | undefined;
}

/** `basePath` is "/proxy/" unless told otherwise. */
export function createNodeProxy(
  options: NodeProxyOptions = {},
): (request: Request, client: { readonly address: string }) => Promise<Response> {
  const { cacheFolder, cacheBytesMax = CACHE_BYTES_DEFAULT, ...rest } = options;
  return createCorsProxy({
    basePath: "/proxy/",
    ...rest,
    upstream: createVettedUpstream(),
    ...(cacheFolder === undefined
      ? {}
      : { cache: { store: new DiskCache(cacheFolder, cacheBytesMax), hash: createSha256 } }),
  });
}

async function createSha256(): Promise<{ update(bytes: Uint8Array): void; digestHex(): string }> {
  const hash = createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), digestHex: () => hash.digest("hex") };
}
