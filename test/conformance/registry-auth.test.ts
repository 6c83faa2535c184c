/** Who may what: tokens that expire in mid-pull, credentials per registry, redirects, login. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { collectBytes } from "../../layers/base/streams.ts";
import { parseReference } from "../../layers/oci/reference.ts";
import type { Credentials } from "../../layers/registry/registry.ts";
import type { FaultServer } from "../support/fault-server.ts";
import { startFaultServer } from "../support/fault-server.ts";
import { testClient } from "../support/registry-client.ts";
import { pushImage, sha256, testImage } from "../support/registry-images.ts";
import type { RegistryServer } from "../support/registry-server.ts";
import { PASSWORD, REFRESH_TOKEN, USERNAME, hasRegistry, startRegistry } from "../support/registry-server.ts";

const WHOLE = 64 * 1024 * 1024;
const image = testImage({ seed: 7, layerBytes: [300_000, 1000] });
const ann: Credentials = { username: USERNAME, password: PASSWORD };
const wrong: Credentials = { username: USERNAME, password: "wrong-password" };

describe.skipIf(!hasRegistry)("authorization (needs docker-registry)", () => {
  let basic: RegistryServer;
  let tokens: RegistryServer;
  let shortLived: RegistryServer;
  beforeAll(async () => {
    [basic, tokens, shortLived] = await Promise.all([
      startRegistry({ auth: "basic" }),
      startRegistry({ auth: "token" }),
      // Good for two seconds, but said to be good for ten minutes.
      startRegistry({ auth: "token", tokenSeconds: 2, claimedSeconds: 600 }),
    ]);
    const client = testClient({}, { credentials: async () => ann });
    await pushImage(client, parseReference(`${basic.domain}/app:1`), image);
    await pushImage(client, parseReference(`${tokens.domain}/public/app:1`), image);
    await pushImage(client, parseReference(`${tokens.domain}/private/app:1`), image);
    await pushImage(client, parseReference(`${shortLived.domain}/public/app:1`), image);
  });
  afterAll(async () => {
    await Promise.all([basic.stop(), tokens.stop(), shortLived.stop()]);
  });

  const at = (server: RegistryServer, name: string) => parseReference(`${server.domain}/${name}`);

  test("anonymous users pull what is public with one token for the repository", async () => {
    const client = testClient();
    const before = tokens.tokenRequests.length;
    await client.manifest(at(tokens, "public/app:1"));
    for (const { descriptor } of image.blobs) {
      await collectBytes(await client.blob(at(tokens, "public/app:1"), descriptor).open(0), WHOLE);
    }
    expect(tokens.tokenRequests.slice(before)).toEqual(["GET repository:public/app:pull"]);
  });

  test("requests at the same time share one token fetch", async () => {
    const client = testClient();
    await client.manifest(at(tokens, "public/app:1"));
    const other = testClient();
    const before = tokens.tokenRequests.length;
    await Promise.all([1, 2, 3].map(() => other.manifest(at(tokens, "public/app:1"))));
    expect(tokens.tokenRequests.length - before).toBe(1);
  });

  test("a token that expires in mid-pull is fetched again, unnoticed", async () => {
    const client = testClient();
    const reference = at(shortLived, "public/app:1");
    await client.manifest(reference);
    await new Promise((resolve) => setTimeout(resolve, 3200));
    const [, layer] = image.blobs;
    if (layer === undefined) throw new Error("no layer");
    const stream = await client.blob(reference, layer.descriptor).open(0);
    expect(sha256(await collectBytes(stream, WHOLE))).toBe(layer.descriptor.digest);
    expect(shortLived.tokenRequests.filter((one) => one === "GET repository:public/app:pull")).toHaveLength(
      2,
    );
  });

  test("a private repository is denied to strangers in Docker's words", async () => {
    await expect(testClient().manifest(at(tokens, "private/app:1"))).rejects.toMatchObject({
      kind: "notFound",
      message:
        `pull access denied for ${tokens.domain}/private/app, repository does not exist or may require ` +
        "'docker login': denied: requested access to the resource is denied",
    });
    await expect(pushImage(testClient(), at(tokens, "public/new:1"), image)).rejects.toMatchObject({
      kind: "forbidden",
      message: "denied: requested access to the resource is denied",
    });
  });

  test("each registry gets its own credentials, and an operation may bring others", async () => {
    const asked: string[] = [];
    const client = testClient(
      {},
      {
        credentials: async (domain) => {
          asked.push(domain);
          return domain === basic.domain ? ann : undefined;
        },
      },
    );
    await client.manifest(at(basic, "app:1"));
    await expect(client.manifest(at(tokens, "private/app:1"))).rejects.toMatchObject({ kind: "notFound" });
    await client.manifest(at(tokens, "private/app:1"), { credentials: ann });
    expect(asked).toEqual([basic.domain, tokens.domain]);
  });

  test("an identity token is exchanged for tokens", async () => {
    const client = testClient();
    const credentials = { username: "", password: "", identityToken: REFRESH_TOKEN };
    await client.manifest(at(tokens, "private/app:1"), { credentials });
    expect(tokens.tokenRequests.at(-1)).toBe("POST repository:private/app:pull");
  });

  test("Basic without or with wrong credentials is unauthorized", async () => {
    await expect(testClient().manifest(at(basic, "app:1"))).rejects.toMatchObject({
      kind: "unauthorized",
      message: `Head "${basic.origin}/v2/app/manifests/1": no basic auth credentials`,
    });
    await expect(testClient().manifest(at(basic, "app:1"), { credentials: wrong })).rejects.toMatchObject({
      kind: "unauthorized",
      message: "unauthorized: authentication required",
    });
  });

  test("login succeeds, returns the refresh token where there is one, and fails as docker's", async () => {
    const client = testClient();
    expect(await client.login(basic.domain, ann)).toEqual({ status: "Login Succeeded", identityToken: "" });
    expect(await client.login(tokens.origin, ann)).toEqual({
      status: "Login Succeeded",
      identityToken: REFRESH_TOKEN,
    });
    await expect(client.login(tokens.domain, wrong)).rejects.toMatchObject({
      kind: "unauthorized",
      message: `Get "${tokens.origin}/v2/": unauthorized: incorrect username or password`,
    });
    await expect(client.login(basic.domain, wrong)).rejects.toMatchObject({
      kind: "unauthorized",
      message: `login attempt to ${basic.origin}/v2/ failed with status: 401 Unauthorized`,
    });
  });

  test("no error ever holds a password or token", async () => {
    const front = await startFaultServer(basic.origin);
    const echo = JSON.stringify({ errors: [{ code: "X", message: `you sent ${wrong.password}` }] });
    front.faults = [{ path: /manifests/, times: 9, action: { kind: "answer", status: 400, body: echo } }];
    const failing = testClient().manifest(parseReference(`${front.domain}/app:1`), { credentials: wrong });
    await expect(failing).rejects.toMatchObject({ message: "x: you sent ***" });
    await front.stop();
  });

  describe.each(["manual", "follow"] as const)("redirects handled by %s", (redirects) => {
    let front: FaultServer;
    let cdn: FaultServer;
    beforeAll(async () => {
      front = await startFaultServer(basic.origin);
      cdn = await startFaultServer(
        new Map(image.blobs.map(({ descriptor, bytes }) => [`/v2/app/blobs/${descriptor.digest}`, bytes])),
      );
    });
    afterAll(async () => {
      await front.stop();
      await cdn.stop();
    });

    test("Authorization stays behind when the origin changes, and goes along when it does not", async () => {
      const [, layer] = image.blobs;
      if (layer === undefined) throw new Error("no layer");
      const client = testClient({}, { redirects, credentials: async () => ann });
      const reference = parseReference(`${front.domain}/app:1`);
      await client.manifest(reference);
      front.faults = [{ path: /blobs/, action: { kind: "redirect", origin: cdn.origin } }];
      const stream = await client.blob(reference, layer.descriptor).open(1000);
      expect((await collectBytes(stream, WHOLE)).length).toBe(299_000);
      expect(front.seen.find(({ path }) => path.includes("/blobs/"))?.headers.authorization).toMatch(
        /^Basic /,
      );
      expect(cdn.seen).toHaveLength(1);
      expect(cdn.seen[0]?.headers).toMatchObject({ range: "bytes=1000-" });
      expect(cdn.seen[0]?.headers.authorization).toBeUndefined();
      front.seen.length = 0;
      front.faults = [{ path: /manifests/, action: { kind: "redirect", origin: front.origin } }];
      await client.manifest(reference);
      expect(front.seen.map(({ headers }) => typeof headers.authorization)).toEqual(["string", "string"]);
    });
  });

  test("redirects in a circle end", async () => {
    const front = await startFaultServer(basic.origin);
    front.faults = [{ path: /manifests/, times: 999, action: { kind: "redirect", origin: front.origin } }];
    await expect(testClient().manifest(parseReference(`${front.domain}/app:1`))).rejects.toMatchObject({
      kind: "unavailable",
      message: /stopped after 10 redirects/,
    });
    await front.stop();
  });
});
