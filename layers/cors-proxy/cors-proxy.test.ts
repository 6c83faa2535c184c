/** The leaves of the proxy: addresses, the allow-list, URLs, buckets, ranges. */
import { expect, test } from "vitest";
import type { Clock } from "../base/clock.ts";
import { proxiedUrl, targetOfPath, unproxiedUrl } from "../base/proxy-url.ts";
import { AllowList, PUBLIC_REGISTRIES, configuredHost } from "./allow-list.ts";
import { isAddress, isPrivateAddress } from "./private-address.ts";
import { RateLimiter } from "./rate-limit.ts";
import { rewriteRealms } from "./rewrite.ts";
import { contentTargetOf, rangeOf } from "./shared-content.ts";

test.each([
  "0.0.0.0",
  "10.1.2.3",
  "100.64.0.1",
  "127.0.0.1",
  "127.255.255.254",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "198.18.0.1",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "[::1]",
  "fe80::1",
  "fe80::1%eth0",
  "fc00::1",
  "fd12:3456::1",
  "ff02::1",
  "::ffff:10.0.0.1",
  "::ffff:7f00:1",
  "64:ff9b::127.0.0.1",
  "64:ff9b:1::1",
  "2002:7f00:1::",
  "2001::1",
  "2001:db8::1",
  "100::1",
])("%s is private", (address) => {
  expect(isPrivateAddress(address)).toBe(true);
});

test.each([
  "1.1.1.1",
  "172.15.0.1",
  "172.32.0.1",
  "100.63.0.1",
  "100.128.0.1",
  "192.167.0.1",
  "2606:4700::1111",
  "2a00:1450:4001::1",
  "64:ff9b::8.8.8.8",
  "2002:808:808::",
  "::ffff:8.8.8.8",
])("%s is public", (address) => {
  expect([isAddress(address), isPrivateAddress(address)]).toEqual([true, false]);
});

test.each(["example.com", "1.2.3", "1.2.3.256", "::1::2", "1:2:3:4:5:6:7", "g::1", "12345::1"])(
  "%s is no address",
  (text) => {
    expect(isAddress(text)).toBe(false);
  },
);

const allowList = new AllowList([configuredHost("127.0.0.1:5000", { insecure: true }), ...PUBLIC_REGISTRIES]);

test.each([
  ["https://registry-1.docker.io/v2/library/nginx/manifests/latest", true, true],
  ["https://auth.docker.io/token?service=x", true, true],
  ["https://auth.docker.io/other", true, false],
  ["https://production.cloudflare.docker.com/registry-v2/x", true, false],
  ["https://production.cloudfront.docker.com/registry-v2/x", true, false],
  ["https://docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com/x", true, false],
  ["https://ghcr.io/token?scope=x", true, true],
  ["https://pkg-containers.githubusercontent.com/x", true, false],
  ["https://quay.io/v2/auth?service=quay.io", true, true],
  ["https://cdn03.quay.io/x", true, false],
  ["https://registry.k8s.io/v2/pause/manifests/3.9", true, true],
  ["https://europe-west4-docker.pkg.dev/v2/k8s-artifacts-prod/images/pause/manifests/3.9", true, true],
  ["https://prod-registry-k8s-io-us-east-1.s3.dualstack.us-east-1.amazonaws.com/x", true, false],
  ["https://public.ecr.aws/token/?service=public.ecr.aws", true, true],
  ["https://d2glxqk2uabbnd.cloudfront.net/x", true, false],
  ["https://mcr.microsoft.com/v2/hello-world/manifests/latest", true, true],
  ["https://eastus.data.mcr.microsoft.com/x", true, false],
  ["https://gcr.io/v2/distroless/static/manifests/latest", true, true],
  ["https://storage.googleapis.com/x", true, false],
  ["http://127.0.0.1:5000/v2/", true, true],
  ["http://127.0.0.1:5000/token", true, true],
  ["http://127.0.0.1:5000/metrics", true, false],
  ["http://ghcr.io/v2/", false, false],
  ["https://a.b.cloudfront.net/x", false, false],
  ["https://ghcr.io.example/v2/", false, false],
  ["https://evilgcr.io/v2/", false, false],
  ["https://127.0.0.1/v2/", false, false],
])("%s: reachable %s, askable %s", (url, isReachable, isAskable) => {
  expect([
    allowList.find(new URL(url)) !== undefined,
    allowList.findForClient(new URL(url), "GET") !== undefined,
  ]).toEqual([isReachable, isAskable]);
});

test("a URL survives the way through the proxy's", () => {
  const base = "https://page.example/proxy/";
  for (const text of [
    "https://ghcr.io/v2/a/b/manifests/1?x=y&z=%2F",
    "http://127.0.0.1:5000/v2/",
    "http://[::1]:5000/v2/",
  ]) {
    const proxied = new URL(proxiedUrl(base, new URL(text)));
    expect(proxied.origin).toBe("https://page.example");
    expect(unproxiedUrl(base, proxied)?.href).toBe(text);
  }
  expect(unproxiedUrl(base, new URL("https://other.example/proxy/https/ghcr.io/v2/"))).toBeUndefined();
  expect(targetOfPath("https/ghcr.io")?.href).toBe("https://ghcr.io/");
  for (const text of [
    "ghcr.io/v2/",
    "file/etc/passwd",
    "https//v2/",
    "https/a%40b/v2/",
    "https/a%2Fb@c/",
    "https/%zz/",
  ]) {
    expect([text, targetOfPath(text)?.host]).toEqual([text, undefined]);
  }
});

test("a bucket fills again with time, and the table of clients stays small", () => {
  let nowMs = 0;
  const clock: Clock = {
    nowNs: () => 0n,
    monotonicMs: () => nowMs,
    after: () => ({ dispose: () => undefined }),
  };
  const limiter = new RateLimiter({ burst: 2, perSecond: 1 }, clock);
  expect([1, 2, 3].map(() => limiter.take("a"))).toEqual([0, 0, 1]);
  nowMs = 1500;
  expect([1, 2].map(() => limiter.take("a"))).toEqual([0, 1]);
  expect([
    limiter.take("2001:db8:1:2::1"),
    limiter.take("2001:db8:1:2::ffff"),
    limiter.take("2001:db8:1:2:3::"),
  ]).toEqual([0, 0, 1]);
  expect([limiter.take("::ffff:1.2.3.4"), limiter.take("1.2.3.4"), limiter.take("1.2.3.4")]).toEqual([
    0, 0, 1,
  ]);
  for (let index = 0; index < 20_000; index++) limiter.take(`client-${index}`);
  expect(limiter.clientCount).toBe(10_000);
});

test("content is known by its path, tags apart from digests", () => {
  const hex = "a".repeat(64);
  const target = (path: string) => contentTargetOf(new URL(`https://ghcr.io${path}`));
  expect(target(`/v2/o/r/blobs/sha256:${hex}`)).toEqual({
    repository: "ghcr.io/o/r",
    kind: "blobs",
    digest: `sha256:${hex}`,
  });
  expect(target("/v2/o/r/manifests/v1")).toEqual({
    repository: "ghcr.io/o/r",
    kind: "manifests",
    digest: undefined,
  });
  expect(target("/v2/o/r/blobs/uploads/")).toBeUndefined();
  expect(target("/v2/o/r/blobs/sha256:short")).toBeUndefined();
  expect(target("/v2/")).toBeUndefined();
});

test("ranges are served within the bytes there are", () => {
  expect(rangeOf("bytes=0-", 10)).toEqual({ start: 0, end: 10 });
  expect(rangeOf("bytes=3-5", 10)).toEqual({ start: 3, end: 6 });
  expect(rangeOf("bytes=3-50", 10)).toEqual({ start: 3, end: 10 });
  expect(rangeOf("bytes=10-", 10)).toBe("bad");
  expect(rangeOf("bytes=-5", 10)).toBeUndefined();
  expect(rangeOf(null, 10)).toBeUndefined();
});

test("only realms that are listed URLs are rewritten", () => {
  const context = { allowList, proxyUrl: "https://p/proxy/", url: new URL("https://ghcr.io/v2/") };
  expect(rewriteRealms('Bearer realm="https://elsewhere.example/token"', context)).toBe(
    'Bearer realm="https://elsewhere.example/token"',
  );
  expect(rewriteRealms('Basic realm="Docker Registry"', context)).toBe('Basic realm="Docker Registry"');
  expect(rewriteRealms('Bearer realm="https://ghcr.io/token",service="ghcr.io"', context)).toBe(
    'Bearer realm="https://p/proxy/https/ghcr.io/token",service="ghcr.io"',
  );
});
