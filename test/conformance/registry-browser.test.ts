/** The distribution client in real browsers: CORS as they enforce it, redirects as they follow them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configuredHost } from "../../layers/cors-proxy/allow-list.ts";
import { createNodeProxy } from "../../layers/cors-proxy/node/server.ts";
import { parseReference } from "../../layers/oci/reference.ts";
import { NO_SETTINGS } from "../../layers/registry/settings.ts";
import { browsers, withBrowserPage } from "../support/browser-page.ts";
import { startFaultServer } from "../support/fault-server.ts";
import { startHandlerServer } from "../support/handler-server.ts";
import { testClient } from "../support/registry-client.ts";
import { pushImage, testImage } from "../support/registry-images.ts";
import type { RegistryServer } from "../support/registry-server.ts";
import { PASSWORD, USERNAME, hasRegistry, startRegistry } from "../support/registry-server.ts";
import type { PullInBrowser, PulledInBrowser } from "./registry-browser-worker.ts";

const image = testImage({ seed: 40, layerBytes: [500_000, 20] });
const whole = {
  digest: image.descriptor.digest,
  blobs: image.blobs.map(({ descriptor }) => descriptor.digest),
  error: "",
};
const ann = { username: USERNAME, password: PASSWORD };

for (const browser of browsers()) {
  const isSkipped = browser.missing !== undefined || !hasRegistry;
  describe.skipIf(isSkipped)(`in ${browser.name} (needs the browser and docker-registry)`, () => {
    let open: RegistryServer;
    let tokens: RegistryServer;
    beforeAll(async () => {
      [open, tokens] = await Promise.all([
        startRegistry({ hasCors: true }),
        startRegistry({ auth: "token", hasCors: true }),
      ]);
      await pushImage(testClient(), parseReference(`${open.domain}/app:1`), image);
      await pushImage(testClient(), parseReference(`${tokens.domain}/private/app:1`), image, {
        credentials: ann,
      });
    });
    afterAll(async () => {
      await Promise.all([open.stop(), tokens.stop()]);
    });

    test("goes straight where CORS allows, through the proxy where it does not, and drops Authorization", async () => {
      const allow = [tokens.domain, tokens.tokenDomain].map((host) =>
        configuredHost(host, { insecure: true, isPrivateAllowed: true }),
      );
      const proxy = await startHandlerServer(createNodeProxy({ allow }));
      const cdn = await startFaultServer(
        new Map(image.blobs.map(({ descriptor, bytes }) => [`/v2/app/blobs/${descriptor.digest}`, bytes])),
        { hasCors: true },
      );
      const front = await startFaultServer(open.origin, { hasCors: true });
      front.faults = [{ path: /blobs/, times: 99, action: { kind: "redirect", origin: cdn.origin } }];
      const settings = { ...NO_SETTINGS, proxy: `${proxy.origin}/proxy/` };
      try {
        await withBrowserPage({ browser: browser.name }, async (page) => {
          const pull = (wanted: PullInBrowser) =>
            page.runWorker<PulledInBrowser>("test/conformance/registry-browser-worker.ts", wanted);
          expect(await pull({ name: `${open.domain}/app:1`, settings })).toEqual({
            ...whole,
            origin: `direct ${open.domain}`,
          });
          // With authorization on, the registry answers even the preflight with 401, CORS headers or not.
          const name = `${tokens.domain}/private/app:1`;
          expect(await pull({ name, settings, credentials: ann })).toEqual({
            ...whole,
            origin: `proxy ${tokens.domain}`,
          });
          expect(await pull({ name, settings: NO_SETTINGS, credentials: ann })).toMatchObject({
            error: expect.stringContaining("configure a CORS proxy"),
          });
          const credentials = { username: "", password: "", registryToken: "a-token" };
          expect(
            await pull({ name: `${front.domain}/app:1`, settings: NO_SETTINGS, credentials }),
          ).toMatchObject(whole);
        });
        expect(front.seen.map(({ headers }) => headers.authorization)).toEqual(
          new Array(4).fill("Bearer a-token"),
        );
        expect(cdn.seen.map(({ headers }) => headers.authorization)).toEqual([
          undefined,
          undefined,
          undefined,
        ]);
      } finally {
        await Promise.all([proxy.stop(), cdn.stop(), front.stop()]);
      }
    });
  });
}
