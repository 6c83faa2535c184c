/**
 * The distribution client against a registry that misbehaves: broken blobs, limits, server errors,
 * redirects, wrong bytes. Every case of the list of bad input that concerns a registry.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { SlipwayError } from "../../layers/base/errors.ts";
import { collectBytes } from "../../layers/base/streams.ts";
import { parseReference } from "../../layers/oci/reference.ts";
import type { FaultServer } from "../support/fault-server.ts";
import { layoutFiles, startFaultServer } from "../support/fault-server.ts";
import type { HastyClock } from "../support/registry-client.ts";
import { hastyClock, testClient } from "../support/registry-client.ts";
import { pushImage, sha256, testImage } from "../support/registry-images.ts";
import type { RegistryServer } from "../support/registry-server.ts";
import { hasRegistry, startRegistry } from "../support/registry-server.ts";

const WHOLE = 64 * 1024 * 1024;
const image = testImage({ seed: 5, layerBytes: [2_000_000, 100_000, 100_001, 100_002, 100_003] });
const layer = image.blobs[1] ?? fault("no layer");
const blobPath = new RegExp(`/blobs/${layer.descriptor.digest}`);

function fault(message: string): never {
  throw new Error(message);
}

describe.skipIf(!hasRegistry)("a registry that misbehaves (needs docker-registry)", () => {
  let server: RegistryServer;
  let front: FaultServer;
  let clock: HastyClock;
  beforeAll(async () => {
    server = await startRegistry();
    front = await startFaultServer(server.origin);
    await pushImage(testClient(), parseReference(`${server.domain}/app:1`), image);
  });
  afterEach(() => {
    front.faults = [];
    front.seen.length = 0;
  });
  afterAll(async () => {
    await front.stop();
    await server.stop();
  });

  const client = () => {
    clock = hastyClock();
    return testClient({}, { clock, random: () => 0.5 });
  };
  const app = () => parseReference(`${front.domain}/app:1`);
  const pullLayer = async (offset = 0): Promise<string> => {
    const stream = await client().blob(app(), layer.descriptor).open(offset);
    return sha256(await collectBytes(stream, WHOLE));
  };
  const ranges = () =>
    front.seen.filter(({ path }) => blobPath.test(path)).map(({ headers }) => headers.range);

  test("a blob that breaks off in mid-stream is continued by Range from there", async () => {
    front.faults = [
      { path: blobPath, action: { kind: "cut", afterBytes: 700_000 } },
      { path: blobPath, action: { kind: "cut", afterBytes: 500_000 } },
    ];
    expect(await pullLayer()).toBe(layer.descriptor.digest);
    expect(ranges()).toEqual([undefined, "bytes=700000-", "bytes=1200000-"]);
  });

  test("a body that ends early without an error is continued too", async () => {
    front.faults = [{ path: blobPath, action: { kind: "end", afterBytes: 1_999_999 } }];
    expect(await pullLayer()).toBe(layer.descriptor.digest);
    expect(ranges()).toEqual([undefined, "bytes=1999999-"]);
  });

  test("a server that ignores Range gets its first bytes skipped", async () => {
    front.faults = [
      { path: blobPath, action: { kind: "cut", afterBytes: 300_000 } },
      { path: blobPath, action: { kind: "wholeInsteadOfRange" } },
    ];
    expect(await pullLayer()).toBe(layer.descriptor.digest);
  });

  test("a 206 for another range is refused", async () => {
    front.faults = [{ path: blobPath, times: 9, action: { kind: "wrongRange" } }];
    await expect(pullLayer(1000)).rejects.toMatchObject({
      kind: "dataLoss",
      message: /asked for bytes from 1000/,
    });
  });

  test("breaks without progress end, naming the byte", async () => {
    front.faults = [
      { path: blobPath, action: { kind: "cut", afterBytes: 100_000 } },
      { path: blobPath, times: 99, action: { kind: "cut", afterBytes: 0 } },
    ];
    await expect(pullLayer()).rejects.toMatchObject({
      kind: "unavailable",
      message: /broke off \d+ times, last at byte 100000/,
    });
    expect(ranges().length).toBeLessThanOrEqual(7);
  });

  test("a registry gone in mid-pull is unavailable", async () => {
    front.faults = [
      { path: blobPath, action: { kind: "cut", afterBytes: 100_000 } },
      { path: blobPath, times: 99, action: { kind: "destroy" } },
    ];
    await expect(pullLayer()).rejects.toMatchObject({
      kind: "unavailable",
      message: /^Get "http:\/\/127\.0\.0\.1:\d+\/v2\/app\/blobs\/sha256:[0-9a-f]+": EOF/,
    });
  });

  test("wrong bytes of a manifest are dataLoss and never returned", async () => {
    front.faults = [{ path: /manifests/, action: { kind: "corrupt" } }];
    await expect(client().manifest(app())).rejects.toMatchObject({
      kind: "dataLoss",
      message: `manifest verification failed for digest ${image.descriptor.digest}`,
    });
    front.faults = [{ path: /manifests/, action: { kind: "corrupt" } }];
    const byDigest = { ...app(), tag: undefined, digest: image.descriptor.digest };
    await expect(client().manifest(byDigest)).rejects.toMatchObject({ kind: "dataLoss" });
  });

  test("a blob that is missing fails at once", async () => {
    front.faults = [
      {
        path: blobPath,
        times: 9,
        action: {
          kind: "answer",
          status: 404,
          body: '{"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown to registry"}]}',
        },
      },
    ];
    await expect(pullLayer()).rejects.toMatchObject({ kind: "notFound" });
    expect(front.seen).toHaveLength(1);
  });

  test("429 waits as long as Retry-After says, in seconds or until a date", async () => {
    front.faults = [
      { path: /manifests/, action: { kind: "answer", status: 429, headers: { "retry-after": "7" } } },
      {
        path: /manifests/,
        action: {
          kind: "answer",
          status: 503,
          headers: { "retry-after": new Date(Date.now() + 20_000).toUTCString() },
        },
      },
    ];
    await client().manifest(app());
    const [first = 0, second = 0] = clock.delaysMs;
    expect(first).toBe(7000);
    expect(second).toBeGreaterThan(15_000);
    expect(second).toBeLessThanOrEqual(20_000);
  });

  test("5xx and lost connections are asked again with growing pauses, not for ever", async () => {
    front.faults = [
      { path: /manifests/, action: { kind: "answer", status: 500 } },
      { path: /manifests/, action: { kind: "destroy" } },
      { path: /manifests/, action: { kind: "answer", status: 502 } },
    ];
    const asking = client();
    await asking.manifest(app());
    expect(clock.delaysMs).toEqual([375, 750, 1500]);
    front.seen.length = 0;
    // A registry that has answered before gets all the patience when it stops.
    front.faults = [{ path: /manifests/, times: 99, action: { kind: "destroy" } }];
    await expect(asking.manifest(app())).rejects.toMatchObject({ kind: "unavailable" });
    expect(front.seen).toHaveLength(5);
    front.seen.length = 0;
    front.faults = [{ path: /manifests/, times: 99, action: { kind: "answer", status: 503 } }];
    await expect(client().manifest(app())).rejects.toMatchObject({
      kind: "unavailable",
      message: "received unexpected HTTP status: 503 Service Unavailable",
    });
    expect(front.seen).toHaveLength(5);
  });

  test("a limit that lasts is told in the registry's words, with what is left", async () => {
    const body = '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}';
    const headers = {
      "retry-after": "20000",
      "ratelimit-limit": "100;w=21600",
      "ratelimit-remaining": "0;w=21600",
    };
    front.faults = [{ path: /manifests/, times: 99, action: { kind: "answer", status: 429, headers, body } }];
    const asking = client();
    await expect(asking.manifest(app())).rejects.toMatchObject({
      kind: "resourceExhausted",
      message: "toomanyrequests: You have reached your pull rate limit.",
    });
    expect(front.seen).toHaveLength(1);
    expect(asking.rateLimits().get(front.domain)).toEqual({ limit: 100, remaining: 0, windowSeconds: 21600 });
  });

  test("waiting for a retry ends at once when the caller gives up", async () => {
    front.faults = [
      {
        path: /manifests/,
        times: 99,
        action: { kind: "answer", status: 429, headers: { "retry-after": "59" } },
      },
    ];
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(), 50);
    await expect(client().manifest(app(), { signal: stopping.signal })).rejects.toMatchObject({
      kind: "cancelled",
    });
  });

  test.each([
    [
      403,
      '{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}',
      "notFound",
      "pull access denied for DOMAIN/app, repository does not exist or may require 'docker login': " +
        "denied: requested access to the resource is denied",
    ],
    [
      404,
      '{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known to registry"}]}',
      "notFound",
      "repository DOMAIN/app not found: name unknown: repository name not known to registry",
    ],
    [
      404,
      "<html>nothing</html>",
      "notFound",
      "manifest for DOMAIN/app:1 not found: manifest unknown: manifest unknown",
    ],
    [401, '{"details":"who are you"}', "unauthorized", "unauthorized: who are you"],
    [400, "<html>teapot</html>", "system", 'error parsing HTTP 400 response body: "<html>teapot</html>"'],
  ])("%i with %s is %s", async (status, body, kind, message) => {
    front.faults = [{ path: /manifests/, times: 99, action: { kind: "answer", status, body } }];
    await expect(client().manifest(app())).rejects.toMatchObject({
      kind,
      message: message.replace("DOMAIN", front.domain),
    });
  });

  test("schema 1 is refused with Docker's notice", async () => {
    const headers = { "content-type": "application/vnd.docker.distribution.manifest.v1+prettyjws" };
    front.faults = [
      { path: /manifests/, action: { kind: "answer", status: 200, headers, body: '{"schemaVersion":1}' } },
    ];
    await expect(client().manifest(app())).rejects.toMatchObject({
      kind: "invalidParameter",
      message: /schema 1 support has been removed/,
    });
  });

  test("a manifest of more than 4 MiB is refused", async () => {
    front.faults = [
      {
        path: /manifests/,
        action: { kind: "answer", status: 200, body: new Uint8Array(4 * 1024 * 1024 + 1) },
      },
    ];
    await expect(client().manifest(app())).rejects.toMatchObject({ kind: "resourceExhausted" });
  });

  test("a host that nobody answers at is unavailable in Go's words", async () => {
    const gone = await startFaultServer(new Map());
    await gone.stop();
    await expect(client().manifest(parseReference(`${gone.domain}/x`))).rejects.toMatchObject({
      kind: "unavailable",
      message: `Get "${gone.origin}/v2/": dial tcp ${gone.domain}: connect: connection refused`,
    });
  });

  test("at most three blobs are under way, and a fourth waits for one to end", async () => {
    const one = client();
    const blobs = image.blobs.slice(1);
    front.faults = [{ path: /blobs/, times: 99, action: { kind: "slow", delayMs: 30 } }];
    const sums = await Promise.all(
      blobs.map(async ({ descriptor }) =>
        sha256(await collectBytes(await one.blob(app(), descriptor).open(0), WHOLE)),
      ),
    );
    expect(sums).toEqual(blobs.map(({ descriptor }) => descriptor.digest));
    expect(front.atOnceMax(/blobs/)).toBe(3);
    const held = await Promise.all(
      blobs.slice(0, 3).map(({ descriptor }) => one.blob(app(), descriptor).open(0)),
    );
    const stopping = new AbortController();
    const waiting = one.blob(app(), layer.descriptor).open(0, stopping.signal);
    stopping.abort();
    await expect(waiting).rejects.toMatchObject({ kind: "cancelled" });
    const next = one.blob(app(), layer.descriptor).open(0);
    await held[0]?.cancel();
    expect(sha256(await collectBytes(await next, WHOLE))).toBe(layer.descriptor.digest);
    await Promise.all(held.slice(1).map((stream) => stream.cancel()));
  });

  test("a mirror that answers a missing blob with its start page is passed over", async () => {
    const page = new TextEncoder().encode("<html>start page</html>");
    const mirror = await startFaultServer(
      new Map([[`/blobs/${layer.descriptor.digest.replace(":", "/")}`, page]]),
    );
    const asking = testClient({ mirrors: [mirror.origin] }, { clock: hastyClock() });
    const stream = await asking.blob(app(), layer.descriptor).open(0);
    expect(sha256(await collectBytes(stream, WHOLE))).toBe(layer.descriptor.digest);
    await mirror.stop();
  });

  test("a stream that nobody reads gives back its connection and its place", async () => {
    const one = client();
    for (let index = 0; index < 5; index++) await (await one.blob(app(), layer.descriptor).open(0)).cancel();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(front.openConnections(blobPath)).toBe(0);
  });

  test("a piece of an upload that breaks is continued where the registry has got to", async () => {
    const large = testImage({ seed: 6, layerBytes: [18_000_000] }).blobs[1] ?? fault("no layer");
    const reference = parseReference(`${front.domain}/upload:1`);
    front.faults = [
      { method: "PATCH", path: /uploads/, action: { kind: "destroy" } },
      { method: "PATCH", path: /uploads/, action: { kind: "answer", status: 503 } },
    ];
    const open = async () => new Blob([large.bytes]).stream();
    expect(await client().pushBlob(reference, large.descriptor, open)).toBe("uploaded");
    const stream = await client().blob(reference, large.descriptor).open(0);
    expect(sha256(await collectBytes(stream, WHOLE))).toBe(large.descriptor.digest);
  });

  test("with the bytes known, a tag costs a HEAD and no GET", async () => {
    const known = async (digest: string) => (digest === image.descriptor.digest ? image.manifest : undefined);
    const found = await client().manifest(app(), { known });
    expect(found.descriptor).toEqual(image.descriptor);
    expect(front.seen.map(({ method }) => method)).toEqual(["HEAD"]);
    await client().manifest(app(), { known: async () => undefined });
    expect(front.seen.map(({ method }) => method)).toEqual(["HEAD", "HEAD", "GET"]);
  });

  test("a mirror that lacks the image, or is broken, hands over to the registry", async () => {
    const empty = await startFaultServer(layoutFiles({ schemaVersion: 2, manifests: [] }, []));
    const broken = await startFaultServer(new Map([["/index.json", new Uint8Array([60])]]));
    const mirrors = [empty.origin, `${broken.origin}/`, "http://127.0.0.1:1"];
    const asking = testClient({ mirrors }, { clock: hastyClock() });
    const found = await asking.manifest(app());
    expect(found).toMatchObject({ descriptor: image.descriptor, origin: `direct ${front.domain}` });
    const failure = await asking
      .manifest(parseReference(`${front.domain}/app:none`))
      .catch((thrown: unknown) => thrown);
    if (!(failure instanceof SlipwayError)) throw new Error("expected a SlipwayError");
    expect(failure.message).toMatch(
      /^manifest for .* not found: .*manifest unknown \(invalid manifest: not JSON; Get "http:\/\/127\.0\.0\.1:1\/index\.json"/,
    );
    await empty.stop();
    await broken.stop();
  });
});
