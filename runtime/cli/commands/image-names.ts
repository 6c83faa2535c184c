/** docker tag and docker rmi. */
import { fail, isKind } from "../../../layers/base/errors.ts";
import type { Command } from "../command.ts";
import { ExitError } from "../command.ts";
import { errorText } from "../error-text.ts";
import { parseImageName } from "../references.ts";
import { platformJson } from "./history.ts";

export const tag: Command = {
  names: ["image tag", "tag"],
  use: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
  summary: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
  flags: [],
  arguments: { kind: "exactly", count: 2 },
  async run(context) {
    const source = context.arg(0);
    checkName(source, source);
    const target = checkName(context.arg(1), context.arg(1));
    if (target.digest !== undefined)
      throw fail("invalidParameter", "refusing to create a tag with a digest reference");
    await context.client.images.imageTag(
      source,
      `${target.domain}/${target.path}`,
      target.tag ?? "latest",
      context.signal,
    );
    return 0;
  },
};

function checkName(name: string, shown: string): ReturnType<typeof parseImageName> {
  if (/^[a-f0-9]{64}$/.test(name)) return { domain: "", path: name, tag: undefined, digest: undefined };
  try {
    return parseImageName(name);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : "invalid reference format";
    throw fail(
      "invalidParameter",
      `Error parsing reference: ${JSON.stringify(shown)} is not a valid repository/tag: ${reason}`,
    );
  }
}

export const rmi: Command = {
  names: ["image rm", "image remove", "rmi"],
  use: "[OPTIONS] IMAGE [IMAGE...]",
  summary: "Remove one or more images",
  flags: [
    { name: "force", short: "f", type: "bool", usage: "Force removal of the image" },
    { name: "no-prune", type: "bool", usage: "Do not delete untagged parents" },
    {
      name: "platform",
      type: "strings",
      usage:
        'Remove only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    },
  ],
  arguments: { kind: "atLeast", count: 1 },
  async run(context) {
    const { flags, signal } = context;
    const force = flags.bool("force");
    const platforms = flags
      .list("platform")
      .flatMap((text) => text.split(","))
      .map(platformJson);
    const failures: string[] = [];
    let hasFatal = false;
    for (const name of context.args) {
      try {
        const removed = await context.client.images.imageDelete(name, {
          force,
          noprune: flags.bool("no-prune"),
          platforms,
          signal,
        });
        for (const item of removed)
          await context.out(
            item.Deleted === undefined || item.Deleted === ""
              ? `Untagged: ${item.Untagged ?? ""}\n`
              : `Deleted: ${item.Deleted}\n`,
          );
      } catch (thrown) {
        if (isKind(thrown, "cancelled")) throw thrown;
        if (!isKind(thrown, "notFound")) hasFatal = true;
        failures.push(errorText(thrown));
      }
    }
    if (failures.length === 0) return 0;
    if (!force || hasFatal) throw new ExitError(1, failures.join("\n"));
    await context.err(`${failures.join("\n")}\n`);
    return 0;
  },
};
