/** The `Registry` contract over Debian's docker-registry, whichever way leads there. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AllowedHost } from "../../layers/cors-proxy/allow-list.ts";
import { configuredHost } from "../../layers/cors-proxy/allow-list.ts";
import { createNodeProxy } from "../../layers/cors-proxy/node/server.ts";
import { parseReference } from "../../layers/oci/reference.ts";
import { layoutFiles, startFaultServer } from "../support/fault-server.ts";
import type { FaultServer } from "../support/fault-server.ts";
import type { HandlerServer } from "../support/handler-server.ts";
import { startHandlerServer } from "../support/handler-server.ts";
import { testClient } from "../support/registry-client.ts";
import { pushImage } from "../support/registry-images.ts";
import type { RegistryServer, RegistryServerOptions } from "../support/registry-server.ts";
import { PASSWORD, USERNAME, hasRegistry, startRegistry } from "../support/registry-server.ts";
import type { RegistryUnderTest } from "./registry-contract.ts";
import { APP, registryContract, registryReadContract } from "./registry-contract.ts";

const credentials = async () => ({ username: USERNAME, password: PASSWORD });

for (const auth of ["open", "basic", "token"] as const satisfies RegistryServerOptions["auth"][]) {
  describe.skipIf(!hasRegistry)(`straight to a registry with ${auth} access (needs docker-registry)`, () => {
    let server: RegistryServer;
    let under: RegistryUnderTest;
    beforeAll(async () => {
      server = await startRegistry({ auth });
      under = { registry: testClient({}, { credentials }), domain: server.domain };
      await pushImage(under.registry, parseReference(`${server.domain}/public/app:1`), APP);
    });
    afterAll(() => server.stop());
    registryContract(() => under);
  });
}

for (const auth of ["open", "token"] as const satisfies RegistryServerOptions["auth"][]) {
  describe.skipIf(!hasRegistry)(
    `through the CORS proxy to a registry with ${auth} access (needs docker-registry)`,
    () => {
      let server: RegistryServer;
      let proxy: HandlerServer;
      let under: RegistryUnderTest;
      let folder: string;
      const refused: string[] = [];
      beforeAll(async () => {
        server = await startRegistry({ auth });
        folder = mkdtempSync(join(tmpdir(), "slipway-proxy-cache-"));
        const handler = createNodeProxy({ allow: allowedHosts(server), cacheFolder: folder });
        proxy = await startHandlerServer(handler);
        // What a page experiences: nothing but the proxy lets it read answers.
        const pageFetch = async (input: string, init: RequestInit): Promise<Response> => {
          if (input.startsWith(proxy.origin)) return await fetch(input, init);
          refused.push(input);
          throw new TypeError("Failed to fetch");
        };
        const settings = { proxy: `${proxy.origin}/proxy/` };
        under = {
          registry: testClient(settings, { credentials, fetch: pageFetch, redirects: "follow" }),
          domain: server.domain,
        };
        await pushImage(under.registry, parseReference(`${server.domain}/public/app:1`), APP);
      });
      afterAll(async () => {
        await proxy.stop();
        await server.stop();
        rmSync(folder, { recursive: true });
      });
      registryContract(() => under);

      test("the direct way is tried once and then left alone", () => {
        expect(new Set(refused.map((url) => new URL(url).host)).size).toBe(refused.length);
      });
    },
  );
}

/** The registry itself and its token server, both on this machine. */
function allowedHosts(server: RegistryServer): AllowedHost[] {
  const permissions = { insecure: true, isPrivateAllowed: true };
  return [server.domain, server.tokenDomain]
    .filter((host) => host !== "")
    .map((host) => configuredHost(host, permissions));
}

describe("from a static mirror", () => {
  let mirror: FaultServer;
  let registry: FaultServer;
  let under: RegistryUnderTest;
  beforeAll(async () => {
    // The registry behind it has nothing, so everything that is found comes from the mirror.
    registry = await startFaultServer(new Map());
    const name = `${registry.domain}/public/app:1`;
    const index = {
      schemaVersion: 2,
      manifests: [{ ...APP.descriptor, annotations: { "io.containerd.image.name": name } }],
    };
    const manifest = { digest: APP.descriptor.digest, bytes: APP.manifest };
    const blobs = APP.blobs.map(({ descriptor, bytes }) => ({ digest: descriptor.digest, bytes }));
    mirror = await startFaultServer(layoutFiles(index, [manifest, ...blobs]));
    under = { registry: testClient({ mirrors: [mirror.origin] }), domain: registry.domain };
  });
  afterAll(async () => {
    await mirror.stop();
    await registry.stop();
  });
  registryReadContract(() => under);
});
