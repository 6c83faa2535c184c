/**
 * The flags of run and create as the request the API takes (docker/cli: container/opts.go). What was
 * not asked for is left out, so that the daemon's defaults and the image's hold.
 */
import { decodeUtf8 } from "../../layers/base/bytes.ts";
import { fail } from "../../layers/base/errors.ts";
import type { ContainerCreateRequest, HealthConfig } from "../api/schema/types.ts";
import type { CommandContext } from "./command.ts";
import { parseDurationNs } from "./format/go-time.ts";
import { exposedPorts, parsePublished } from "./published-ports.ts";
import { hostConfig } from "./host-config.ts";
import { networkingConfig } from "./network-flags.ts";
import { splitPair } from "./pairs.ts";

/** The whole request for `image` and its command. @throws SlipwayError invalidParameter */
export async function createRequest(context: CommandContext): Promise<ContainerCreateRequest> {
  const { flags } = context;
  const [image = "", ...command] = context.args;
  const attach = attachedStreams(context);
  const published = parsePublished(flags.list("publish"));
  const ports = { ...exposedPorts(flags.list("expose")), ...published.exposed };
  const volumes = anonymousVolumes(flags.list("volume"));
  const stopTimeout = flags.has("stop-timeout") ? { StopTimeout: flags.int("stop-timeout") } : {};
  const healthcheck = healthConfig(context);
  const networks = networkingConfig(flags);
  return {
    Hostname: flags.string("hostname"),
    Domainname: flags.string("domainname"),
    User: flags.string("user"),
    ...attach,
    Tty: flags.bool("tty"),
    OpenStdin: flags.bool("interactive"),
    StdinOnce: flags.bool("interactive") && attach.AttachStdin,
    ExposedPorts: Object.keys(ports).length === 0 ? null : ports,
    Env: await environment(context),
    ...(command.length === 0 ? {} : { Cmd: command }),
    Image: image,
    Volumes: volumes,
    WorkingDir: flags.string("workdir"),
    ...entrypoint(context),
    Labels: await labels(context),
    StopSignal: flags.string("stop-signal"),
    ...stopTimeout,
    ...(healthcheck === undefined ? {} : { Healthcheck: healthcheck }),
    HostConfig: hostConfig(context, published.bindings),
    NetworkingConfig: networks,
  };
}

function attachedStreams(context: CommandContext): {
  AttachStdin: boolean;
  AttachStdout: boolean;
  AttachStderr: boolean;
} {
  const { flags } = context;
  const asked = flags.list("attach").map((name) => name.toLowerCase());
  const isDetached = flags.bool("detach");
  if (asked.length > 0) {
    return {
      AttachStdin: asked.includes("stdin"),
      AttachStdout: asked.includes("stdout"),
      AttachStderr: asked.includes("stderr"),
    };
  }
  return {
    AttachStdin: flags.bool("interactive") && !isDetached,
    AttachStdout: !isDetached,
    AttachStderr: !isDetached,
  };
}

function entrypoint(context: CommandContext): { Entrypoint?: string[] } {
  const { flags } = context;
  if (!flags.has("entrypoint")) return {};
  const text = flags.string("entrypoint");
  // The empty string clears the image's entrypoint, as [""] does in the API.
  return { Entrypoint: [text] };
}

/** --env-file and --env, with the client's own values for names without one. */
export async function environment(context: CommandContext): Promise<string[]> {
  const { flags, io } = context;
  const fromFiles: string[] = [];
  for (const path of flags.list("env-file")) fromFiles.push(...(await linesOf(context, path, "environment")));
  return [...fromFiles, ...flags.list("env")].map((entry) => {
    if (entry.includes("=")) return entry;
    const value = io.env[entry];
    return value === undefined ? entry : `${entry}=${value}`;
  });
}

async function labels(context: CommandContext): Promise<Record<string, string>> {
  const { flags } = context;
  const entries: string[] = [];
  for (const path of flags.list("label-file")) entries.push(...(await linesOf(context, path, "label")));
  entries.push(...flags.list("label"));
  return Object.fromEntries(entries.map(splitPair));
}

async function linesOf(context: CommandContext, path: string, what: string): Promise<string[]> {
  const { files } = context.io;
  if (files === undefined) throw fail("invalidParameter", `open ${path}: no such file or directory`);
  const text = decodeUtf8(await files.read(path));
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.replace(/^[ \t]+/, ""))
    .filter((line) => line !== "" && !line.startsWith("#"));
  for (const line of lines) {
    const [name] = splitPair(line);
    if (name === "")
      throw fail("invalidParameter", `invalid ${what} in file ${path}: no variable name on line '${line}'`);
    if (/\s/.test(name))
      throw fail("invalidParameter", `invalid env file (${path}): variable '${name}' contains whitespaces`);
  }
  return lines;
}

/** Volumes without a source are anonymous ones, made by the daemon. */
function anonymousVolumes(values: readonly string[]): Record<string, object> {
  return Object.fromEntries(values.filter((value) => !value.includes(":")).map((path) => [path, {}]));
}

function healthConfig(context: CommandContext): HealthConfig | undefined {
  const { flags } = context;
  const names = [
    "health-cmd",
    "health-interval",
    "health-retries",
    "health-timeout",
    "health-start-period",
    "health-start-interval",
  ];
  const isAsked = names.some((name) => flags.has(name));
  if (flags.bool("no-healthcheck")) {
    if (isAsked) throw fail("invalidParameter", "--no-healthcheck conflicts with --health-* options");
    return { Test: ["NONE"] };
  }
  if (!isAsked) return undefined;
  const ns = (name: string): number => Number(parseDurationNs(flags.string(name)));
  const negative = ["health-interval", "health-timeout", "health-start-period", "health-start-interval"].find(
    (name) => ns(name) < 0,
  );
  if (negative !== undefined) throw fail("invalidParameter", `--${negative} cannot be negative`);
  if (flags.int("health-retries") < 0) throw fail("invalidParameter", "--health-retries cannot be negative");
  return {
    ...(flags.has("health-cmd") ? { Test: ["CMD-SHELL", flags.string("health-cmd")] } : {}),
    Interval: ns("health-interval"),
    Timeout: ns("health-timeout"),
    StartPeriod: ns("health-start-period"),
    StartInterval: ns("health-start-interval"),
    Retries: flags.int("health-retries"),
  };
}
