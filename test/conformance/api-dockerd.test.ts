/**
 * Side by side: the same docker commands against Slipway and against a real dockerd, on the very same
 * image from one registry; what comes back must be equal after normalisation. On dockerd the image's
 * commands are busybox; on Slipway they are JavaScript (the machines have oracles of their own).
 *
 * Debian's dockerd is 20.10, our API that of 28: where dockerd's words changed in between, or the
 * machines differ, DIFFERENCES names the command and the reason; a line that has become equal fails.
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../layers/base/clock.ts";
import { streamOf } from "../../layers/base/streams.ts";
import { StorageContentStore } from "../../layers/content/blob-store.ts";
import { MemoryStorage } from "../../layers/content/memory-storage.ts";
import { createNodeHasher } from "../../layers/content/node/node-hasher.ts";
import { parseReference, withTag } from "../../layers/oci/reference.ts";
import { StorageSnapshotter } from "../../layers/snapshots/storage-snapshotter.ts";
import { createApiHandler } from "../../runtime/api/create-handler.ts";
import { createApiServer } from "../../runtime/bridge/http-server.ts";
import type { Engine } from "../../runtime/engine/engine.ts";
import { APPLETS, CLI_PROGRAMS } from "../support/cli-programs.ts";
import { DockerCli, hasDockerCli } from "../support/docker-cli.ts";
import type { Dockerd } from "../support/dockerd.ts";
import { mayRunDockerd, startDockerd } from "../support/dockerd.ts";
import { openTestEngine } from "../support/engine.ts";
import { ImageLayout } from "../support/image-layout.ts";
import { testClient } from "../support/registry-client.ts";
import type { RegistryServer } from "../support/registry-server.ts";
import { hasProgram, hasRegistry, startRegistry } from "../support/registry-server.ts";

/** Typed one after the other; REG is the registry. A line may begin with `<<text` for stdin. */
const SCRIPT: readonly string[] = [
  "pull REG/tools",
  "pull REG/tools",
  "pull -q REG/tools",
  "pull REG/missing",
  "pull REG/tools:missing",
  "images --format '{{.Repository}} {{.Tag}} {{.ID}} {{.Size}}'",
  "images --no-trunc --digests --format '{{.Digest}} {{.ID}}'",
  "tag REG/tools tools",
  "tag REG/tools bad:tag:here",
  "tag missing tools:x",
  "images tools --format '{{.Repository}}:{{.Tag}}'",
  "images --filter dangling=true -q",
  "images --filter nonsense=1",
  "history --no-trunc --format '{{.ID}}|{{.CreatedBy}}|{{.Size}}|{{.Comment}}' tools",
  "inspect -f '{{.Id}} {{json .RepoTags}} {{json .RepoDigests}} {{.Os}} {{.Architecture}} {{.Size}} {{json .RootFS}} {{.Created}} {{.Author}}' tools",
  "inspect -f '{{json .Config.Cmd}} {{json .Config.Env}} {{json .Config.Labels}} {{.Config.WorkingDir}}' tools",
  "run --rm tools echo hello world",
  "run --rm tools sh -c 'echo out; echo err >&2; exit 3'",
  "<<typed text\n run --rm -i tools cat",
  "run --rm -e B=2 --env A=changed tools sh -c 'echo $A $B $PATH'",
  "run --rm -w relative tools true",
  "run --rm --stop-signal NOPE tools true",
  "run --rm --restart always tools true",
  "run --rm --restart sometimes tools true",
  "run --rm -m 1m tools true",
  "run --rm --cap-add FLY tools true",
  "run --rm --log-driver nope tools true",
  "run --rm --name 'bad name' tools true",
  "run --rm tools not-a-command",
  "create --name gone tools no-such-command",
  "start gone",
  "inspect -f '{{.State.Status}} {{.State.ExitCode}}' gone",
  "rm gone",
  "inspect nothing-like-this",
  "network inspect nothing",
  "create --name one tools echo one",
  "create --name one tools echo one",
  "ps -a --format '{{.Names}}|{{.Image}}|{{.Command}}|{{.Status}}|{{.State}}|{{.Ports}}'",
  "logs one",
  "start -a one",
  "start one",
  "wait one",
  "logs one",
  "logs --tail 0 one",
  "logs --tail nonsense one",
  "logs --since nonsense one",
  "ps -a --filter status=exited --filter name=one --format '{{.Names}} {{.Status}}'",
  "ps -a --filter exited=0 --format '{{.Names}}'",
  "ps -a --filter exited=x",
  "ps -a --filter status=nonsense",
  "ps -a --filter nonsense=1",
  "ps -a --filter ancestor=tools --format '{{.Names}}'",
  "inspect -f '{{.Name}} {{.Path}} {{json .Args}} {{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.RestartCount}} {{.Platform}}' one",
  "inspect -f '{{json .Config}}' one",
  "inspect -f '{{json .HostConfig}}' one",
  "inspect -f '{{json .Mounts}} {{json .ExecIDs}} {{.AppArmorProfile}}|{{.MountLabel}}|{{.ProcessLabel}}' one",
  "stop one",
  "kill one",
  "pause one",
  "unpause one",
  "top one",
  "attach one",
  "rename one two",
  "rename one three",
  "rename two 'bad name'",
  "rename two two",
  "rmi -f tools",
  "rmi REG/tools",
  "rm two",
  "rm two",
  "rm missing",
  "tag REG/tools tools",
  "run -d --name bg tools sleep 100",
  "ps --format '{{.Names}} {{.State}} {{.Command}}'",
  "rm bg",
  "pause bg",
  "ps --format '{{.Names}} {{.State}}'",
  "attach bg",
  "rm bg",
  "unpause bg",
  "kill -s NOPE bg",
  "kill -s 0 bg",
  "kill -s 99 bg",
  "stop -t 0 bg",
  "inspect -f '{{.State.ExitCode}} {{.State.Running}} {{.State.Error}}' bg",
  "restart -t 0 bg",
  "start bg",
  "exec bg sh -c 'echo in; exit 6'",
  "<<given\n exec -i bg cat",
  "exec -e X=1 bg sh -c 'echo $X $A'",
  "exec bg not-a-command",
  "exec missing true",
  "diff bg",
  "cp bg:/nothing -",
  "update --restart sometimes bg",
  "update --memory 1m bg",
  "export missing",
  "rm -f bg",
  "rm -f bg",
  "exec bg true",
  "create --name still tools true",
  "diff still",
  "cp still:/nothing -",
  "commit -a me -m 'a note' -c 'ENV B=2 C=$A' -c 'CMD [\"echo\",\"made\"]' -c 'EXPOSE 80 53/udp' -c 'LABEL k=\"v w\"' still made:v1",
  "history --no-trunc --format '{{.CreatedBy}}|{{.Size}}|{{.Comment}}' made:v1",
  "inspect -f '{{json .Config.Env}} {{json .Config.Cmd}} {{json .Config.ExposedPorts}} {{json .Config.Labels}} {{.Author}} {{.Comment}} {{len .RootFS.Layers}}' made:v1",
  "run --rm made:v1",
  "commit -c 'ENTRYPOINT [\"sh\"]' -c 'WORKDIR sub' -c 'VOLUME /v' -c 'USER 1' -c 'ONBUILD RUN x' -c 'HEALTHCHECK --interval=5s CMD true' --pause=false still made",
  "inspect -f '{{json .Config.Entrypoint}} {{json .Config.Cmd}} {{.Config.WorkingDir}} {{json .Config.Volumes}} {{.Config.User}} {{json .Config.OnBuild}} {{json .Config.Healthcheck}}' made",
  "commit still Bad:name",
  "commit still bad:tag:here",
  "commit missing made",
  "commit -c 'ENV' still made",
  "commit -c 'ENV A' still made",
  "commit -c 'EXPOSE http' still made",
  "commit -c 'LABEL a=\"b' still made",
  "commit -c 'HEALTHCHECK CMD' still made",
  "tag made REG/MADE:v1",
  "push -q REG/MADE:v1",
  "rmi made:v1 made REG/MADE:v1",
  "rm still",
  "run -d --name fails --restart on-failure:2 tools sh -c 'exit 4'",
  "wait-exited fails",
  "inspect -f '{{.RestartCount}} {{.State.ExitCode}} {{json .HostConfig.RestartPolicy}}' fails",
  "run -d --name all --label a=b --label c -u 1000:1000 --hostname h --entrypoint sh -w /tmp --read-only --memory 64m --cpus 0.5 --pids-limit 10 --tmpfs /run:size=1m --add-host a:1.2.3.4 --dns 1.1.1.1 --ulimit nofile=1024:2048 --stop-timeout 3 --log-opt max-size=1m --init -p 8080:80 --expose 90 tools -c 'exit 0'",
  "inspect -f '{{json .Config}}' all",
  "inspect -f '{{json .HostConfig}}' all",
  "ps -a --filter label=a=b --format '{{.Names}} {{.Labels}}'",
  "container prune -f",
  "image prune -f",
  "tag REG/tools REG/COPY:v2",
  "push REG/COPY:v2",
  "push REG/nothing",
  "rmi tools REG/COPY:v2",
  "rmi REG/tools",
  "images -q",
  "login -u a -p b REG",
];

/** Commands whose answers differ, and why. Only shrinks. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  "images --filter nonsense=1": "28 writes 'invalid filter' in lower case",
  "ps -a --filter nonsense=1": "28 writes 'invalid filter' in lower case",
  "ps -a --filter exited=x": "28 says which filter",
  "ps -a --filter status=nonsense": "28 says which words there are",
  "run --rm --stop-signal NOPE tools true": "28 writes 'invalid signal' in lower case",
  "run --rm --log-driver nope tools true": "28 does not look for a plugin of that name",
  "run --rm tools not-a-command":
    "28 has 'failed to create task for container' in front; there is no runc here",
  "start gone": "as above",
  "rm bg": "28 puts the container's name in front",
  "exec bg not-a-command": "28 exits with 127",
  "update --restart sometimes bg": "28 says which words there are",
  "commit -c 'EXPOSE http' still made": "28 writes it in lower case",
  "kill one": "28 writes it in lower case",
  "kill -s NOPE bg": "28 says what cannot be done",
  "kill -s 0 bg": "28 says what cannot be done",
  "kill -s 99 bg": "28 knows which signals there are",
};

interface Turn {
  readonly command: string;
  readonly exitCode: number;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

const isPossible = hasDockerCli && mayRunDockerd && hasRegistry && hasProgram("busybox");

describe.skipIf(!isPossible)("Slipway and dockerd", () => {
  let registry: RegistryServer | undefined;
  let dockerd: Dockerd | undefined;
  let engine: Engine | undefined;
  let server: Server | undefined;
  let mine: readonly Turn[] = [];
  let theirs: readonly Turn[] = [];

  beforeAll(async () => {
    const { domain } = (registry = await startRegistry());
    await pushTools(domain);
    dockerd = await startDockerd();
    if (dockerd === undefined) return;
    const storage = new MemoryStorage();
    engine = await openTestEngine({
      isEmpty: true,
      programs: CLI_PROGRAMS,
      storage,
      content: new StorageContentStore(storage.files, createNodeHasher),
      snapshots: new StorageSnapshotter({
        storage,
        newHasher: createNodeHasher,
        clock: systemClock,
      }),
      registry: testClient(),
    });
    const listening = (server = createApiServer(createApiHandler(engine)));
    await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
    const host = `tcp://127.0.0.1:${(listening.address() as AddressInfo).port}`;
    [mine, theirs] = await Promise.all([play(host, domain), play(dockerd.host, domain)]);
  }, 120_000);

  afterAll(async () => {
    server?.closeAllConnections();
    server?.close();
    await engine?.close();
    await dockerd?.stop();
    await registry?.stop();
  });

  it("say the same, but for the differences listed", (test) => {
    if (dockerd === undefined) test.skip("dockerd does not start on this machine");
    expect(mine.length).toBe(SCRIPT.length);
    for (const [index, turn] of mine.entries()) {
      const other = theirs[index];
      const reason = DIFFERENCES[SCRIPT[index] ?? ""];
      if (reason === undefined) expect.soft(turn, turn.command).toEqual(other);
      else expect.soft(turn, `no longer different: ${turn.command}`).not.toEqual(other);
    }
  });
});

/** An image whose commands are copies of busybox, so that dockerd can run them. */
async function pushTools(domain: string): Promise<void> {
  const layout = new ImageLayout();
  const busybox = new Uint8Array(readFileSync("/bin/busybox"));
  const image = layout.build({
    layers: [
      Object.fromEntries(APPLETS.map((name) => [`bin/${name}`, busybox])),
      { "etc/motd": "hello\n" },
    ],
    config: { Cmd: ["sh"], Env: ["PATH=/bin", "A=1"], Labels: { origin: "test" }, WorkingDir: "/" },
  });
  const client = testClient();
  const reference = withTag(parseReference(`${domain}/tools`), "latest");
  for (const blob of [image.config, ...image.layers]) {
    await client.pushBlob(reference, blob, async () =>
      streamOf(layout.blobs.get(blob.digest) ?? new Uint8Array()),
    );
  }
  await client.pushManifest(
    reference,
    layout.blobs.get(image.manifest.digest) ?? new Uint8Array(),
    image.manifest.mediaType,
  );
}

/** Lines that dockerd may leave out or put in any order, because several layers arrive at once. */
const PROGRESS =
  /: (Pulling fs layer|Waiting|Verifying|Download|Pull complete|Preparing|Pushed|Mounted from \S+|Layer already).*$/;

const DIGEST = /sha256:[0-9a-f]{64}/g;

async function play(host: string, domain: string): Promise<readonly Turn[]> {
  const cli = new DockerCli(host);
  const turns: Turn[] = [];
  // Both push to one registry: each to a repository of its own.
  const copyName = host.startsWith("unix") ? "copy-theirs" : "copy-mine";
  for (const command of SCRIPT) {
    const [, stdin = "", line = ""] = /^(?:<<([\s\S]*?\n) )?([\s\S]*)$/.exec(command) ?? [];
    const words = [
      ...line
        .replaceAll("REG", domain)
        .replaceAll("COPY", copyName)
        .replaceAll("MADE", copyName.replace("copy", "made"))
        .matchAll(/'([^']*)'|(\S+)/g),
    ].map((match) => match[1] ?? match[2] ?? "");
    if (words[0] === "wait-exited") {
      await untilExited(cli, words[1] ?? "");
      turns.push({ command, exitCode: 0, stdout: [], stderr: [] });
      continue;
    }
    const { exitCode, stdout, stderr } = await cli.run(words, stdin);
    turns.push({
      command,
      exitCode,
      // An image made here is named by its contents, the time included.
      stdout: normalise(/^(commit|rmi made)/.test(line) ? stdout.replace(DIGEST, "<digest>") : stdout, domain),
      stderr: normalise(stderr, domain),
    });
  }
  cli.dispose();
  return turns;
}

async function untilExited(cli: DockerCli, name: string): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const { stdout } = await cli.run([
      "inspect",
      "-f",
      "{{.State.Status}} {{.RestartCount}}",
      name,
    ]);
    if (stdout === "exited 2\n") return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What differs from run to run: identifiers of containers, times, the registry's port, lines of progress. */
function normalise(text: string, domain: string): readonly string[] {
  return (
    text
      .replaceAll(domain, "REG")
      .replace(/copy-(mine|theirs)/g, "COPY")
      .replace(/made-(mine|theirs)/g, "MADE")
      .replace(/'\/tmp\/slipway-docker-config-\w+\//g, "'<config>/")
      // dockerd runs without a bridge here, on cgroups v1; masked paths grew since 20.10.
      .replace(/"NetworkDisabled":true,/g, "")
      .replace(/"NetworkMode":"(default|bridge)"/g, '"NetworkMode":"<default>"')
      .replace(/"CgroupnsMode":"(host|private)"/g, '"CgroupnsMode":"<default>"')
      .replace(/"(\/proc\/interrupts|\/sys\/devices\/virtual\/powercap)",?/g, "")
      .replace(/,\]/g, "]")
      // dockerd pushes a manifest of its own making, Slipway the one the image came with.
      .replace(/digest: sha256:[0-9a-f]{64} size: \d+/g, "digest: <digest> size: <size>")
      .replace(/^Untagged: (REG\/\w+)@sha256:[0-9a-f]{64}$/gm, "Untagged: $1@<digest>")
      .replace(/\r/g, "")
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "<time>")
      .replace(/"Hostname":"[0-9a-f]{12}"/g, '"Hostname":"<id>"')
      .replace(/container "?[0-9a-f]{64}"?/gi, "container <id>")
      .replace(/^[0-9a-f]{64}$/gm, "<id>")
      .replace(/container [0-9a-f]{12}\b/g, "container <id>")
      .replace(/(Less than a second|\d+ seconds?) ago/g, "<span> ago")
      .replace(/Up (Less than a second|\d+ seconds?)/g, "Up <span>")
      .split("\n")
      .filter((line) => line !== "" && !PROGRESS.test(line))
  );
}
