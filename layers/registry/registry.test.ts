/** The leaves of the distribution client: headers, hosts, waiting, wording. */
import { expect, test } from "vitest";
import type { Clock } from "../base/clock.ts";
import { parseChallenges } from "./challenge.ts";
import { domainOfServer, registryOrigin } from "./hosts.ts";
import { RateLimits } from "./rate-limits.ts";
import { errorOf, readRefusal, redactSecrets, unreachable } from "./registry-errors.ts";
import { backoffMs, isRetryableStatus, retryAfterMs, sleep } from "./retry.ts";
import { Semaphore } from "./semaphore.ts";
import { NO_SETTINGS } from "./settings.ts";

test.each([
  [
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
    [
      {
        scheme: "bearer",
        parameters: {
          realm: "https://auth.docker.io/token",
          service: "registry.docker.io",
          scope: "repository:a/b:pull,push",
        },
      },
    ],
  ],
  [
    'Basic realm="x, y", Bearer realm="z" , error=invalid_token',
    [
      { scheme: "basic", parameters: { realm: "x, y" } },
      { scheme: "bearer", parameters: { realm: "z", error: "invalid_token" } },
    ],
  ],
  ['BEARER Realm = "a \\"quoted\\" b"', [{ scheme: "bearer", parameters: { realm: 'a "quoted" b' } }]],
  [
    "Negotiate, Basic",
    [
      { scheme: "negotiate", parameters: {} },
      { scheme: "basic", parameters: {} },
    ],
  ],
  ["", []],
  ["realm=x", []],
  [`Bearer realm="${"x".repeat(10_000)}"`, []],
])("the challenges of %s", (header, expected) => {
  expect(parseChallenges(header)).toEqual(expected);
});

test("Retry-After is read as seconds or as a date", () => {
  const now = Date.UTC(2026, 10, 21, 12, 0, 0);
  expect(retryAfterMs("120", now)).toBe(120_000);
  expect(retryAfterMs("Sat, 21 Nov 2026 12:00:30 GMT", now)).toBe(30_000);
  expect(retryAfterMs("Sat, 21 Nov 2026 11:00:00 GMT", now)).toBe(0);
  expect(retryAfterMs("soon", now)).toBeUndefined();
  expect(retryAfterMs(null, now)).toBeUndefined();
});

test("backoff doubles, stays below its limit and half of it is chance", () => {
  expect([1, 2, 3, 9].map((attempt) => backoffMs(attempt, () => 0))).toEqual([250, 500, 1000, 5000]);
  expect([1, 2, 3, 9].map((attempt) => backoffMs(attempt, () => 1))).toEqual([500, 1000, 2000, 10_000]);
  expect([408, 429, 500, 502, 503, 504].every(isRetryableStatus)).toBe(true);
  expect([200, 400, 401, 403, 404, 501].some(isRetryableStatus)).toBe(false);
});

test("a sleeper that is called off leaves no timer behind", async () => {
  let timers = 0;
  const clock: Clock = {
    nowNs: () => 0n,
    monotonicMs: () => 0,
    after() {
      timers++;
      return { dispose: () => (timers -= 1) };
    },
  };
  const stopping = new AbortController();
  const sleeping = sleep(clock, 1000, stopping.signal);
  stopping.abort();
  await expect(sleeping).rejects.toMatchObject({ kind: "cancelled" });
  expect(timers).toBe(0);
});

test("permits go to who waited longest, once each", async () => {
  const semaphore = new Semaphore(1);
  const first = await semaphore.acquire(undefined);
  const order: string[] = [];
  const waiting = ["a", "b"].map(async (name) => {
    const permit = await semaphore.acquire(undefined);
    order.push(name);
    permit.dispose();
  });
  first.dispose();
  first.dispose();
  await Promise.all(waiting);
  expect(order).toEqual(["a", "b"]);
});

test("domains become origins as dockerd does it", () => {
  const origin = (domain: string) => registryOrigin(domain, NO_SETTINGS);
  expect(origin("docker.io")).toBe("https://registry-1.docker.io");
  expect(origin("ghcr.io")).toBe("https://ghcr.io");
  expect(origin("localhost:5000")).toBe("http://localhost:5000");
  expect(origin("127.1.2.3:5000")).toBe("http://127.1.2.3:5000");
  expect(origin("[::1]:5000")).toBe("http://[::1]:5000");
  expect(origin("127.0.0.1.example")).toBe("https://127.0.0.1.example");
  const settings = {
    ...NO_SETTINGS,
    registries: { "reg.example": { insecure: true }, localhost: { insecure: false } },
  };
  expect(registryOrigin("reg.example", settings)).toBe("http://reg.example");
  expect(registryOrigin("localhost", settings)).toBe("https://localhost");
});

test("servers of docker login become domains", () => {
  for (const server of [
    "",
    "docker.io",
    "index.docker.io",
    "https://index.docker.io/v1/",
    "registry-1.docker.io",
  ]) {
    expect(domainOfServer(server)).toBe("docker.io");
  }
  expect(domainOfServer("https://ghcr.io/v2/")).toBe("ghcr.io");
  expect(domainOfServer("127.0.0.1:5000")).toBe("127.0.0.1:5000");
});

test("rate limits keep the last word", () => {
  const limits = new RateLimits();
  limits.note("a", new Headers({ "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600" }));
  limits.note("a", new Headers());
  limits.note("b", new Headers({ "ratelimit-remaining": "5" }));
  expect(Object.fromEntries(limits.byHost())).toEqual({
    a: { limit: 100, remaining: 76, windowSeconds: 21600 },
    b: { limit: undefined, remaining: 5, windowSeconds: undefined },
  });
});

test("an insufficient scope in the challenge outranks the body", async () => {
  const headers = { "www-authenticate": 'Bearer realm="https://a/t",error="insufficient_scope"' };
  const body = '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}';
  const refusal = await readRefusal(new Response(body, { status: 401, headers }));
  expect(errorOf(refusal)).toMatchObject({
    kind: "forbidden",
    message: "denied: requested access to the resource is denied",
  });
});

test("a refusal of the proxy's own says so", async () => {
  const headers = { "slipway-proxy-error": "evil.example is not on this proxy's list" };
  const refusal = await readRefusal(new Response("{}", { status: 403, headers }));
  expect(refusal.text).toBe("CORS proxy: evil.example is not on this proxy's list");
});

test("what a browser tells of a failed fetch becomes advice", () => {
  const url = new URL("https://reg.example/v2/?token=secret");
  expect(unreachable("GET", url, new TypeError("Failed to fetch"))).toMatchObject({
    kind: "unavailable",
    message:
      'Get "https://reg.example/v2/": Failed to fetch (no answer, or the registry does not let a web page ' +
      "read it: configure a CORS proxy)",
  });
  expect(redactSecrets("pass and password", ["password", "ab"])).toBe("pass and ***");
});
