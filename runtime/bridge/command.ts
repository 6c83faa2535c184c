/**
 * The `slipway` command: `serve` (page, proxy, mirror) and `engine` (headless, for the real docker
 * CLI). Parses, starts, prints one line when ready, and ends cleanly on SIGINT and SIGTERM.
 */
import { parseArgs } from "node:util";
import { SlipwayError, fail, messageOf } from "../../layers/base/errors.ts";
import { runEngine } from "./run-engine.ts";
import { runServe } from "./run-serve.ts";

const USAGE = `Usage:  slipway COMMAND [OPTIONS]

Docker in a browser tab: real, not simulated.

Commands:
  serve     Serve the page, with the CORS proxy and an optional static mirror
  engine    Run the engine headless, for the docker command line

Run 'slipway COMMAND --help' for more information on a command.`;

const USAGE_SERVE = `Usage:  slipway serve [OPTIONS]

Serve the page, with the CORS proxy and an optional static mirror

Options:
      --host string           Address to listen on (default "127.0.0.1")
      --port int              Port to listen on; 0 chooses one (default 8080)
      --mirror string         OCI image layout (a directory) to serve as the static mirror
      --site string           Directory with the built page
      --no-proxy              Do not run the CORS proxy
      --proxy-allow string    Registry host the proxy may also speak to; http://HOST:PORT for
                              plain HTTP, private addresses included (may be repeated)
      --proxy-cache string    Directory of the proxy's cache (default: the user's cache directory)`;

const USAGE_ENGINE = `Usage:  slipway engine [OPTIONS]

Run the engine headless, for the docker command line

Options:
  -H, --host string                 Address to listen on: tcp://HOST:PORT or unix://PATH; repeatable
                                    (default "tcp://127.0.0.1:2375")
      --data-root string            Directory of images and containers
      --mirror string               OCI image layout, as a directory or URL (may be repeated)
      --insecure-registry string    Registry spoken to over plain HTTP (may be repeated)`;

/** Runs one command line; the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  try {
    switch (command) {
      case "serve":
        return await serve(rest);
      case "engine":
        return await engine(rest);
      case undefined:
      case "help":
      case "--help":
      case "-h":
        console.log(USAGE);
        return command === undefined ? 1 : 0;
      default:
        throw fail("invalidParameter", `unknown command: slipway ${command}\n\nRun 'slipway --help' for more information`);
    }
  } catch (thrown) {
    console.error(`slipway: ${messageOf(thrown)}`);
    return 1;
  }
}

async function serve(args: readonly string[]): Promise<number> {
  const { values } = parse(args, {
    help: { type: "boolean", short: "h" },
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "8080" },
    mirror: { type: "string" },
    site: { type: "string" },
    "no-proxy": { type: "boolean", default: false },
    "proxy-allow": { type: "string", multiple: true },
    "proxy-cache": { type: "string" },
  });
  if (values.help === true) return usage(USAGE_SERVE);
  return runServe({
    host: values.host,
    port: parsePort(values.port),
    mirrorDirectory: values.mirror,
    siteDirectory: values.site,
    hasProxy: !values["no-proxy"],
    proxyAllow: values["proxy-allow"] ?? [],
    proxyCache: values["proxy-cache"],
  });
}

async function engine(args: readonly string[]): Promise<number> {
  const { values } = parse(args, {
    help: { type: "boolean" },
    host: { type: "string", short: "H", multiple: true },
    "data-root": { type: "string" },
    mirror: { type: "string", multiple: true },
    "insecure-registry": { type: "string", multiple: true },
  });
  if (values.help === true) return usage(USAGE_ENGINE);
  return runEngine({
    hosts: values.host ?? ["tcp://127.0.0.1:2375"],
    dataRoot: values["data-root"],
    mirrors: values.mirror ?? [],
    insecureRegistries: values["insecure-registry"] ?? [],
  });
}

type OptionsConfig = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>["options"]>;

/** parseArgs with its errors as ours. */
function parse<T extends OptionsConfig>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false });
  } catch (thrown) {
    throw SlipwayError.from(thrown);
  }
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw fail("invalidParameter", `invalid port: ${text}`);
  return port;
}

function usage(text: string): number {
  console.log(text);
  return 0;
}
