/** docker commit: an image from a container's changes (docker/cli: container/commit.go). */
import { fail } from "../../../layers/base/errors.ts";
import type { Command } from "../command.ts";
import { parseImageName } from "../references.ts";

export const commit: Command = {
  names: ["container commit", "commit"],
  use: "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
  summary: "Create a new image from a container's changes",
  flags: [
    {
      name: "author",
      short: "a",
      type: "string",
      usage: 'Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")',
    },
    { name: "change", short: "c", type: "list", usage: "Apply Dockerfile instruction to the created image" },
    { name: "message", short: "m", type: "string", usage: "Commit message" },
    { name: "pause", short: "p", type: "bool", fallback: "true", usage: "Pause container during commit" },
  ],
  arguments: { kind: "range", least: 1, most: 2 },
  async run(context) {
    const { client, flags, signal } = context;
    const [container = "", reference = ""] = context.args;
    const id = await client.archives.imageCommit(
      container,
      {
        reference: splitReference(reference),
        comment: flags.string("message"),
        author: flags.string("author"),
        changes: flags.list("change"),
        pause: flags.bool("pause"),
      },
      signal,
    );
    await context.out(`${id}\n`);
    return 0;
  },
};

function splitReference(text: string): { readonly repo: string; readonly tag: string } {
  if (text === "") return { repo: "", tag: "" };
  const name = parseImageName(text);
  if (name.digest !== undefined)
    throw fail("invalidParameter", "refusing to create a tag with a digest reference");
  return { repo: `${name.domain}/${name.path}`, tag: name.tag ?? "latest" };
}
