/**
 * References as the real docker CLI parses them. `docker pull NAME` parses before it asks the
 * daemon, which is a stub here that records what it is asked for: either docker's refusal is ours,
 * word for word, or what arrives is what we make of the name.
 */
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { messageOf } from "../../layers/base/errors.ts";
import {
  familiarName,
  formatName,
  parseAnyReference,
  parseReference,
  withDefaultTag,
} from "../../layers/oci/reference.ts";
import { hasProgram, listen } from "../support/registry-server.ts";

const run = promisify(execFile);
const HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

const NAMES = [
  "nginx",
  "nginx:1.27",
  "user/app",
  "docker.io/nginx",
  "docker.io/library/nginx:x",
  "index.docker.io/nginx",
  "index.docker.io/a/b",
  "localhost/app",
  "localhost:5000",
  "localhost:5000/app:1",
  "127.0.0.1:5000/a/b:c",
  "[::1]:5000/app",
  "[::1%25lo]/app",
  "HOST/app",
  "Host.Example:443/a",
  "a__b/c--d.e_f",
  "a___b",
  "a..b",
  "a.b/c",
  "A/b",
  "a/B",
  "NGINX",
  "nginx:UPPER",
  "nginx:",
  "nginx:-x",
  "nginx:.x",
  "nginx:_x",
  `nginx:${"t".repeat(128)}`,
  `nginx:${"t".repeat(129)}`,
  `nginx@sha256:${HEX}`,
  `nginx:1@sha256:${HEX}`,
  "nginx@sha256:abc",
  `nginx@sha256:${HEX.slice(1)}`,
  `nginx@sha256:${HEX.toUpperCase()}`,
  `nginx@md5:${HEX.slice(32)}`,
  `x/${HEX}`,
  "a//b",
  "nginx/",
  "/nginx",
  "https://nginx",
  "host.example:port/x",
  "naïve",
  "nginx tag",
  "a".repeat(247),
  "a".repeat(248),
  `h.example/${"a".repeat(255)}`,
  `h.example/${"a".repeat(256)}`,
  "library/nginx",
  "docker.io/library/distros/x",
  "docker.io/x/",
  "-a",
  "a-",
  "a-b",
  "a--b",
  "_a",
  "a/_b",
  "a@b",
  "a:b@c",
  "a:b:c",
  "0/0",
  "0.0/0",
  "xn--n3h.example/x",
  "x.example./y",
];

describe.skipIf(!hasProgram("docker"))("the docker CLI (needs docker)", () => {
  let stub: Server;
  let port: number;
  const asked: string[] = [];
  beforeAll(async () => {
    stub = createServer((request, response) => {
      const url = new URL(request.url ?? "/", "http://stub");
      response.setHeader("Api-Version", "1.47");
      if (url.pathname.endsWith("/_ping")) {
        response.end("OK");
        return;
      }
      const { searchParams } = url;
      asked.push(`${searchParams.get("fromImage") ?? ""} ${searchParams.get("tag") ?? ""}`);
      response.writeHead(418, { "content-type": "application/json" }).end('{"message":"stub"}');
    });
    port = await listen(stub);
  });
  afterAll(async () => {
    stub.closeAllConnections();
    await new Promise((resolve) => stub.close(resolve));
  });

  test(
    `reads ${NAMES.length} names as we do, or refuses them in the same words`,
    { timeout: 60_000 },
    async () => {
      const theirs: string[] = [];
      const ours: string[] = [];
      for (const name of NAMES) {
        asked.length = 0;
        const env = { ...process.env, DOCKER_HOST: `tcp://127.0.0.1:${port}`, DOCKER_CONFIG: "/nonexistent" };
        const failure = await run("docker", ["pull", "--quiet", "--", name], { env }).catch(
          (error: unknown) => error as { stderr: string },
        );
        const [image] = asked;
        theirs.push(`${name} → ${image ?? `refused: ${failure.stderr.trim().split("\n")[0] ?? ""}`}`);
        ours.push(`${name} → ${read(name, isFamiliar(theirs))}`);
      }
      expect(ours).toEqual(theirs);
    },
  );

  test("64 hexadecimal digits are refused as a name and taken as an ID, as by docker tag", async () => {
    const env = { ...process.env, DOCKER_HOST: `tcp://127.0.0.1:${port}`, DOCKER_CONFIG: "/nonexistent" };
    const failure = await run("docker", ["tag", "nginx", HEX], { env }).catch(
      (error: unknown) => error as { stderr: string },
    );
    expect(failure.stderr.trim()).toBe(
      `Error parsing reference: "${HEX}" is not a valid repository/tag: ${refusal(() => parseReference(HEX))}`,
    );
    expect(parseAnyReference(HEX).kind).toBe("digest");
  });
});

/** Clients before 28 send familiar names, later ones full names; the first answer ("nginx") tells. */
function isFamiliar(answers: readonly string[]): boolean {
  return answers[0] === "nginx → nginx latest";
}

function read(name: string, isShort: boolean): string {
  const message = refusal(() => parseReference(name));
  if (message !== undefined) return `refused: ${message}`;
  const reference = withDefaultTag(parseReference(name));
  return `${isShort ? familiarName(reference) : formatName(reference)} ${reference.digest ?? reference.tag ?? ""}`;
}

function refusal(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (thrown) {
    return messageOf(thrown);
  }
}
