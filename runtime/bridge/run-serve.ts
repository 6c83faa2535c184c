/** `slipway serve`, composed: site, mirror and proxy on one loopback port until a signal ends it. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { fail } from "../../layers/base/errors.ts";
import type { AllowedHost } from "../../layers/cors-proxy/allow-list.ts";
import { createNodeProxy } from "../../layers/cors-proxy/node/server.ts";
import { listen } from "./listen-address.ts";
import { createSiteServer } from "./site-server.ts";
import { untilSignal } from "./until-signal.ts";

export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly mirrorDirectory: string | undefined;
  readonly siteDirectory: string | undefined;
  readonly hasProxy: boolean;
  readonly proxyAllow: readonly string[];
  readonly proxyCache: string | undefined;
}

/** Compiled to .build/runtime/bridge/, beside .build/site/. */
const BUILT_SITE = fileURLToPath(new URL("../../site/", import.meta.url));

/** Serves until SIGINT or SIGTERM; prints the page's address when ready. */
export async function runServe(options: ServeOptions): Promise<number> {
  const siteDirectory = resolve(options.siteDirectory ?? BUILT_SITE);
  if (!existsSync(join(siteDirectory, "index.html"))) {
    throw fail("notFound", `there is no built page in ${siteDirectory}: run 'npm run build' first`);
  }
  if (options.mirrorDirectory !== undefined && !existsSync(join(options.mirrorDirectory, "oci-layout"))) {
    throw fail("notFound", `${options.mirrorDirectory} is not an OCI image layout (it has no file oci-layout)`);
  }
  const proxy = options.hasProxy
    ? createNodeProxy({
        cacheFolder: options.proxyCache ?? defaultCache(),
        allow: options.proxyAllow.map(parseAllowed),
      })
    : undefined;
  const server = createSiteServer({ siteDirectory, mirrorDirectory: options.mirrorDirectory, proxy });
  const address = await listen(server, { kind: "tcp", host: options.host, port: options.port });
  console.log(`Slipway is ready at ${address.replace("tcp://", "http://")}/`);
  await untilSignal();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  return 0;
}

function defaultCache(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "slipway", "proxy");
}

/** "ghcr.example.org" over TLS, or "http://127.0.0.1:5000" in the clear and wherever it resolves to. */
function parseAllowed(text: string): AllowedHost {
  const serves = ["registry", "token", "blobs"] as const;
  if (!text.includes("://")) return { host: text, serves };
  if (!URL.canParse(text)) throw fail("invalidParameter", `invalid --proxy-allow: ${text}`);
  const url = new URL(text);
  return { host: url.host, serves, insecure: url.protocol === "http:", isPrivateAllowed: true };
}
