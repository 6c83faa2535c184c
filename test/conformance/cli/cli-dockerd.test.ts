/**
 * Both clients drive the same real dockerd with the same script: containers that really run, exit codes,
 * stdin, logs, signals. Ids and times are evened out before comparing.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, copyFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Dockerd } from "../../support/dockerd.ts";
import { mayRunDockerd, startDockerd } from "../../support/dockerd.ts";
import { NodeTransport } from "./node-transport.ts";
import type { Outcome } from "./two-clients.ts";
import { WANTED_VERSION, realDockerVersion, runOurs, runReal } from "./two-clients.ts";

/** Debian's dockerd speaks this version; the client steps down to it. */
const DOCKERD_API = "1.41";
const BUSYBOX = "/bin/busybox";

/** Typed one after the other by one client, then, after a cleaning up, by the other. */
const SCRIPT: readonly (readonly [args: readonly string[], stdin?: string])[] = [
  [["run", "--rm", "tools", "echo", "hello"]],
  [["run", "--rm", "-i", "tools", "cat"], "typed text\nwithout an end"],
  [["run", "--rm", "-i", "tools", "head", "-n", "1"], "first\nsecond\n"],
  [["run", "--rm", "tools", "sh", "-c", "echo out; echo err >&2; exit 3"]],
  [["run", "--rm", "-t", "tools", "sh", "-c", "echo out; echo err >&2; exit 4"]],
  [["run", "--rm", "tools", "sh", "-c", "kill -9 $$"]],
  [
    [
      "run",
      "--rm",
      "-e",
      "A=1",
      "-w",
      "/tmp",
      "-u",
      "5:6",
      "--hostname",
      "box",
      "tools",
      "sh",
      "-c",
      "echo $A $PWD $(id -u):$(id -g) $(hostname)",
    ],
  ],
  [["run", "--rm", "--entrypoint", "echo", "tools", "from", "entrypoint"]],
  [["run", "--rm", "--read-only", "tools", "touch", "/x"]],
  [["run", "--rm", "--tmpfs", "/t", "tools", "sh", "-c", "mount | grep -c ' /t '"]],
  [["run", "--rm", "--ulimit", "nofile=100:200", "tools", "sh", "-c", "ulimit -n"]],
  [["run", "--rm", "tools", "nosuchcommand"]],
  [["run", "--rm", "tools", "/etc"]],
  [["run", "nosuchimage:x"]],
  [["run", "-d", "--name", "bg", "--label", "a=b", "tools", "sh", "-c", "echo started; sleep 100"]],
  [["run", "--name", "bg", "tools", "true"]],
  [
    [
      "inspect",
      "-f",
      "{{.Name}} {{.State.Status}} {{.State.Running}} {{.Config.Cmd}} {{.Config.Labels}} {{.HostConfig.RestartPolicy.Name}} {{json .Config.Env}}",
      "bg",
    ],
  ],
  [
    [
      "inspect",
      "-f",
      "{{range .Mounts}}x{{end}}{{len .Args}}{{.HostConfig.NetworkMode}}{{.HostConfig.Binds}}{{.Driver}}",
      "bg",
    ],
  ],
  [
    [
      "ps",
      "--format",
      "{{.Names}} {{.Image}} {{.Command}} {{.State}} {{.Labels}} {{.Networks}} {{.Ports}}",
    ],
  ],
  [["logs", "bg"]],
  [["logs", "--tail", "0", "bg"]],
  [["top", "bg", "-o", "comm"]],
  [["rm", "bg"]],
  [["start", "bg"]],
  [["rename", "bg", "fg"]],
  [["rename", "nothing", "fg"]],
  [["stop", "-t", "0", "fg"]],
  [["wait", "fg"]],
  [["start", "-a", "nothing"]],
  [["attach", "fg"]],
  [["restart", "-t", "0", "fg"]],
  [["kill", "-s", "NOPE", "fg"]],
  [["kill", "fg"]],
  [["kill", "fg"]],
  [["ps", "-a", "--filter", "name=fg", "--format", "{{.Names}} {{.State}}"]],
  [["ps", "--filter", "nonsense=1"]],
  [["rm", "-f", "fg", "nothing"]],
  [["create", "--name", "c1", "-i", "tools", "cat"]],
  [["start", "-ai", "c1"], "through start"],
  [["logs", "c1"]],
  [["rm", "c1"]],
  [["tag", "tools", "other/name:v1"]],
  [["images", "--format", "{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}}", "other/name"]],
  [["images", "-q", "tools"]],
  [["history", "--format", "{{.ID}} {{.Size}} {{.Comment}}", "tools"]],
  [
    [
      "inspect",
      "-f",
      "{{.Os}}/{{.Architecture}} {{.RepoTags}} {{.RootFS.Type}} {{len .RootFS.Layers}}",
      "tools",
    ],
  ],
  [["inspect", "nothing"]],
  [["image", "inspect", "nothing"]],
  [["rmi", "other/name:v1"]],
  [["rmi", "nothing"]],
  [["container", "prune", "-f"]],
  [["image", "prune", "-f"]],
  [["system", "prune", "-f"]],
  [["info", "-f", "{{.Driver}} {{.Containers}} {{.OSType}} {{.CgroupDriver}}"]],
  [["system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}}"]],
  [["events", "--since", "1h", "--until", "0s", "--filter", "event=nonsense"]],
];

/** One that takes longer has hung, which is an outcome too. */
const COMMAND_MS_MAX = 10_000;
const HUNG: Outcome = { stdout: "", stderr: "it hung\n", exitCode: -1 };

const isPossible = mayRunDockerd && realDockerVersion() === WANTED_VERSION && hasBusybox();

function hasBusybox(): boolean {
  try {
    return execFileSync(BUSYBOX, ["true"]).length === 0;
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return false;
    throw thrown;
  }
}

function importTools(host: string): void {
  const root = mkdtempSync(join(tmpdir(), "slipway-tools-"));
  mkdirSync(join(root, "bin"));
  for (const directory of ["etc", "tmp", "t", "proc", "sys", "dev"])
    mkdirSync(join(root, directory));
  copyFileSync(BUSYBOX, join(root, "bin/busybox"));
  for (const name of [
    "sh",
    "echo",
    "cat",
    "head",
    "sleep",
    "id",
    "hostname",
    "touch",
    "mount",
    "grep",
    "true",
    "kill",
  ]) {
    symlinkSync("busybox", join(root, "bin", name));
  }
  execFileSync(
    "sh",
    ["-c", `tar c -C ${root} . | docker import --change 'ENV PATH=/bin' - tools`],
    {
      env: { ...process.env, DOCKER_HOST: host },
    },
  );
  rmSync(root, { recursive: true });
}

function evened(outcome: Outcome): string {
  const text = `${outcome.stdout}--- stderr\n${outcome.stderr}--- exit code ${outcome.exitCode}`;
  return text.replace(/\b[0-9a-f]{64}\b/g, "<id>").replace(/\b[0-9a-f]{12}\b/g, "<short id>");
}

async function play(
  run: (args: readonly string[], stdin: string) => Promise<Outcome>,
): Promise<string[]> {
  const results: string[] = [];
  for (const [args, stdin] of SCRIPT) {
    const late = new Promise<Outcome>((resolve) =>
      setTimeout(resolve, COMMAND_MS_MAX, HUNG).unref(),
    );
    results.push(evened(await Promise.race([run(args, stdin ?? ""), late])));
  }
  return results;
}

describe.skipIf(!isPossible)("both clients against dockerd", () => {
  let dockerd: Dockerd | undefined;
  let ours: string[] = [];
  let real: string[] = [];

  beforeAll(async () => {
    dockerd = await startDockerd();
    if (dockerd === undefined) return;
    const { host } = dockerd;
    importTools(host);
    const transport = new NodeTransport({ socketPath: host.replace("unix://", "") }, DOCKERD_API);
    real = await play((args, stdin) => runReal(host, args, stdin));
    ours = await play((args, stdin) => runOurs(transport, args, { stdin }));
  }, 180_000);
  afterAll(() => dockerd?.stop());

  test.each(SCRIPT.map(([args], index) => [args.join(" "), index] as const))(
    "docker %s",
    (_line, index) => {
      if (dockerd === undefined) return test.skip("dockerd does not start on this machine");
      expect(ours[index]).toBe(real[index]);
    },
  );
});
