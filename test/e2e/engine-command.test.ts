/**
 * The product as the real docker command sees it: `slipway engine` in a process of its own, WASI
 * programs on the real backend, images from the static mirror and from a registry that wants tokens.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DockerCli, finished, hasDockerCli } from "../support/docker-cli.ts";
import { EngineProcess, hasBuiltCommand } from "../support/engine-process.ts";
import { PASSWORD, USERNAME, hasRegistry, startRegistry } from "../support/registry-server.ts";
import type { RegistryServer } from "../support/registry-server.ts";
import { IMAGES, hasImage } from "../support/site.ts";

const canRun = hasDockerCli && hasBuiltCommand && hasImage("hello-wasi") && hasImage("wasi-toolbox");

describe.skipIf(!canRun)("docker 28 with slipway engine (needs docker 28, the build and npm run images)", () => {
  const directory = mkdtempSync(join(tmpdir(), "slipway-engine-"));
  const args = ["-H", "tcp://127.0.0.1:0", "--data-root", join(directory, "data"), "--mirror", IMAGES];
  let engine: EngineProcess;
  let docker: DockerCli;

  beforeAll(async () => {
    engine = await EngineProcess.start(args);
    docker = new DockerCli(engine.host);
  });

  afterAll(async () => {
    await engine.stop("SIGKILL");
    docker.dispose();
    rmSync(directory, { recursive: true, force: true });
  });

  /** stdout of a command that must succeed. */
  async function ok(...command: string[]): Promise<string> {
    const result = await docker.run(command);
    expect(result, command.join(" ")).toMatchObject({ exitCode: 0 });
    return result.stdout;
  }

  test("runs hello-wasi from the mirror", async () => {
    expect(await ok("run", "--rm", "hello-wasi")).toContain("Hello from Slipway!");
  });

  test("gives exit codes, both streams, stdin, environment and working directory", async () => {
    expect(await docker.run(["run", "--rm", "wasi-toolbox", "exit", "42"])).toMatchObject({ exitCode: 42 });
    expect(await docker.run(["run", "--rm", "-i", "wasi-toolbox", "cat"], "typed\n")).toMatchObject({ stdout: "typed\n" });
    expect(await ok("run", "--rm", "-e", "A=b c", "wasi-toolbox", "env")).toContain("A=b c\n");
    expect(await docker.run(["run", "--rm", "wasi-toolbox", "crash"])).toMatchObject({ exitCode: 134 });
    const missing = await docker.run(["run", "--rm", "wasi-toolbox", "no-such-program"]);
    expect(missing.exitCode).toBe(127);
    expect(missing.stderr).toContain('exec: "no-such-program": executable file not found in $PATH');
  });

  test("stops and kills a tight loop", async () => {
    await ok("run", "-d", "--name", "spinning", "wasi-toolbox", "spin");
    await ok("stop", "-t", "1", "spinning");
    const [state = ""] = (await ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "spinning")).split("\n");
    expect(["exited 143", "exited 137"]).toContain(state);
    await ok("rm", "spinning");
  });

  test("files outlive a stop, a restart of the engine and its crash, and never reach the image", async () => {
    await ok("create", "--name", "keeper", "wasi-toolbox", "touch", "/root/kept");
    await ok("start", "-a", "keeper");
    expect(await ok("diff", "keeper")).toContain("A /root/kept");
    expect(await engine.stop("SIGTERM")).toBe(0);
    engine = await EngineProcess.start(args);
    docker.dispose();
    docker = new DockerCli(engine.host);
    expect(await ok("diff", "keeper")).toContain("A /root/kept");
    await engine.stop("SIGKILL");
    engine = await EngineProcess.start(args);
    docker.dispose();
    docker = new DockerCli(engine.host);
    expect(await ok("diff", "keeper")).toContain("A /root/kept");
    expect(await ok("ps", "-a", "--format", "{{.Names}} {{.State}}")).toBe("keeper exited\n");
    expect(await ok("run", "--rm", "wasi-toolbox", "ls", "/root")).toBe("");
    await ok("rm", "keeper");
  });

  test("copies files in and out", async () => {
    await ok("create", "--name", "copied", "wasi-toolbox", "cat", "/tmp/in");
    writeFileSync(join(directory, "in"), "from outside\n");
    await ok("cp", join(directory, "in"), "copied:/tmp/in");
    expect(await ok("start", "-a", "copied")).toBe("from outside\n");
    await ok("rm", "copied");
  });

  test("a linux/amd64 image is pulled, inspected and run", async () => {
    expect(await ok("image", "inspect", "-f", "{{.Os}}/{{.Architecture}}", await pulled("busybox"))).toBe("linux/amd64\n");
    const script = "echo $((6 * 7)) $NAME; read line; echo got $line >&2; exit 3";
    const result = await docker.run(["run", "--rm", "-i", "-e", "NAME=guest", "busybox", "sh", "-c", script], "a line\n");
    expect(result).toEqual({ exitCode: 3, stdout: "42 guest\n", stderr: "got a line\n" });
    const missing = await docker.run(["run", "--rm", "busybox", "no-such-program"]);
    expect(missing.exitCode).toBe(127);
    expect(missing.stderr).toContain('exec: "no-such-program": executable file not found in $PATH');
  });

  async function pulled(image: string): Promise<string> {
    await ok("pull", "-q", image);
    return image;
  }

  test("two engines never share a directory", async () => {
    await expect(EngineProcess.start(args)).rejects.toThrow(/another engine is using/);
  });

  test("a follower of logs sees lines as they come, and ends with the container", async () => {
    await ok("run", "-d", "--name", "talker", "wasi-toolbox", "seq", "1", "3");
    const follower = docker.start(["logs", "-f", "talker"]);
    expect(await finished(follower)).toMatchObject({ exitCode: 0, stdout: "1\n2\n3\n" });
    await ok("rm", "talker");
  });

  describe.skipIf(!hasRegistry)("and a registry with token authorization (needs docker-registry, htpasswd, openssl)", () => {
    let registry: RegistryServer;

    beforeAll(async () => {
      registry = await startRegistry({ auth: "token" });
    });
    afterAll(() => registry.stop());

    test("login, push, remove, pull and run", async () => {
      const name = `${registry.domain}/demo/hello:1`;
      await ok("tag", "hello-wasi", name);
      const refused = await docker.run(["push", name]);
      expect(refused.exitCode).toBe(1);
      const login = await docker.run(["login", "-u", USERNAME, "--password-stdin", registry.domain], PASSWORD);
      expect(login).toMatchObject({ exitCode: 0 });
      expect(login.stdout).toContain("Login Succeeded");
      expect(await ok("push", name)).toMatch(/1: digest: sha256:[0-9a-f]{64} size: \d+/);
      await ok("rmi", name);
      expect(await ok("pull", name)).toContain(`Status: Downloaded newer image for ${name}`);
      expect(await ok("run", "--rm", name)).toContain("Hello from Slipway!");
      const digests = JSON.parse(await ok("inspect", "-f", "{{json .RepoDigests}}", name)) as string[];
      expect(digests.some((digest) => digest.startsWith(`${registry.domain}/demo/hello@sha256:`))).toBe(true);
    });
  });
});
