/** docker info: the client and the daemon, in the order docker/cli prints them (system/info.go). */
import type { SystemInfo } from "../../api/schema/types.ts";
import type { Command, CommandContext } from "../command.ts";
import { ExitError } from "../command.ts";
import { errorText } from "../error-text.ts";
import { OBJECT_FORMAT } from "../format-flags.ts";
import { bytesSize } from "../format/units.ts";
import { goObject } from "../go-objects.ts";
import type { Template } from "../template/ast.ts";
import { executeTemplate } from "../template/evaluate.ts";
import { FUNCTION_NAMES } from "../template/functions.ts";
import { TemplateError } from "../template/lexer.ts";
import { parseTemplate } from "../template/parser.ts";
import { GoStruct, sortedKeys, toJson } from "../template/values.ts";
import { isKind, messageOf } from "../../../layers/base/errors.ts";
import { CLIENT_VERSION } from "../version.ts";

const CLIENT = { Debug: false, Version: CLIENT_VERSION, Context: "default", Plugins: [], Warnings: null };

export const info: Command = {
  names: ["system info", "info"],
  use: "[OPTIONS]",
  summary: "Display system-wide information",
  flags: [OBJECT_FORMAT],
  arguments: { kind: "none" },
  async run(context) {
    const format = context.flags.string("format");
    let server: SystemInfo | undefined;
    let failure = "";
    try {
      server = (await context.client.system.systemInfo(context.signal)).value;
    } catch (thrown) {
      if (isKind(thrown, "cancelled")) throw thrown;
      failure = errorText(thrown);
    }
    if (format === "json") await context.out(`${toJson(asGo(server, failure))}\n`);
    else if (format !== "") await show(context, format, asGo(server, failure));
    else {
      await context.out(clientText());
      if (server !== undefined) await context.out(`\nServer:\n${serverText(server)}\n`);
      for (const warning of server?.Warnings ?? []) await context.err(`${warning}\n`);
      if (failure !== "") await context.out("\nServer:\n");
    }
    if (failure !== "")
      throw new ExitError(1, format === "" ? `${failure}\nerrors pretty printing info` : failure);
    return 0;
  },
};

/** The two structs embedded in one, as docker/cli has them: the server's fields first. */
function asGo(server: SystemInfo | undefined, failure: string): GoStruct {
  const fields = server === undefined ? {} : (goObject(server, "Info") as GoStruct).fields; // An object gives a struct.
  return new GoStruct("system.dockerInfo", {
    ...fields,
    ...(failure === "" ? {} : { ServerErrors: [failure] }),
    ClientInfo: new GoStruct("*system.clientInfo", CLIENT),
  });
}

async function show(context: CommandContext, format: string, data: GoStruct): Promise<void> {
  const template = parseInfo(format);
  try {
    await context.out(`${executeTemplate(template, data)}\n`);
  } catch (thrown) {
    if (!(thrown instanceof TemplateError)) throw thrown;
    await context.out("\n"); // As docker does: the line is ended whatever was on it.
    throw new ExitError(1, messageOf(thrown));
  }
}

function parseInfo(format: string): Template {
  try {
    return parseTemplate(format, FUNCTION_NAMES);
  } catch (thrown) {
    throw new ExitError(64, `template parsing error: ${messageOf(thrown)}`);
  }
}

function clientText(): string {
  return `Client:\n Version:    ${CLIENT.Version}\n Context:    ${CLIENT.Context}\n Debug Mode: ${CLIENT.Debug}\n`;
}

function serverText(server: SystemInfo): string {
  return [
    ...counts(server),
    ...drivers(server),
    ...plugins(server),
    ...runtimes(server),
    ...security(server),
    ...machine(server),
    ...registries(server),
  ]
    .map((line) => ` ${line}\n`)
    .join("");
}

function line(name: string, value: string | number | undefined): string[] {
  return value === undefined || value === "" ? [] : [`${name}: ${value}`];
}

function counts(server: SystemInfo): string[] {
  return [
    `Containers: ${server.Containers ?? 0}`,
    ` Running: ${server.ContainersRunning ?? 0}`,
    ` Paused: ${server.ContainersPaused ?? 0}`,
    ` Stopped: ${server.ContainersStopped ?? 0}`,
    `Images: ${server.Images ?? 0}`,
    ...line("Server Version", server.ServerVersion),
  ];
}

function drivers(server: SystemInfo): string[] {
  const status = ((server.DriverStatus as string[][] | null | undefined) ?? []).map(
    ([name = "", value = ""]) => ` ${name}: ${value}`,
  );
  return [
    ...line("Storage Driver", server.Driver),
    ...status,
    ...line("Logging Driver", server.LoggingDriver),
    ...line("Cgroup Driver", server.CgroupDriver),
    ...line("Cgroup Version", server.CgroupVersion),
  ];
}

function plugins(server: SystemInfo): string[] {
  const found = server.Plugins;
  const row = (name: string, list: readonly string[] | null | undefined): string[] =>
    list === null || list === undefined || (list.length === 0 && name === "Authorization")
      ? []
      : [` ${name}: ${list.join(" ")}`];
  return [
    "Plugins:",
    ` Volume: ${(found?.Volume ?? []).join(" ")}`,
    ` Network: ${(found?.Network ?? []).join(" ")}`,
    ...row("Authorization", found?.Authorization),
    ` Log: ${(found?.Log ?? []).join(" ")}`,
    ...specDirectories(server.CDISpecDirs),
    `Swarm: ${server.Swarm?.LocalNodeState ?? "inactive"}`,
  ];
}

function specDirectories(directories: readonly string[] | null | undefined): string[] {
  if (directories === null || directories === undefined || directories.length === 0) return [];
  return ["CDI spec directories:", ...directories.map((directory) => ` ${directory}`)];
}

function runtimes(server: SystemInfo): string[] {
  const names = sortedKeys(server.Runtimes ?? {});
  const lines =
    names.length === 0
      ? []
      : [`Runtimes: ${names.join(" ")}`, `Default Runtime: ${server.DefaultRuntime ?? ""}`];
  if (server.OSType !== "linux") return lines;
  return [
    ...lines,
    `Init Binary: ${server.InitBinary ?? ""}`,
    `containerd version: ${server.ContainerdCommit?.ID ?? ""}`,
    `runc version: ${server.RuncCommit?.ID ?? ""}`,
    `init version: ${server.InitCommit?.ID ?? ""}`,
  ];
}

/** "name=seccomp,profile=builtin" */
function security(server: SystemInfo): string[] {
  const options = (server.SecurityOptions as string[] | null | undefined) ?? [];
  if (server.OSType !== "linux" || options.length === 0) return [];
  const lines = options.flatMap((option) => {
    const pairs = option.split(",").map((pair) => pair.split("="));
    return pairs.map(([key = "", value = ""]) =>
      key === "name" ? ` ${value}` : `  ${key.charAt(0).toUpperCase()}${key.slice(1)}: ${value}`,
    );
  });
  return ["Security Options:", ...lines];
}

function machine(server: SystemInfo): string[] {
  return [
    ...line("Kernel Version", server.KernelVersion),
    ...line("Operating System", server.OperatingSystem),
    ...line("OSType", server.OSType),
    ...line("Architecture", server.Architecture),
    `CPUs: ${server.NCPU ?? 0}`,
    `Total Memory: ${bytesSize(server.MemTotal ?? 0)}`,
    ...line("Name", server.Name),
    ...line("ID", server.ID),
    `Docker Root Dir: ${server.DockerRootDir ?? ""}`,
    `Debug Mode: ${server.Debug ?? false}`,
    ...debugCounts(server),
    ...line("HTTP Proxy", server.HttpProxy),
    ...line("HTTPS Proxy", server.HttpsProxy),
    ...line("No Proxy", server.NoProxy),
  ];
}

function debugCounts(server: SystemInfo): string[] {
  if (server.Debug !== true) return [];
  return [
    ` File Descriptors: ${server.NFd ?? 0}`,
    ` Goroutines: ${server.NGoroutines ?? 0}`,
    ` System Time: ${server.SystemTime ?? ""}`,
    ` EventsListeners: ${server.NEventsListener ?? 0}`,
  ];
}

function registries(server: SystemInfo): string[] {
  const labels = (server.Labels as string[] | null | undefined) ?? [];
  const config = server.RegistryConfig;
  const indexes = Object.values(config?.IndexConfigs ?? {}).filter((index) => index.Secure === false);
  const insecure = [
    ...indexes.map((index) => index.Name ?? ""),
    ...((config?.InsecureRegistryCIDRs as string[] | null | undefined) ?? []),
  ];
  const mirrors = (config?.Mirrors as string[] | null | undefined) ?? [];
  const pools = (server.DefaultAddressPools as { Base?: string; Size?: number }[] | null | undefined) ?? [];
  return [
    ...(labels.length === 0 ? [] : ["Labels:", ...labels.map((label) => ` ${label}`)]),
    `Experimental: ${server.ExperimentalBuild ?? false}`,
    ...(insecure.length === 0 ? [] : ["Insecure Registries:", ...insecure.map((name) => ` ${name}`)]),
    ...(mirrors.length === 0 ? [] : ["Registry Mirrors:", ...mirrors.map((mirror) => ` ${mirror}`)]),
    `Live Restore Enabled: ${server.LiveRestoreEnabled ?? false}`,
    ...line("Product License", server.ProductLicense),
    ...(pools.length === 0
      ? []
      : [
          "Default Address Pools:",
          ...pools.map((pool) => `  Base: ${pool.Base ?? ""}, Size: ${pool.Size ?? 0}`),
        ]),
  ];
}
