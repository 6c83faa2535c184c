/** A real dockerd of our own as an oracle: its own directories, no bridge, no iptables, ended by pid. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Dockerd {
  readonly host: string;
  stop(): Promise<void>;
}

/** Needs root and Debian's docker.io; it may still fail to start (no cgroups in some sandboxes). */
export const mayRunDockerd = process.getuid?.() === 0 && spawnSync("dockerd", ["--version"]).status === 0;

const START_MS_MAX = 20_000;

/** Undefined when it does not come up. vfs works everywhere; overlay2 does not copy the image for each container. */
export async function startDockerd(driver: "vfs" | "overlay2" = "vfs"): Promise<Dockerd | undefined> {
  const directory = mkdtempSync(join(tmpdir(), "slipway-dockerd-"));
  const socket = join(directory, "sock");
  const args = [
    "--data-root",
    join(directory, "data"),
    "--exec-root",
    join(directory, "exec"),
    "-p",
    join(directory, "pid"),
  ];
  const daemon = spawn(
    "dockerd",
    [
      ...args,
      "-H",
      `unix://${socket}`,
      "-s",
      driver,
      "--iptables=false",
      "--ip6tables=false",
      "--bridge=none",
    ],
    {
      stdio: "ignore",
    },
  );
  const ended = new Promise<void>((resolve) => daemon.on("exit", () => resolve()));
  const stop = async (): Promise<void> => {
    daemon.kill("SIGTERM");
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
  const deadline = Date.now() + START_MS_MAX;
  while (Date.now() < deadline && daemon.exitCode === null) {
    if (existsSync(socket) && (await answers(socket))) return { host: `unix://${socket}`, stop };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await stop();
  return undefined;
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on("error", () => resolve(false));
    socket.on("data", (data) => {
      socket.destroy();
      resolve(/^HTTP\/1\.\d 200 /.test(data.toString()));
    });
    socket.on("connect", () => socket.write("GET /_ping HTTP/1.0\r\n\r\n"));
  });
}
