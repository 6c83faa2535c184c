/**
 * The real docker command (28.x) against Slipway's handler on a socket, with JavaScript programs: what
 * a person types, what comes back, exit codes included. Skipped by name where there is no docker 28.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../layers/base/clock.ts";
import { StorageContentStore } from "../../layers/content/blob-store.ts";
import { MemoryStorage } from "../../layers/content/memory-storage.ts";
import { createNodeHasher } from "../../layers/content/node/node-hasher.ts";
import { StorageSnapshotter } from "../../layers/snapshots/storage-snapshotter.ts";
import { createApiHandler } from "../../runtime/api/create-handler.ts";
import { createApiServer } from "../../runtime/bridge/http-server.ts";
import type { Engine } from "../../runtime/engine/engine.ts";
import { CLI_PROGRAMS } from "../support/cli-programs.ts";
import type { CommandResult } from "../support/docker-cli.ts";
import { DockerCli, finished, hasDockerCli } from "../support/docker-cli.ts";
import { openTestEngine } from "../support/engine.ts";
import { ImageLayout } from "../support/image-layout.ts";
import { testClient } from "../support/registry-client.ts";
import { hasProgram } from "../support/registry-server.ts";

let engine: Engine;
let server: Server;
let cli: DockerCli;
let directory: string;

beforeAll(async () => {
  const layout = new ImageLayout();
  layout.name(
    "tools",
    layout.build({
      layers: [{ "bin/sh": "x" }, { "etc/motd": "hi" }],
      config: { Cmd: ["sh"], Env: ["PATH=/bin", "A=1"] },
    }).manifest,
  );
  layout.name(
    "tools:next",
    layout.build({ layers: [{ "bin/sh": "x" }], config: { Cmd: ["echo", "next"] } }).manifest,
  );
  const storage = new MemoryStorage();
  engine = await openTestEngine({
    isEmpty: true,
    programs: CLI_PROGRAMS,
    storage,
    content: new StorageContentStore(storage.files, createNodeHasher),
    snapshots: new StorageSnapshotter({ storage, newHasher: createNodeHasher, clock: systemClock }),
    registry: testClient(
      { mirrors: ["http://mirror.test/"] },
      {
        fetch: (input, init) =>
          new URL(input).host === "mirror.test"
            ? layout.fetch(input, init)
            : Promise.reject(new TypeError("fetch failed")),
      },
    ),
  });
  server = createApiServer(createApiHandler(engine));
  // A unix socket: over TCP docker 28 does not recognise its own detach keys (Go wraps the error).
  directory = mkdtempSync(join(tmpdir(), "slipway-cli-"));
  const path = join(directory, "sock");
  await new Promise<void>((resolve) => server.listen(path, resolve));
  cli = new DockerCli(`unix://${path}`);
});

afterAll(async () => {
  cli.dispose();
  server.closeAllConnections();
  server.close();
  await engine.close();
  rmSync(directory, { recursive: true });
});

async function docker(line: string, stdin = ""): Promise<CommandResult> {
  // Words are split at spaces; quotes hold them together.
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? "");
  return cli.run(words, stdin);
}

async function ok(line: string, stdin = ""): Promise<string> {
  const result = await docker(line, stdin);
  expect(result, line).toMatchObject({ exitCode: 0, stderr: "" });
  return result.stdout;
}

describe.skipIf(!hasDockerCli)("the docker command", () => {
  it("agrees on a version and describes the engine", async () => {
    expect(
      await ok(
        "version --format '{{.Client.APIVersion}} {{.Server.APIVersion}} {{.Server.Os}}/{{.Server.Arch}}'",
      ),
    ).toBe("1.50 1.50 linux/amd64\n");
    expect(await ok("info --format '{{.Driver}} {{.OSType}} {{.NCPU}}'")).toBe("slipway linux 1\n");
    expect((await docker("version")).stdout).toContain("Server: Slipway");
    expect((await docker("info")).stdout).toContain("Storage Driver: slipway");
  });

  it("pulls by name, runs, and removes after running", async () => {
    expect(await ok("pull -q tools")).toBe("docker.io/library/tools:latest\n");
    expect((await docker("pull tools")).stdout).toContain(
      "Status: Image is up to date for tools:latest",
    );
    expect(await ok("run --rm tools sh -c 'echo $A'")).toBe("1\n");
    expect(await ok("run --rm -e A=2 tools sh -c 'echo $A'")).toBe("2\n");
    expect(await ok("ps -aq")).toBe("");
  });

  it("pulls what is missing before it runs", async () => {
    const { stdout, stderr, exitCode } = await docker("run --rm tools:next");
    expect({ stdout, exitCode }).toEqual({ stdout: "next\n", exitCode: 0 });
    expect(stderr).toContain("Unable to find image 'tools:next' locally");
    expect(stderr).toContain("Status: Downloaded newer image for tools:next");
  });

  it("keeps stdout and stderr apart and hands back exit codes", async () => {
    expect(await docker("run --rm tools sh -c 'echo out; echo err >&2; exit 3'")).toEqual({
      exitCode: 3,
      stdout: "out\n",
      stderr: "err\n",
    });
    const missing = await docker("run --rm tools nothing-like-it");
    expect(missing.exitCode).toBe(127);
    expect(missing.stderr).toMatch(
      /docker: Error response from daemon: .*exec: "nothing-like-it": executable file not found in \$PATH/,
    );
    expect((await docker("run --rm no-such-image")).exitCode).toBe(125);
    expect((await docker("run --rm -m 1k tools true")).stderr).toMatch(
      /^docker: Error response from daemon: Minimum memory limit allowed is 6MB\n/,
    );
  });

  it("hands stdin to the program", async () => {
    expect(await ok("run --rm -i tools cat", "through the wire\n")).toBe("through the wire\n");
    const big = "x".repeat(500_000);
    expect((await ok("run --rm -i tools cat", big)).length).toBe(big.length);
  });

  it("runs in the background: logs, stop, restart, rename, rm", async () => {
    const id = (
      await ok("run -d --name back tools sh -c 'echo one; echo two; echo three >&2; sleep 60'")
    ).trim();
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    await expect.poll(async () => (await docker("logs back")).stderr).toBe("three\n");
    expect((await docker("logs -t back")).stderr).toMatch(/^\d{4}-\d\d-\d\dT\S+Z three\n$/);
    expect((await docker("logs --since 1h --until 30m back")).stdout).toBe("");
    expect(await ok("ps --format '{{.Names}} {{.Image}} {{.Command}} {{.State}}'")).toMatch(
      /^back tools "sh -c 'echo one; ec…" running\n$/,
    );
    expect(await ok("ps --filter status=exited -q")).toBe("");
    expect(await ok("top back")).toContain("sh -c echo one");
    expect(await docker("rm back")).toMatchObject({
      exitCode: 1,
      stderr: `Error response from daemon: cannot remove container "back": container is running: stop the container before removing or force remove\n`,
    });
    const following = cli.start(["logs", "-f", "back"]);
    const followed = finished(following);
    expect(await ok("stop -t 0 back")).toBe("back\n");
    expect((await followed).stdout).toBe("one\ntwo\n");
    expect(
      await ok("inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.Path}} {{len .Args}}' back"),
    ).toBe("exited 137 sh 2\n");
    expect(await ok("restart back")).toBe("back\n");
    expect(await ok("rename back front")).toBe("");
    expect(await ok("run -d --name counted tools sh -c 'echo 1; echo 2; echo 3'")).toMatch(
      /^[0-9a-f]{64}\n$/,
    );
    await ok("wait counted");
    expect(await ok("logs --tail 2 counted")).toBe("2\n3\n");
    await ok("rm counted");
    expect(await ok("kill front")).toBe("front\n");
    expect(await ok("wait front")).toBe("137\n");
    expect(await ok("rm front")).toBe("front\n");
    expect((await docker("inspect front")).exitCode).toBe(1);
  });

  it("attaches and leaves on the detach keys of its choice", async () => {
    await ok("run -dit --name tty tools cat");
    const attached = cli.start(["attach", "--detach-keys=x", "tty"]);
    const done = finished(attached);
    // Without a terminal of its own docker refuses to attach to one.
    expect((await done).stderr).toContain("the input device is not a TTY");
    await ok("rm -f tty");
    await ok("run -di --name plain tools cat");
    const plain = cli.start(["attach", "--sig-proxy=false", "plain"]);
    plain.stdin.write("hello\n");
    await new Promise<void>((resolve) => plain.stdout.once("data", () => resolve()));
    plain.kill("SIGKILL");
    expect(await ok("logs plain")).toBe("hello\n");
    await ok("rm -f plain");
  });

  it.skipIf(!hasProgram("script"))("gives a terminal to who has one", async () => {
    // script(1) is the pty: docker sees a terminal on all three.
    const child = spawn(
      "script",
      ["-qec", "stty rows 30 cols 100; docker run -it --name onatty tools cat", "/dev/null"],
      { env: cli.environment },
    );
    const done = finished(child);
    await expect
      .poll(
        async () => (await docker("inspect -f '{{.State.Running}} {{.Config.Tty}}' onatty")).stdout,
      )
      .toBe("true true\n");
    child.stdin.write("typed");
    await new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
    // docker looks for its keys one by one, as fingers press them.
    for (const key of ["\u0010", "\u0011"]) {
      child.stdin.write(key);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect((await done).stdout).toContain("typed");
    expect(await ok("ps -q --filter name=onatty")).not.toBe("");
    const sizes = engine.events.past(0n, undefined).filter((event) => event.action === "resize");
    expect(sizes.at(-1)?.actor.attributes).toMatchObject({ height: "30", width: "100" });
    await ok("rm -f onatty");
  });

  it("runs further processes, copies files both ways and tells changes", async () => {
    await ok("run -d --name work tools sleep 100");
    expect(await docker("exec work sh -c 'echo inside; exit 5'")).toEqual({
      exitCode: 5,
      stdout: "inside\n",
      stderr: "",
    });
    expect(await ok("exec -i work cat", "piped\n")).toBe("piped\n");
    expect((await docker("exec work nope")).exitCode).toBe(127);
    expect(await ok("update --restart on-failure:3 work")).toBe("work\n");
    expect(await ok("stats --no-stream --format '{{.Name}} {{.PIDs}}' work")).toMatch(
      /^work \d+\n$/,
    );
    await ok("rm -f work");
    await ok("create --name files tools true");
    expect(await ok("cp files:/etc/motd -")).toContain("hi");
    writeFileSync(join(directory, "in.txt"), "copied\n");
    expect((await docker(`cp -q ${directory}/in.txt files:/etc/`)).exitCode).toBe(0);
    expect(await ok("diff files")).toBe("C /etc\nA /etc/in.txt\n");
    expect((await docker(`cp -q files:/etc/in.txt ${directory}/out.txt`)).exitCode).toBe(0);
    expect(readFileSync(join(directory, "out.txt"), "utf8")).toBe("copied\n");
    expect(await docker(`cp files:/nope ${directory}`)).toMatchObject({
      exitCode: 1,
      stderr: "Error response from daemon: Could not find the file /nope in container files\n",
    });
    await ok("rm files");
  });

  it("lists, tags, inspects and removes images", async () => {
    expect(
      await ok("images --format '{{.Repository}}:{{.Tag}}' --filter reference=tools:latest"),
    ).toBe("tools:latest\n");
    await ok("tag tools other/name:v1");
    expect(await ok("inspect -f '{{json .RepoTags}} {{json .Config.Cmd}}' other/name:v1")).toBe(
      '["tools:latest","other/name:v1"] ["sh"]\n',
    );
    expect(await ok("history --format '{{.CreatedBy}}' tools")).toBe(
      "CMD\nADD layer 1\nADD layer 0\n",
    );
    expect(await ok("rmi other/name:v1")).toBe("Untagged: other/name:v1\n");
    expect((await docker("rmi missing")).stderr).toBe(
      "Error response from daemon: No such image: missing:latest\n",
    );
    expect(await ok("image prune -f")).toBe("Total reclaimed space: 0B\n");
  });

  it("streams events and shows disk usage", async () => {
    const from = Math.floor(Date.now() / 1000);
    await ok("run --rm --name eventful tools true");
    const until = Math.ceil(Date.now() / 1000) + 1;
    const events = await ok(
      `events --since ${from} --until ${until} --filter container=eventful --format '{{.Type}} {{.Action}}'`,
    );
    expect(events).toBe(
      "container create\ncontainer attach\ncontainer start\ncontainer die\ncontainer destroy\n",
    );
    expect(await ok("system df --format '{{.Type}} {{.TotalCount}}'")).toBe(
      "Images 2\nContainers 0\nLocal Volumes 0\nBuild Cache 0\n",
    );
  });

  it("says which operation is missing", async () => {
    expect((await docker("network ls")).stderr).toBe(
      "Error response from daemon: NetworkList is not implemented by Slipway yet\n",
    );
  });
});
