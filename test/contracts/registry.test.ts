/** The `Registry` contract over Debian's docker-registry, whichever way leads there. */
import { afterAll, beforeAll, describe } from "vitest";
import { parseReference } from "../../layers/oci/reference.ts";
import { layoutFiles, startFaultServer } from "../support/fault-server.ts";
import type { FaultServer } from "../support/fault-server.ts";
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
