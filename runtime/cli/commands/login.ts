/** docker login and docker logout: credentials, checked by the daemon, kept by the client. */
import { fail } from "../../../layers/base/errors.ts";
import { HUB_INDEX, authKey } from "../../client/docker-config.ts";
import type { Command, CommandContext } from "../command.ts";
import { ExitError } from "../command.ts";
import { readAll, readLine, readSecret } from "../prompt.ts";

const UNENCRYPTED = [
  "",
  "WARNING! Your credentials are stored unencrypted in '/root/.docker/config.json'.",
  "Configure a credential helper to remove this warning. See",
  "https://docs.docker.com/go/credential-store/",
  "",
  "",
].join("\n");

export const login: Command = {
  names: ["login"],
  use: "[OPTIONS] [SERVER]",
  summary: "Authenticate to a registry",
  description: "Authenticate to a registry.\nDefaults to Docker Hub if no server is specified.",
  flags: [
    { name: "password", short: "p", type: "string", usage: "Password or Personal Access Token (PAT)" },
    {
      name: "password-stdin",
      type: "bool",
      usage: "Take the Password or Personal Access Token (PAT) from stdin",
    },
    { name: "username", short: "u", type: "string", usage: "Username" },
  ],
  arguments: { kind: "atMost", count: 1 },
  async run(context) {
    const registry = context.args[0]?.replace(/^https?:\/\//, "").replace(/\/.*$/, "") ?? "docker.io";
    const serveraddress = authKey(registry);
    const { username, password } = await askCredentials(context);
    const answer = await context.client.system.systemAuth(
      { username, password, serveraddress },
      context.signal,
    );
    await context.io.config.login(registry, {
      username,
      password,
      identitytoken: answer.IdentityToken ?? "",
    });
    await context.err(UNENCRYPTED);
    if (answer.Status !== "") await context.out(`${answer.Status}\n`);
    return 0;
  },
};

async function askCredentials(context: CommandContext): Promise<{ username: string; password: string }> {
  const { flags, io } = context;
  let username = flags.string("username").trim();
  let password = flags.string("password");
  if (password !== "") {
    await context.err("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
    if (flags.bool("password-stdin"))
      throw fail("invalidParameter", "--password and --password-stdin are mutually exclusive");
  }
  if (flags.bool("password-stdin")) {
    if (username === "")
      throw fail("invalidParameter", "the --password-stdin option requires --username to be set");
    password = (await readAll(context)).replace(/\n$/, "").replace(/\r$/, "");
  }
  if (username !== "" && password !== "") return { username, password };
  if (!io.isTerminal.stdin)
    throw new ExitError(1, "Error: Cannot perform an interactive login from a non TTY device");
  if (username === "") {
    await context.out("Username: ");
    username = (await readLine(context)).trim();
    if (username === "") throw fail("invalidParameter", "username is required");
  }
  if (password === "") {
    await context.out("Password: ");
    password = await readSecret(context);
    if (password === "") throw fail("invalidParameter", "password is required");
  }
  return { username, password };
}

export const logout: Command = {
  names: ["logout"],
  use: "[SERVER]",
  summary: "Log out from a registry",
  description: "Log out from a registry.\nIf no server is specified, the default is defined by the daemon.",
  flags: [],
  arguments: { kind: "atMost", count: 1 },
  async run(context) {
    const server = context.args[0];
    const registry = server?.replace(/^https?:\/\//, "").replace(/\/.*$/, "") ?? "docker.io";
    const shown = server === undefined ? HUB_INDEX : registry;
    await context.out(`Removing login credentials for ${shown}\n`);
    await context.io.config.logout(registry);
    return 0;
  },
};
