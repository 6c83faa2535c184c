/** Pull and push on a terminal: cursor movement and bars, byte for byte as the real client draws them. */
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FixtureServer } from "./fixture-server.ts";
import { startFixtureServer } from "./fixture-server.ts";
import { NodeTransport } from "./node-transport.ts";
import { WANTED_VERSION, realDockerVersion, runOnTerminal, runOurs } from "./two-clients.ts";

function hasScript(): boolean {
  return spawnSync("script", ["--version"]).status === 0;
}

// Skipped by name: needs the docker client of exactly this version, and script(1) for a terminal.
const describeWithTerminal = describe.skipIf(realDockerVersion() !== WANTED_VERSION || !hasScript());

let server: FixtureServer;
beforeAll(async () => {
  server = await startFixtureServer();
});
afterAll(() => server.close());

describeWithTerminal("on a terminal", () => {
  test.each([
    ["pull alpine:3.20", 120],
    ["pull alpine:3.20", 80],
    ["pull alpine:3.20", 40],
    ["push me/x:1.0", 120],
    ["run --pull always alpine", 120],
    ["run --help", 100],
    ["ps --help", 60],
    ["ps --help", 30],
    ["pull --help", 200],
    ["ps -a", 100],
  ] as const)("docker %s in %i columns", async (line, columns) => {
    const real = await runOnTerminal(`tcp://127.0.0.1:${server.port}`, line, columns);
    const transport = new NodeTransport({ host: "127.0.0.1", port: server.port });
    const ours = await runOurs(transport, line.split(" "), { columns });
    expect(ours.both.replaceAll("\n", "\r\n")).toBe(real);
  });
});
