/**
 * Whom the proxy speaks to. A host is listed with what it serves: a *registry* answers below /v2/, a
 * *token* server at its token path, and *blobs* are hosts that registries redirect to; those cannot be
 * asked by clients at all, only followed to. Patterns: `*` stands for a part of one name between dots.
 */

export interface AllowedHost {
  /** "ghcr.io", "registry.example:5000", "*.data.mcr.microsoft.com". */
  readonly host: string;
  readonly serves: readonly ("registry" | "token" | "blobs")[];
  /** Paths of token servers outside /v2/. */
  readonly tokenPaths?: readonly string[] | undefined;
  /** Plain http is allowed (test registries on loopback). */
  readonly insecure?: boolean | undefined;
  /** Its addresses may be private. */
  readonly isPrivateAllowed?: boolean | undefined;
}

/**
 * The public registries and where they send their clients, as observed until November 2026: Docker
 * Hub's two networks alternate, R2 was seen in 2025; registry.k8s.io answers from Artifact Registry
 * or S3 by the client's region; ECR Public from CloudFront.
 */
export const PUBLIC_REGISTRIES: readonly AllowedHost[] = [
  registry("registry-1.docker.io"),
  token("auth.docker.io", "/token"),
  blobs("production.cloudflare.docker.com"),
  blobs("production.cloudfront.docker.com"),
  blobs("docker-images-prod.*.r2.cloudflarestorage.com"),
  registry("ghcr.io", "/token"),
  blobs("pkg-containers.githubusercontent.com"),
  registry("quay.io"),
  blobs("cdn.quay.io"),
  blobs("cdn*.quay.io"),
  blobs("quayio-production-s3.s3.amazonaws.com"),
  registry("registry.k8s.io"),
  registry("*-docker.pkg.dev"),
  blobs("prod-registry-k8s-io-*.s3.dualstack.*.amazonaws.com"),
  registry("public.ecr.aws", "/token", "/token/"),
  blobs("*.cloudfront.net"),
  blobs("prod-*-starport-layer-bucket.s3.*.amazonaws.com"),
  registry("mcr.microsoft.com"),
  blobs("*.data.mcr.microsoft.com"),
  blobs("*.*.data.mcr.microsoft.com"),
  registry("gcr.io"),
  registry("*.gcr.io"),
  blobs("storage.googleapis.com"),
];

/** Where common registries keep their token servers: distribution's examples, Harbor, GitLab, Gitea. */
const USUAL_TOKEN_PATHS = ["/token", "/auth", "/auth/token", "/oauth2/token", "/service/token", "/jwt/auth"];
/** Where Artifact Registry takes uploads that began below /v2/. */
const UPLOAD_PREFIX = "/artifacts-uploads/";

/** The entry for a registry that an operator names: everything that one host may serve. */
export function configuredHost(
  host: string,
  permissions: { readonly insecure?: boolean; readonly isPrivateAllowed?: boolean } = {},
): AllowedHost {
  return { host, serves: ["registry", "token", "blobs"], tokenPaths: USUAL_TOKEN_PATHS, ...permissions };
}

export class AllowList {
  readonly #entries: readonly { readonly pattern: RegExp; readonly entry: AllowedHost }[];

  constructor(entries: readonly AllowedHost[]) {
    this.#entries = entries.map((entry) => ({ pattern: patternOf(entry.host), entry }));
  }

  /** The entry for `url`; undefined when the host, or plain http to it, is not allowed. */
  find(url: URL): AllowedHost | undefined {
    const isPlain = url.protocol === "http:";
    if (!isPlain && url.protocol !== "https:") return undefined;
    return this.#entries.find(
      ({ pattern, entry }) => pattern.test(url.host) && (!isPlain || entry.insecure === true),
    )?.entry;
  }

  /** The entry, when a client itself may ask for `url` with `method`. */
  findForClient(url: URL, method: string): AllowedHost | undefined {
    const entry = this.find(url);
    if (entry === undefined) return undefined;
    const { pathname } = url;
    if (entry.serves.includes("registry") && /^\/v2(\/|$)/.test(pathname)) return entry;
    if (entry.serves.includes("registry") && pathname.startsWith(UPLOAD_PREFIX)) return entry;
    const isTokenPath = entry.tokenPaths?.includes(pathname) === true && (method === "GET" || method === "POST");
    return entry.serves.includes("token") && isTokenPath ? entry : undefined;
  }
}

function registry(host: string, ...tokenPaths: string[]): AllowedHost {
  return tokenPaths.length === 0
    ? { host, serves: ["registry"] }
    : { host, serves: ["registry", "token"], tokenPaths };
}

function token(host: string, ...tokenPaths: string[]): AllowedHost {
  return { host, serves: ["token"], tokenPaths };
}

function blobs(host: string): AllowedHost {
  return { host, serves: ["blobs"] };
}

function patternOf(host: string): RegExp {
  const text = host.toLowerCase().replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[a-z0-9-]+");
  return new RegExp(`^${text}$`);
}
