/** The CORS proxy before a real registry and hostile upstreams: what it lets through, and what not. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { collectBytes } from "../../layers/base/streams.ts";
import { configuredHost } from "../../layers/cors-proxy/allow-list.ts";
import type { ProxyCache } from "../../layers/cors-proxy/cache.ts";
import { MemoryCache } from "../../layers/cors-proxy/cache.ts";
import { createCorsProxy } from "../../layers/cors-proxy/cors-proxy.ts";
import { DiskCache } from "../../layers/cors-proxy/node/disk-cache.ts";
import type { NodeProxyOptions } from "../../layers/cors-proxy/node/server.ts";
import { createNodeProxy } from "../../layers/cors-proxy/node/server.ts";
import { createVettedUpstream } from "../../layers/cors-proxy/node/vetted-fetch.ts";
import { createNodeHasher } from "../../layers/content/node/node-hasher.ts";
import { parseReference } from "../../layers/oci/reference.ts";
import type { FaultServer } from "../support/fault-server.ts";
import { startFaultServer } from "../support/fault-server.ts";
import { testClient } from "../support/registry-client.ts";
import { noise, pushImage, sha256, testImage } from "../support/registry-images.ts";
import type { RegistryServer } from "../support/registry-server.ts";
import { PASSWORD, USERNAME, hasRegistry, startRegistry } from "../support/registry-server.ts";

const image = testImage({ seed: 8, layerBytes: [400_000] });
const layer = image.blobs[1] ?? never();
const client = { address: "203.0.113.9" };
const local = { insecure: true, isPrivateAllowed: true };
const ann = { username: USERNAME, password: PASSWORD };
const folders: string[] = [];

function never(): never {
  throw new Error("no layer");
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "slipway-cors-proxy-"));
  folders.push(folder);
  return folder;
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const ask = (url: string, init?: RequestInit): Request =>
  new Request(`https://page.example/proxy/${url}`, init);
const bodyOf = async (response: Response): Promise<Uint8Array> =>
  response.body === null ? new Uint8Array(0) : await collectBytes(response.body, 64 * 1024 * 1024);

describe("without a registry", () => {
  const proxy = createNodeProxy();

  test("a preflight is answered by the proxy itself", async () => {
    const response = await proxy(
      ask("https/ghcr.io/v2/", { method: "OPTIONS", headers: { origin: "https://page.example" } }),
      client,
    );
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("access-control-allow-headers")).toContain("authorization");
    expect(response.headers.get("access-control-allow-methods")).toContain("PATCH");
  });

  test.each([
    ["https/evil.example/v2/", "GET", 403, /not on this proxy's list/],
    ["https/ghcr.io.evil.example/v2/", "GET", 403, /not on this proxy's list/],
    ["https/ghcr.io%2Fv2/", "GET", 404, /the path must be/],
    ["https/evil.example%23ghcr.io/v2/", "GET", 404, /the path must be/],
    ["https/user@ghcr.io/v2/", "GET", 404, /the path must be/],
    ["http/ghcr.io/v2/", "GET", 403, /not on this proxy's list/],
    ["https/ghcr.io:8443/v2/", "GET", 403, /not on this proxy's list/],
    ["ftp/ghcr.io/v2/", "GET", 404, /the path must be/],
    ["https/ghcr.io/settings", "GET", 403, /not a request that registries answer/],
    ["https/ghcr.io/v2/../settings", "GET", 403, /not a request that registries answer/],
    ["https/ghcr.io/v2/%2e%2e/settings", "GET", 403, /not a request that registries answer/],
    ["https/ghcr.io/v2x", "GET", 403, /not a request that registries answer/],
    ["https/auth.docker.io/v2/", "GET", 403, /not a request that registries answer/],
    ["https/auth.docker.io/token", "PUT", 403, /not a request that registries answer/],
    ["https/production.cloudflare.docker.com/v2/x", "GET", 403, /not a request that registries answer/],
    ["https/ghcr.io/v2/a/manifests/1", "DELETE", 405, /method DELETE/],
    ["https/169.254.169.254/v2/", "GET", 403, /not on this proxy's list/],
    ["", "GET", 404, /the path must be/],
  ])("%s %s is refused", async (path, method, status, message) => {
    const response = await proxy(ask(path, { method }), client);
    expect({ status: response.status, message: response.headers.get("slipway-proxy-error") }).toEqual({
      status,
      message: expect.stringMatching(message),
    });
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
  });

  test("pages of other origins are refused when it is for some only", async () => {
    const choosy = createNodeProxy({ origins: ["https://page.example"] });
    const from = (headers: Record<string, string>) =>
      choosy(ask("https/ghcr.io/v2/", { method: "OPTIONS", headers }), client);
    expect((await from({ origin: "https://page.example" })).status).toBe(204);
    expect((await from({ origin: "https://page.example" })).headers.get("vary")).toBe("origin");
    expect((await from({ origin: "https://evil.example" })).status).toBe(403);
    expect((await from({})).status).toBe(403);
  });
});

describe("private networks", () => {
  let inside: FaultServer;
  beforeAll(async () => {
    inside = await startFaultServer(new Map([["/v2/", new Uint8Array([111])]]));
  });
  afterAll(() => inside.stop());

  test("an address of one is refused, though listed, unless permitted", async () => {
    const port = inside.domain.split(":")[1] ?? "";
    for (const host of [inside.domain, `[::1]:${port}`, `[::ffff:127.0.0.1]:${port}`]) {
      const listed = new URL(`http://${host}`).host;
      const proxy = createNodeProxy({ allow: [configuredHost(listed, { insecure: true })] });
      const response = await proxy(ask(`http/${host}/v2/`), client);
      expect([host, response.status]).toEqual([host, 403]);
    }
    const open = createNodeProxy({ allow: [configuredHost(inside.domain, local)] });
    expect((await open(ask(`http/${inside.domain}/v2/`), client)).status).toBe(200);
    expect(inside.seen).toHaveLength(1);
  });

  test("a name that resolves to one is refused, and what was looked at is what is connected to", async () => {
    const host = `registry.example:${inside.domain.split(":")[1] ?? ""}`;
    const allow = [configuredHost(host, { insecure: true })];
    let lookups = 0;
    // A name that was public when looked at and is private a moment later.
    const rebinding = createVettedUpstream(async () => [
      { address: lookups++ === 0 ? "203.0.114.1" : "127.0.0.1", family: 4 },
    ]);
    const proxy = createCorsProxy({
      basePath: "/proxy/",
      allow,
      upstream: rebinding,
      limits: { headersMs: 300 },
    });
    const before = inside.seen.length;
    const first = await proxy(ask(`http/${host}/v2/`));
    expect(first.status).toBeGreaterThanOrEqual(502);
    expect(lookups).toBe(1);
    const second = await proxy(ask(`http/${host}/v2/`));
    expect([second.status, second.headers.get("slipway-proxy-error")]).toEqual([
      403,
      "registry.example resolves to a private address",
    ]);
    expect(inside.seen.length).toBe(before);
  });

  test("an edge runtime's resolver is asked before its fetch", async () => {
    const proxy = createCorsProxy({
      basePath: "/proxy/",
      resolve: async () => ["93.184.216.34", "10.0.0.8"],
      upstream: async () => new Response("must not be reached"),
    });
    const response = await proxy(ask("https/ghcr.io/v2/"));
    expect([response.status, response.headers.get("slipway-proxy-error")]).toEqual([
      403,
      "ghcr.io is in a private network",
    ]);
  });

  test("a redirect into one, or to a host that is not listed, is not followed", async () => {
    const other = await startFaultServer(new Map());
    const proxy = createNodeProxy({
      allow: [configuredHost(inside.domain, local), configuredHost(other.domain, { insecure: true })],
    });
    inside.faults = [{ path: /x/, action: { kind: "redirect", origin: other.origin } }];
    expect((await proxy(ask(`http/${inside.domain}/v2/x`), client)).status).toBe(403);
    inside.faults = [{ path: /x/, action: { kind: "redirect", origin: "https://evil.example" } }];
    const unlisted = await proxy(ask(`http/${inside.domain}/v2/x`), client);
    expect([unlisted.status, unlisted.headers.get("slipway-proxy-error")]).toEqual([
      502,
      `${inside.domain} redirects to https://evil.example, which is not on the list`,
    ]);
    expect(other.seen).toHaveLength(0);
    await other.stop();
  });
});

describe("limits", () => {
  let front: FaultServer;
  const large = noise(1, 300_000);
  beforeAll(async () => {
    front = await startFaultServer(
      new Map([
        ["/v2/a/blobs/x", large],
        ["/v2/", new Uint8Array([123, 125])],
      ]),
    );
  });
  afterEach(() => {
    front.faults = [];
    front.seen.length = 0;
  });
  afterAll(() => front.stop());
  const proxyWith = (options: NodeProxyOptions) =>
    createNodeProxy({ allow: [configuredHost(front.domain, local)], ...options });

  test("a client that asks too much is told when to come back; others are not held up", async () => {
    const proxy = proxyWith({ rateLimit: { burst: 3, perSecond: 0.5 } });
    const statuses: number[] = [];
    for (let index = 0; index < 4; index++)
      statuses.push((await proxy(ask(`http/${front.domain}/v2/`), client)).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    const refused = await proxy(ask(`http/${front.domain}/v2/`), client);
    expect(refused.headers.get("retry-after")).toBe("2");
    expect((await proxy(ask(`http/${front.domain}/v2/`), { address: "203.0.113.10" })).status).toBe(200);
  });

  test("a body past the limit breaks, and is never taken for whole", async () => {
    const proxy = proxyWith({ limits: { bodyBytes: 100_000 } });
    const response = await proxy(ask(`http/${front.domain}/v2/a/blobs/x`), client);
    await expect(bodyOf(response)).rejects.toMatchObject({ kind: "resourceExhausted" });
    const upload = await proxy(
      ask(`http/${front.domain}/v2/a/blobs/uploads/1`, {
        method: "PATCH",
        body: large,
        headers: { "content-length": "300000" },
      }),
      client,
    );
    expect(upload.status).toBe(413);
  });

  test("a registry that does not answer, or falls silent, is given up", async () => {
    const proxy = proxyWith({ limits: { headersMs: 50 } });
    front.faults = [{ path: /v2/, action: { kind: "slow", delayMs: 1000 } }];
    expect((await proxy(ask(`http/${front.domain}/v2/`), client)).status).toBe(504);
    const gone = createNodeProxy({ allow: [configuredHost("127.0.0.1:1", local)] });
    const response = await gone(ask("http/127.0.0.1:1/v2/"), client);
    expect([response.status, response.headers.get("slipway-proxy-error")]).toEqual([
      502,
      "127.0.0.1:1: connection refused",
    ]);
  });

  test("a body that breaks off upstream breaks off for the client", async () => {
    const proxy = proxyWith({ cacheFolder: newFolder() });
    front.faults = [{ path: /blobs/, action: { kind: "cut", afterBytes: 100_000 } }];
    await expect(bodyOf(await proxy(ask(`http/${front.domain}/v2/a/blobs/x`), client))).rejects.toThrow();
  });

  test("cookies and the like never pass, and nothing that comes back can be rendered", async () => {
    const headers = {
      "content-type": "text/html",
      "set-cookie": "a=b",
      "x-secret": "1",
      "docker-upload-uuid": "u",
    };
    front.faults = [
      { path: /v2/, action: { kind: "answer", status: 200, headers, body: "<script>alert(1)</script>" } },
    ];
    const proxy = proxyWith({});
    const sent = {
      cookie: "session=1",
      "x-forwarded-for": "1.2.3.4",
      authorization: "Bearer t",
      referer: "https://page.example/",
    };
    const response = await proxy(ask(`http/${front.domain}/v2/`, { headers: sent }), client);
    expect(front.seen[0]?.headers).toMatchObject({
      authorization: "Bearer t",
      "accept-encoding": "identity",
    });
    for (const name of ["cookie", "x-forwarded-for", "referer", "origin"])
      expect(front.seen[0]?.headers[name]).toBeUndefined();
    expect(response.headers.get("content-type")).toBe("application/octet-stream");
    expect(response.headers.get("content-security-policy")).toContain("sandbox");
    expect([
      response.headers.get("set-cookie"),
      response.headers.get("x-secret"),
      response.headers.get("docker-upload-uuid"),
    ]).toEqual([null, null, "u"]);
  });

  test("realms and locations come back through the proxy, host by host", async () => {
    const challenge =
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io", Basic realm="Registry"';
    front.faults = [
      { path: /v2/, action: { kind: "answer", status: 401, headers: { "www-authenticate": challenge } } },
    ];
    const proxy = proxyWith({});
    const response = await proxy(ask(`http/${front.domain}/v2/`), client);
    expect(response.headers.get("www-authenticate")).toBe(
      'Bearer realm="https://page.example/proxy/https/auth.docker.io/token",service="registry.docker.io", Basic realm="Registry"',
    );
    front.faults = [
      {
        path: /uploads/,
        action: { kind: "answer", status: 202, headers: { location: "/v2/a/blobs/uploads/7?_state=s" } },
      },
    ];
    const upload = await proxy(ask(`http/${front.domain}/v2/a/blobs/uploads/`, { method: "POST" }), client);
    expect(upload.headers.get("location")).toBe(`/proxy/http/${front.domain}/v2/a/blobs/uploads/7?_state=s`);
  });

  test("Authorization stays behind when the registry redirects to another host", async () => {
    const cdn = await startFaultServer(new Map([["/v2/a/blobs/x", large]]));
    const proxy = createNodeProxy({
      allow: [configuredHost(front.domain, local), { host: cdn.domain, serves: ["blobs"], ...local }],
    });
    front.faults = [{ path: /blobs/, action: { kind: "redirect", origin: cdn.origin } }];
    const headers = { authorization: "Bearer secret", range: "bytes=299990-" };
    const response = await proxy(ask(`http/${front.domain}/v2/a/blobs/x`, { headers }), client);
    expect([response.status, await bodyOf(response)]).toEqual([206, large.slice(299_990)]);
    expect(front.seen[0]?.headers.authorization).toBe("Bearer secret");
    expect(cdn.seen[0]?.headers.authorization).toBeUndefined();
    const upload = await proxy(ask(`http/${front.domain}/v2/a/blobs/uploads/`, { method: "POST" }), client);
    expect(upload.status).toBe(404); // The files have no such path; the point is that it was reached at all.
    front.faults = [{ path: /uploads/, action: { kind: "redirect", origin: cdn.origin } }];
    expect(
      (await proxy(ask(`http/${front.domain}/v2/a/blobs/uploads/`, { method: "POST" }), client)).status,
    ).toBe(502);
    await cdn.stop();
  });
});

describe.skipIf(!hasRegistry)("the shared cache (needs docker-registry)", () => {
  let server: RegistryServer;
  let front: FaultServer;
  beforeAll(async () => {
    server = await startRegistry({ auth: "token" });
    front = await startFaultServer(server.origin);
    const pushing = testClient({}, { credentials: async () => ann });
    await pushImage(pushing, parseReference(`${server.domain}/public/app:1`), image);
    await pushImage(pushing, parseReference(`${server.domain}/private/app:1`), image);
  });
  afterEach(() => {
    front.faults = [];
    front.seen.length = 0;
  });
  afterAll(async () => {
    await front.stop();
    await server.stop();
  });

  /** A proxy whose upstream is the recording front, with the registry's own token server. */
  const proxyOver = (store: ProxyCache) =>
    createCorsProxy({
      basePath: "/proxy/",
      allow: [front.domain, server.tokenDomain].map((host) => configuredHost(host, local)),
      upstream: createVettedUpstream(),
      cache: { store, hash: createNodeHasher },
    });
  const tokenFor = async (repository: string, isAnn: boolean): Promise<string> => {
    const headers: Record<string, string> = isAnn
      ? { authorization: `Basic ${Buffer.from(`${USERNAME}:${PASSWORD}`).toString("base64")}` }
      : {};
    const url = `http://${server.tokenDomain}/token?service=test-registry&scope=repository:${repository}:pull`;
    return `Bearer ${((await (await fetch(url, { headers })).json()) as { token: string }).token}`;
  };
  const get = (
    proxy: ReturnType<typeof proxyOver>,
    path: string,
    authorization: string,
    more: Record<string, string> = {},
  ) =>
    proxy(
      ask(`http/${front.domain}/v2/${path}`, {
        headers: { authorization, accept: image.descriptor.mediaType, ...more },
      }),
    );
  const methods = () => front.seen.map(({ method, path }) => `${method} ${path.split("/").at(-2) ?? ""}`);

  test.each([
    ["memory", () => new MemoryCache(10_000_000)],
    ["disk", () => new DiskCache(newFolder(), 10_000_000)],
  ])(
    "%s: what one client fetched another gets from the cache, after the registry agreed",
    async (_name, create) => {
      const proxy = proxyOver(create());
      const path = `public/app/blobs/${layer.descriptor.digest}`;
      const first = await tokenFor("public/app", false);
      expect(sha256(await bodyOf(await get(proxy, path, first)))).toBe(layer.descriptor.digest);
      expect(sha256(await bodyOf(await get(proxy, path, first)))).toBe(layer.descriptor.digest);
      expect(methods()).toEqual(["GET blobs"]);
      const second = await tokenFor("public/app", true);
      const part = await get(proxy, path, second, { range: "bytes=399990-" });
      expect([part.status, part.headers.get("content-range")]).toEqual([206, "bytes 399990-399999/400000"]);
      expect(await bodyOf(part)).toEqual(layer.bytes.slice(399_990));
      expect(methods()).toEqual(["GET blobs", "HEAD blobs"]);
      expect((await get(proxy, path, second, { range: "bytes=400000-" })).status).toBe(416);
    },
  );

  test("a private image in the cache stays private", async () => {
    const proxy = proxyOver(new MemoryCache(10_000_000));
    const path = `private/app/blobs/${layer.descriptor.digest}`;
    await bodyOf(await get(proxy, path, await tokenFor("private/app", true)));
    const stranger = await tokenFor("private/app", false);
    const refused = await get(proxy, path, stranger);
    expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([
      401,
      expect.stringContaining(`/proxy/http/${server.tokenDomain}/token`),
    ]);
    // Nor by way of a repository that the stranger may read but that does not hold the blob.
    const other = await get(
      proxy,
      `public/other/blobs/${layer.descriptor.digest}`,
      await tokenFor("public/other", false),
    );
    expect(other.status).toBe(404);
  });

  test("a tag is resolved by HEAD, which counts as no pull, and served from the cache", async () => {
    const proxy = proxyOver(new MemoryCache(10_000_000));
    const token = await tokenFor("public/app", false);
    const first = await get(proxy, "public/app/manifests/1", token);
    expect(await bodyOf(first)).toEqual(image.manifest);
    const second = await get(proxy, "public/app/manifests/1", token);
    expect(await bodyOf(second)).toEqual(image.manifest);
    expect(second.headers.get("content-type")).toBe(image.descriptor.mediaType);
    expect(second.headers.get("docker-content-digest")).toBe(image.descriptor.digest);
    expect(methods()).toEqual(["HEAD manifests", "GET manifests", "HEAD manifests"]);
  });

  test("wrong or broken bytes are not kept", async () => {
    const store = new MemoryCache(10_000_000);
    const proxy = proxyOver(store);
    const path = `public/app/blobs/${layer.descriptor.digest}`;
    const token = await tokenFor("public/app", false);
    front.faults = [{ path: /blobs/, action: { kind: "corrupt" } }];
    await bodyOf(await get(proxy, path, token));
    front.faults = [{ path: /blobs/, action: { kind: "cut", afterBytes: 1000 } }];
    await expect(bodyOf(await get(proxy, path, token))).rejects.toThrow();
    expect(store.sizeBytes).toBe(0);
    await bodyOf(await get(proxy, path, token));
    expect(store.sizeBytes).toBe(400_000);
  });

  test("a file damaged on disk is noticed before its last byte goes out, and fetched again", async () => {
    const folder = newFolder();
    const path = `public/app/blobs/${layer.descriptor.digest}`;
    const token = await tokenFor("public/app", false);
    await bodyOf(await get(proxyOver(new DiskCache(folder, 10_000_000)), path, token));
    const damaged = layer.bytes.slice();
    damaged[7] = (damaged[7] ?? 0) ^ 1;
    writeFileSync(join(folder, layer.descriptor.digest.replace(":", "-")), damaged);
    const proxy = proxyOver(new DiskCache(folder, 10_000_000));
    await expect(bodyOf(await get(proxy, path, token))).rejects.toMatchObject({ kind: "dataLoss" });
    expect(readdirSync(folder)).toEqual([]);
    expect(sha256(await bodyOf(await get(proxy, path, token)))).toBe(layer.descriptor.digest);
  });
});

describe("the cache on disk", () => {
  const write = async (cache: ProxyCache, seed: number, sizeBytes: number): Promise<string> => {
    const bytes = noise(seed, sizeBytes);
    const digest = sha256(bytes);
    const writer = await cache.put(digest, { sizeBytes, contentType: `type/${seed}` });
    await writer?.write(bytes);
    await writer?.commit();
    return digest;
  };

  test("what was used least recently goes first, across restarts, and the limit holds", async () => {
    const folder = newFolder();
    let cache = new DiskCache(folder, 1000);
    const [first, second, third, fourth] = [
      await write(cache, 1, 240),
      await write(cache, 2, 240),
      await write(cache, 3, 240),
      await write(cache, 4, 240),
    ];
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await cache.get(first)).toMatchObject({ sizeBytes: 240, contentType: "type/1" });
    cache = new DiskCache(folder, 1000);
    const fifth = await write(cache, 5, 240);
    const present = await Promise.all(
      [first, second, third, fourth, fifth].map(async (digest) => (await cache.get(digest)) !== undefined),
    );
    expect(present).toEqual([true, false, true, true, true]);
    expect(cache.sizeBytes).toBe(960);
    expect(await cache.put(sha256(noise(9, 300)), { sizeBytes: 300, contentType: "" })).toBeUndefined();
  });

  test("half-written files are invisible and cleared at the next start", async () => {
    const folder = newFolder();
    const cache = new DiskCache(folder, 1000);
    const digest = sha256(noise(1, 100));
    const writer = await cache.put(digest, { sizeBytes: 100, contentType: "" });
    await writer?.write(noise(1, 50));
    expect(await cache.get(digest)).toBeUndefined();
    expect(await cache.put(digest, { sizeBytes: 100, contentType: "" })).toBeUndefined();
    expect(readdirSync(folder)).toHaveLength(1);
    expect(await new DiskCache(folder, 1000).get(digest)).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
    await writer?.abort();
  });
});
