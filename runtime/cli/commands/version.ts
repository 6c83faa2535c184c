/** docker version: the client's and the daemon's. */
import type { SystemVersion } from "../../api/schema/types.ts";
import { API_VERSION } from "../../api/schema/types.ts";
import type { Command, CommandContext } from "../command.ts";
import { errorText } from "../error-text.ts";
import { OBJECT_FORMAT } from "../format-flags.ts";
import { formatAnsic, parseRfc3339Ns } from "../format/go-time.ts";
import { alignTabs } from "../format/tabwriter.ts";
import type { Template } from "../template/ast.ts";
import { executeTemplate } from "../template/evaluate.ts";
import { FUNCTION_NAMES } from "../template/functions.ts";
import { TemplateError } from "../template/lexer.ts";
import { parseTemplate } from "../template/parser.ts";
import { GoStruct, toJson } from "../template/values.ts";
import { CLIENT_COMMIT, CLIENT_VERSION } from "../version.ts";
import { ExitError } from "../command.ts";
import { isKind, messageOf } from "../../../layers/base/errors.ts";

/** The real client says which Go built it; this one was not built with Go. */
const CLIENT = {
  Version: CLIENT_VERSION,
  ApiVersion: API_VERSION,
  DefaultAPIVersion: API_VERSION,
  GitCommit: CLIENT_COMMIT,
  GoVersion: "none (TypeScript)",
  Os: "wasi",
  Arch: "wasm",
  BuildTime: "",
  Context: "default",
};

export const version: Command = {
  names: ["version"],
  use: "[OPTIONS]",
  summary: "Show the Docker version information",
  flags: [OBJECT_FORMAT],
  arguments: { kind: "none" },
  async run(context) {
    const format = context.flags.string("format");
    let server: SystemVersion | undefined;
    let failure = "";
    try {
      server = (await context.client.system.systemVersion(context.signal)).value;
    } catch (thrown) {
      if (isKind(thrown, "cancelled")) throw thrown;
      failure = errorText(thrown);
    }
    if (format === "") await context.out(clientText() + (server === undefined ? "" : serverText(server)));
    else if (format === "json") await context.out(`${toJson(asGo(server))}\n`);
    else await show(context, format, server);
    if (failure !== "") throw new ExitError(1, failure);
    return 0;
  },
};

function asGo(server: SystemVersion | undefined): GoStruct {
  const client = new GoStruct("main.clientVersion", CLIENT, { APIVersion: CLIENT.ApiVersion });
  return new GoStruct("system.versionInfo", {
    Client: client,
    Server: server === undefined ? null : goServer(server),
  });
}

function goServer(server: SystemVersion): GoStruct {
  return new GoStruct("*types.Version", { ...server }, { APIVersion: server.ApiVersion });
}

async function show(
  context: CommandContext,
  format: string,
  server: SystemVersion | undefined,
): Promise<void> {
  const template = parseVersion(format);
  try {
    await context.out(`${executeTemplate(template, asGo(server))}\n`);
  } catch (thrown) {
    if (!(thrown instanceof TemplateError)) throw thrown;
    await context.out("\n"); // As docker does: the line is ended whatever was on it.
    throw new ExitError(1, messageOf(thrown));
  }
}

function parseVersion(format: string): Template {
  try {
    return parseTemplate(format, FUNCTION_NAMES, "version");
  } catch (thrown) {
    throw new ExitError(64, `template parsing error: ${messageOf(thrown)}`);
  }
}

/** One-space columns of at least twenty (docker/cli: system/version.go). */
const COLUMNS = { widthMin: 20, padding: 1 };

function clientText(): string {
  const rows = [
    ["Version", CLIENT.Version],
    ["API version", CLIENT.ApiVersion],
    ["Go version", CLIENT.GoVersion],
    ["Git commit", CLIENT.GitCommit],
    ["OS/Arch", `${CLIENT.Os}/${CLIENT.Arch}`],
    ["Context", CLIENT.Context],
  ];
  return alignTabs(
    `Client:\n${rows.map(([name = "", value = ""]) => ` ${name}:\t${value}\n`).join("")}`,
    COLUMNS,
  );
}

function serverText(server: SystemVersion): string {
  const platform = server.Platform?.Name ?? "";
  const lines = [`\nServer:${platform === "" ? "" : ` ${platform}`}\n`];
  const components = server.Components ?? [];
  const [first] = components;
  for (const component of first === undefined ? [engineComponent(server)] : components) {
    const details = (component.Details ?? {}) as Readonly<Record<string, string>>;
    lines.push(` ${component.Name}:\n`);
    lines.push(
      ...(component.Name === "Engine"
        ? engineRows(component.Version, details)
        : detailRows(component.Version, details)),
    );
  }
  return alignTabs(lines.join(""), COLUMNS);
}

function engineComponent(server: SystemVersion): {
  Name: string;
  Version: string;
  Details: Record<string, string>;
} {
  const {
    Version = "",
    ApiVersion = "",
    MinAPIVersion = "",
    GoVersion = "",
    GitCommit = "",
    BuildTime = "",
    Os = "",
    Arch = "",
  } = server;
  return {
    Name: "Engine",
    Version,
    Details: {
      ApiVersion,
      MinAPIVersion,
      GoVersion,
      GitCommit,
      BuildTime,
      Os,
      Arch,
      Experimental: String(server.Experimental ?? false),
    },
  };
}

function engineRows(versionText: string, details: Readonly<Record<string, string>>): string[] {
  const of = (name: string): string => details[name] ?? "";
  return [
    `  Version:\t${versionText}\n`,
    `  API version:\t${of("ApiVersion")} (minimum version ${of("MinAPIVersion")})\n`,
    `  Go version:\t${of("GoVersion")}\n`,
    `  Git commit:\t${of("GitCommit")}\n`,
    `  Built:\t${builtText(of("BuildTime"))}\n`,
    `  OS/Arch:\t${of("Os")}/${of("Arch")}\n`,
    `  Experimental:\t${of("Experimental")}\n`,
  ];
}

function detailRows(versionText: string, details: Readonly<Record<string, string>>): string[] {
  const others = Object.keys(details)
    .sort()
    .map((name) => `  ${name}:\t${details[name] ?? ""}\n`);
  return [`  Version:\t${versionText}\n`, ...others];
}

function builtText(time: string): string {
  const ns = parseRfc3339Ns(time);
  return ns === undefined ? time : formatAnsic(ns);
}
