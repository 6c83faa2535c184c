/**
 * A full disk under `slipway engine`: the guest is told ENOSPC, the engine goes on, and what is removed makes
 * room. The data root is a tmpfs of a few megabytes, which only root can mount.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DockerCli, hasDockerCli } from "../support/docker-cli.ts";
import { EngineProcess, hasBuiltCommand } from "../support/engine-process.ts";
import { IMAGES, hasImage } from "../support/site.ts";

const isPossible = hasDockerCli && hasBuiltCommand && hasImage("busybox") && process.getuid?.() === 0;

describe.skipIf(!isPossible)("slipway engine on a full disk (needs docker 28, the build, npm run images, root)", () => {
  const directory = mkdtempSync(join(tmpdir(), "slipway-full-"));
  const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=10m", "none", directory]).status === 0;
  let engine: EngineProcess | undefined;
  let docker: DockerCli | undefined;

  beforeAll(async () => {
    if (!isMounted) return;
    const data = join(directory, "data");
    engine = await EngineProcess.start(["-H", "tcp://127.0.0.1:0", "--data-root", data, "--mirror", IMAGES]);
    docker = new DockerCli(engine.host);
    await docker.run(["pull", "-q", "busybox"]);
  });

  afterAll(async () => {
    await engine?.stop("SIGKILL");
    docker?.dispose();
    if (isMounted) spawnSync("umount", [directory]);
    rmSync(directory, { recursive: true, force: true });
  });

  test("write(2) answers ENOSPC, docker rm makes room, and the next container runs", async (context) => {
    if (docker === undefined) {
      context.skip("no tmpfs can be mounted here");
      return;
    }
    const script = "dd if=/dev/zero of=/root/big bs=64k count=400 2>/tmp/said; echo $?; cat /root/big | wc -c";
    const full = await docker.run(["run", "--name", "full", "busybox", "sh", "-c", script]);
    expect(full.stderr + full.stdout).toMatch(/^1\n[1-9]\d{6}\n$/);
    const told = await docker.run(["run", "--rm", "--name", "next", "busybox", "true"]);
    expect(told).toMatchObject({ exitCode: 125 });
    expect(told.stderr).toContain("no space left on device");
    expect(await docker.run(["rm", "full"])).toMatchObject({ exitCode: 0, stdout: "full\n" });
    expect(await docker.run(["run", "--rm", "busybox", "echo", "room again"])).toEqual({
      exitCode: 0,
      stdout: "room again\n",
      stderr: "",
    });
  }, 60_000);
});
