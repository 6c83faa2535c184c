/**
 * The oracle of runtime/cli: the real docker client. Every command line below is run by both against
 * the same server, and stdout, stderr and exit code must be the same byte for byte.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMMAND_LINES } from "./command-lines.ts";
import type { Asked, FixtureServer } from "./fixture-server.ts";
import { startFixtureServer } from "./fixture-server.ts";
import { NodeTransport } from "./node-transport.ts";
import type { Outcome } from "./two-clients.ts";
import { WANTED_VERSION, realDockerVersion, runOurs, runReal } from "./two-clients.ts";

const found = realDockerVersion();
// Skipped by name: the docker client of exactly this version is not on every machine.
const describeWithDocker = describe.skipIf(found !== WANTED_VERSION);

/** One text, so that a difference is shown line by line. */
function shown({ stdout, stderr, exitCode }: Outcome): string {
  return `${stdout}--- stderr\n${stderr}--- exit code ${exitCode}`;
}

/** Commands whose requests are compared too: all but those that only look. */
const CHANGES = new RegExp(
  "^(run|create|exec|pause|unpause|update|commit|start|stop|restart|kill|rm|rename|tag|rmi|pull|push|" +
    "container prune|image prune|logs|ps|images)\\b",
);

/** What was asked, without what means nothing: empty values, defaults, the order of keys. */
function essentials(asked: readonly Asked[], isDetached: boolean): unknown[] {
  return (
    asked
      .filter(({ path }) => !/^\/(info|networks|volumes|plugins)/.test(path))
      // The real client also waits, to no effect, when it detaches.
      .filter(({ path }) => !(isDetached && path.endsWith("/wait")))
      .map(({ method, path, query, body }) => {
        const isJson = body.startsWith("{");
        return {
          method,
          path,
          query: withoutEmpty(times(query)),
          body: isJson ? withoutEmpty(JSON.parse(body)) : body,
        };
      })
      .sort((left, right) =>
        left.path + JSON.stringify(left.query) < right.path + JSON.stringify(right.query) ? -1 : 1,
      )
  );
}

function times(query: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, /^\d{10}\.\d{9}$/.test(value) ? "TIME" : value]),
  );
}

function withoutEmpty(value: unknown): unknown {
  // Binds come out of a Go map, in any order.
  if (Array.isArray(value))
    return value
      .map(withoutEmpty)
      .sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, item]) => [name, withoutEmpty(item)] as const);
  return Object.fromEntries(entries.filter(([name, item]) => name !== "MemorySwappiness" && !isEmpty(item)));
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "" || value === false || value === 0) return true;
  if (Array.isArray(value)) return value.every(isEmpty);
  return typeof value === "object" && Object.keys(value).length === 0;
}

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
    const realAsked = essentials(server.asked.splice(0), args.includes("-d"));
    const ours = await runOurs(transport, args, { stdin: stdin ?? "", env: { HOME: "/root", ...env } });
    const oursAsked = essentials(server.asked.splice(0), args.includes("-d"));
    expect(shown(ours)).toBe(shown(real));
    if (CHANGES.test(args.join(" "))) expect(oursAsked).toEqual(realAsked);
  });
});
