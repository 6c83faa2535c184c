/** docker pull and docker push: the daemon does the work, the client shows its progress. */
import { fail } from "../../../layers/base/errors.ts";
import type { Command, CommandContext } from "../command.ts";
import type { FlagSpec } from "../flags.ts";
import type { ImageName } from "../references.ts";
import { familiarReference, fullReference, parseImageName, withDefaultTag } from "../references.ts";
import { showProgress } from "../progress.ts";
import { platformJson } from "./history.ts";

const TRUST = (usage: string): FlagSpec => ({
  name: "disable-content-trust",
  type: "bool",
  fallback: "true",
  isNotYet: true,
  usage,
});

export const pull: Command = {
  names: ["image pull", "pull"],
  use: "[OPTIONS] NAME[:TAG|@DIGEST]",
  summary: "Download an image from a registry",
  flags: [
    { name: "all-tags", short: "a", type: "bool", usage: "Download all tagged images in the repository" },
    TRUST("Skip image verification"),
    { name: "platform", type: "string", usage: "Set platform if server is multi-platform capable" },
    { name: "quiet", short: "q", type: "bool", usage: "Suppress verbose output" },
  ],
  arguments: { kind: "exactly", count: 1 },
  async run(context) {
    const { flags } = context;
    const given = parseImageName(context.arg(0));
    if (flags.bool("all-tags") && (given.tag !== undefined || given.digest !== undefined)) {
      throw fail("invalidParameter", "tag can't be used with --all-tags/-a");
    }
    const name = flags.bool("all-tags") ? given : withDefaultTag(given);
    const isQuiet = flags.bool("quiet");
    if (name !== given && !isQuiet) await context.out("Using default tag: latest\n");
    await pullImage(context, name, {
      platform: flags.string("platform"),
      stream: isQuiet ? "none" : "stdout",
    });
    await context.out(`${fullReference(name)}\n`);
    return 0;
  },
};

/** Pulls `name` and shows how it goes. */
export async function pullImage(
  context: CommandContext,
  name: ImageName,
  options: { readonly platform: string; readonly stream: "stdout" | "stderr" | "none" },
): Promise<void> {
  const auth = await context.io.config.authFor(name.domain);
  const messages = await context.client.images.imageCreate(
    `${name.domain}/${name.path}`,
    name.digest ?? name.tag ?? "",
    {
      ...(options.platform === "" ? {} : { platform: options.platform }),
      ...(auth === undefined ? {} : { auth }),
      signal: context.signal,
    },
  );
  const { stream } = options;
  const isTerminal = stream !== "none" && context.io.isTerminal[stream];
  const write = async (text: string): Promise<void> => {
    if (text === "" || stream === "none") return;
    await (stream === "stdout" ? context.out(text) : context.err(text));
  };
  await showProgress(messages, write, progressOptions(context, isTerminal));
}

export function progressOptions(
  context: CommandContext,
  isTerminal: boolean,
): Parameters<typeof showProgress>[2] {
  return {
    isTerminal,
    columns: () => context.io.terminal?.size().columns ?? 200,
    nowSeconds: () => context.nowSeconds(),
  };
}

export const push: Command = {
  names: ["image push", "push"],
  use: "[OPTIONS] NAME[:TAG]",
  summary: "Upload an image to a registry",
  flags: [
    { name: "all-tags", short: "a", type: "bool", usage: "Push all tags of an image to the repository" },
    TRUST("Skip image signing"),
    {
      name: "platform",
      type: "string",
      usage:
        "Push a platform-specific manifest as a single-platform image to the registry.\n" +
        "Image index won't be pushed, meaning that other manifests, including attestations won't be preserved.\n" +
        "'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
    },
    { name: "quiet", short: "q", type: "bool", usage: "Suppress verbose output" },
  ],
  arguments: { kind: "exactly", count: 1 },
  async run(context) {
    const { flags, signal } = context;
    const given = parseImageName(context.arg(0));
    const isAll = flags.bool("all-tags");
    if (isAll && (given.tag !== undefined || given.digest !== undefined)) {
      throw fail("invalidParameter", "tag can't be used with --all-tags/-a");
    }
    const name = isAll ? given : withDefaultTag(given);
    const isQuiet = flags.bool("quiet");
    if (name !== given && !isQuiet) await context.out("Using default tag: latest\n");
    const auth = await context.io.config.authFor(name.domain);
    const platform = flags.string("platform");
    const messages = await context.client.images.imagePush(`${name.domain}/${name.path}`, name.tag ?? "", {
      ...(auth === undefined ? {} : { auth }),
      ...(platform === "" ? {} : { platform: platformJson(platform) }),
      signal,
    });
    const write = (text: string): Promise<void> =>
      isQuiet || text === "" ? Promise.resolve() : context.out(text);
    await showProgress(messages, write, progressOptions(context, !isQuiet && context.io.isTerminal.stdout));
    if (isQuiet)
      await context.out(`${name.domain === "docker.io" ? fullReference(name) : familiarReference(name)}\n`);
    return 0;
  },
};
