/** docker diff and docker export: what is in a container's files. */
import { collectBytes, piecesOf } from "../../../layers/base/streams.ts";
import { fail } from "../../../layers/base/errors.ts";
import type { Command } from "../command.ts";

/** What our shell keeps of files is smaller; this only guards the tab. */
const EXPORT_BYTES_MAX = 1024 * 1024 * 1024;
const KINDS = ["C", "A", "D"];

export const diff: Command = {
  names: ["container diff", "diff"],
  use: "CONTAINER",
  summary: "Inspect changes to files or directories on a container's filesystem",
  flags: [],
  arguments: { kind: "exactly", count: 1 },
  async run(context) {
    const changes = await context.client.archives.containerChanges(context.arg(0), context.signal);
    await context.out(changes.map(({ Kind: kind, Path: path }) => `${KINDS[kind] ?? ""} ${path}\n`).join(""));
    return 0;
  },
};

export const exportContainer: Command = {
  names: ["container export", "export"],
  use: "[OPTIONS] CONTAINER",
  summary: "Export a container's filesystem as a tar archive",
  flags: [{ name: "output", short: "o", type: "string", usage: "Write to a file, instead of STDOUT" }],
  arguments: { kind: "exactly", count: 1 },
  async run(context) {
    const { client, flags, io, signal } = context;
    const path = flags.string("output");
    if (path === "" && io.isTerminal.stdout)
      throw fail("invalidParameter", "cowardly refusing to save to a terminal. Use the -o flag or redirect");
    const archive = await client.archives.containerExport(context.arg(0), signal);
    if (path === "") for await (const piece of piecesOf(archive)) await io.stdout.write(piece);
    else if (io.files === undefined) throw fail("notFound", `open ${path}: no such file or directory`);
    else await io.files.write(path, await collectBytes(archive, EXPORT_BYTES_MAX));
    return 0;
  },
};
