/**
 * `slipway engine`, composed: the engine on a directory of this machine, listening where the docker
 * command looks for it.
 */
import { createServer } from "node:http";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { existsSync } from "node:fs";
import { fail } from "../../layers/base/errors.ts";
import { openNodeEngine } from "../workers/node/engine.ts";
import { createApiServer } from "./http-server.ts";
import { listen, parseListenAddress } from "./listen-address.ts";
import { staticFiles } from "./static-files.ts";
import { untilSignal } from "./until-signal.ts";

export interface EngineCommandOptions {
  readonly hosts: readonly string[];
  readonly dataRoot: string | undefined;
  /** Directories or URLs of OCI image layouts. */
  readonly mirrors: readonly string[];
  readonly insecureRegistries: readonly string[];
}

/** Runs until SIGINT or SIGTERM; prints one line per address when ready. */
export async function runEngine(options: EngineCommandOptions): Promise<number> {
  const addresses = options.hosts.map(parseListenAddress);
  const closers: (() => Promise<void>)[] = [];
  try {
    const mirrors: string[] = [];
    for (const mirror of options.mirrors) {
      mirrors.push(/^https?:\/\//.test(mirror) ? mirror : await serveMirror(resolve(mirror), closers));
    }
    const composed = await openNodeEngine({
      dataRoot: resolve(options.dataRoot ?? defaultDataRoot()),
      settings: { mirrors, insecureRegistries: options.insecureRegistries },
    });
    closers.push(() => composed.close());
    for (const address of addresses) {
      const server = createApiServer(composed.handler);
      const printed = await listen(server, address);
      closers.push(async () => {
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
      });
      console.log(`Slipway engine is ready at ${printed}`);
    }
    await untilSignal();
    return 0;
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

function defaultDataRoot(): string {
  return join(process.env["XDG_DATA_HOME"] ?? join(homedir(), ".local", "share"), "slipway");
}

/** A directory becomes a mirror on a loopback port, since mirrors are read over HTTP. */
async function serveMirror(directory: string, closers: (() => Promise<void>)[]): Promise<string> {
  if (!existsSync(join(directory, "oci-layout"))) {
    throw fail("notFound", `${directory} is not an OCI image layout (it has no file oci-layout)`);
  }
  const files = staticFiles(directory, { headers: {}, isImmutable: (path) => path.startsWith("blobs/") });
  const server = createServer((request, response) => {
    void files(new URL(request.url ?? "/", "http://localhost").pathname.slice(1), request, response);
  });
  const address = await listen(server, { kind: "tcp", host: "127.0.0.1", port: 0 });
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  return `${address.replace("tcp://", "http://")}/`;
}
