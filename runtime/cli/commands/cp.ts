/**
 * docker cp: files between a container and the shell's home, or tars through the standard streams
 * (docker/cli: container/cp.go). The home is flat and holds single files, so directories come and go
 * as tars only.
 */
import { fail, isKind } from "../../../layers/base/errors.ts";
import { piecesOf, streamOf } from "../../../layers/base/streams.ts";
import type { PathStat } from "../../client/container-archives.ts";
import type { Command, CommandContext } from "../command.ts";
import { listSize } from "../format/units.ts";
import { readSingleFile, writeSingleFile } from "../single-file-tar.ts";

/** Bits of Go's os.FileMode. */
const [MODE_DIR, MODE_SYMLINK] = [0x8000_0000, 0x0800_0000] as const;

export const cp: Command = {
  names: ["container cp", "cp"],
  use: "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tdocker cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
  summary: "Copy files/folders between a container and the local filesystem",
  description:
    "Copy files/folders between a container and the local filesystem\n\nUse '-' as the source to read a tar archive from stdin\nand extract it to a directory destination in a container.\nUse '-' as the destination to stream a tar archive of a\ncontainer source to stdout.",
  flags: [
    { name: "archive", short: "a", type: "bool", usage: "Archive mode (copy all uid/gid information)" },
    { name: "follow-link", short: "L", type: "bool", usage: "Always follow symbol link in SRC_PATH" },
    {
      name: "quiet",
      short: "q",
      type: "bool",
      usage:
        "Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached",
    },
  ],
  arguments: { kind: "exactly", count: 2 },
  async run(context) {
    const [source, target] = [splitPath(context.arg(0)), splitPath(context.arg(1))];
    if (source.path === "") throw fail("invalidParameter", "source can not be empty");
    if (target.path === "") throw fail("invalidParameter", "destination can not be empty");
    if (source.container !== "" && target.container !== "")
      throw fail("invalidParameter", "copying between containers is not supported");
    if (source.container !== "") await copyOut(context, source.container, source.path, target.path);
    else if (target.container !== "") await copyIn(context, source.path, target.container, target.path);
    else throw fail("invalidParameter", "must specify at least one container source");
    return 0;
  },
};

/** "container:path"; a path that begins with "/" or "." holds no container. */
function splitPath(argument: string): { readonly container: string; readonly path: string } {
  const colon = argument.indexOf(":");
  if (argument.startsWith("/") || argument.startsWith(".") || colon < 0)
    return { container: "", path: argument };
  return { container: argument.slice(0, colon), path: argument.slice(colon + 1) };
}

async function copyOut(context: CommandContext, container: string, from: string, to: string): Promise<void> {
  const { client, io, flags, signal } = context;
  const path = flags.bool("follow-link") ? await followed(context, container, from) : from;
  const { stat, archive } = await client.archives.containerArchive(container, absolute(path), signal);
  if (to === "-") {
    if (io.isTerminal.stdout)
      throw fail("invalidParameter", "cowardly refusing to copy to a terminal. Use a file or redirect");
    for await (const piece of piecesOf(archive)) await io.stdout.write(piece);
    return;
  }
  if (isDirectory(stat)) {
    await archive.cancel();
    throw fail(
      "invalidParameter",
      `${from} is a directory: the shell's home holds single files, copy it to - as a tar`,
    );
  }
  const bytes = await readSingleFile(archive);
  const isFolder = to === "." || to.endsWith("/") || to === "~" || to === "/root";
  const name = isFolder
    ? `${to === "." ? "" : to.replace(/^~$/, "/root").replace(/\/?$/, "/")}${baseName(from)}`
    : to;
  if (io.files === undefined) throw fail("notFound", `open ${name}: no such file or directory`);
  await io.files.write(name, bytes);
  await tell(context, bytes.length, name);
}

async function copyIn(context: CommandContext, from: string, container: string, to: string): Promise<void> {
  const { client, io, flags, signal } = context;
  const target = await statOf(context, container, absolute(to));
  const isFolder = target !== undefined && isDirectory(target);
  const options = { copyUidGid: flags.bool("archive") };
  if (from === "-") {
    if (!isFolder) throw fail("invalidParameter", `destination "${container}:${to}" must be a directory`);
    await client.archives.putContainerArchive(container, absolute(to), io.stdin, options, signal);
    return;
  }
  if (io.files === undefined) throw fail("notFound", `lstat ${from}: no such file or directory`);
  const bytes = await io.files.read(from);
  if (!isFolder && to.endsWith("/")) throw fail("notFound", "no such directory");
  const place = isFolder ? absolute(to) : directoryOf(absolute(to));
  const name = isFolder ? baseName(from) : baseName(to);
  const archive = streamOf(writeSingleFile(name, bytes, Math.floor(context.nowSeconds())));
  await client.archives.putContainerArchive(container, place, archive, options, signal);
  await tell(context, bytes.length, `${container}:${to}`);
}

async function tell(context: CommandContext, sizeBytes: number, place: string): Promise<void> {
  if (context.flags.bool("quiet") || !context.io.isTerminal.stderr) return;
  await context.err(`Successfully copied ${listSize(sizeBytes)} to ${place}\n`);
}

async function statOf(
  context: CommandContext,
  container: string,
  path: string,
): Promise<PathStat | undefined> {
  try {
    return await context.client.archives.containerArchiveInfo(
      container,
      await followed(context, container, path),
      context.signal,
    );
  } catch (thrown) {
    if (isKind(thrown, "notFound") && !/No such container/.test(String(thrown))) return undefined;
    throw thrown;
  }
}

/** Where a link at the end of `path` leads. */
async function followed(
  { client, signal }: CommandContext,
  container: string,
  path: string,
): Promise<string> {
  const stat = await client.archives.containerArchiveInfo(container, absolute(path), signal);
  if ((stat.mode & MODE_SYMLINK) === 0) return path;
  return stat.linkTarget.startsWith("/")
    ? stat.linkTarget
    : `${directoryOf(absolute(path))}/${stat.linkTarget}`;
}

function isDirectory(stat: PathStat): boolean {
  return (stat.mode & MODE_DIR) !== 0;
}

function absolute(path: string): string {
  return path.startsWith("/") ? path : `/${path}`;
}

function baseName(path: string): string {
  return path.replace(/\/+$/, "").split("/").at(-1) ?? "";
}

function directoryOf(path: string): string {
  return path.replace(/\/+$/, "").replace(/\/[^/]*$/, "") || "/";
}
