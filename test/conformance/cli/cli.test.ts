/**
 * The oracle of runtime/cli: the real docker client. Every command line below is run by both against
 * the same server, and stdout, stderr and exit code must be the same byte for byte.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMMAND_LINES } from "./command-lines.ts";
import type { FixtureServer } from "./fixture-server.ts";
import { startFixtureServer } from "./fixture-server.ts";
import { NodeTransport } from "./node-transport.ts";
import { WANTED_VERSION, realDockerVersion, runOurs, runReal } from "./two-clients.ts";

const found = realDockerVersion();
// Skipped by name: the docker client of exactly this version is not on every machine.
const describeWithDocker = describe.skipIf(found !== WANTED_VERSION);

let server: FixtureServer;
let transport: NodeTransport;

beforeAll(async () => {
  server = await startFixtureServer();
  transport = new NodeTransport({ host: "127.0.0.1", port: server.port });
});
afterAll(() => server.close());

describeWithDocker(`as docker ${WANTED_VERSION}`, () => {
  test.each(COMMAND_LINES)("docker $line", async ({ args, stdin, env }) => {
    const real = await runReal(`tcp://127.0.0.1:${server.port}`, args, stdin, env);
    const ours = await runOurs(transport, args, { stdin: stdin ?? "", env: env ?? {} });
    expect(ours).toEqual(real);
  });
});
