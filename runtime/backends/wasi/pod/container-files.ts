/**
 * A running container's files for `docker cp`, `diff`, `export` and `commit`: the same tree the guests
 * use, so what a guest has just written is there, mounts included for cp and left out of the rest.
 */
import { fail } from "../../../../layers/base/errors.ts";
import type { ByteStream } from "../../../../layers/base/streams.ts";
import { isFsError } from "../../../../layers/fs/errors.ts";
import type { NodeType } from "../../../../layers/fs/filesystem.ts";
import { packTree, unpackInto } from "../../../../layers/tar/archive.ts";
import type { ContainerFiles } from "../../backend.ts";
import type { Container } from "./container.ts";
import type { Entry, Tree } from "./tree.ts";
import { pathOf } from "./tree.ts";

/** Bits of Go's os.FileMode above the permissions (io/fs/fs.go). */
const GO_MODE: Readonly<Record<NodeType, number>> = {
  file: 0,
  directory: 2 ** 31,
  symlink: 2 ** 27,
  block: 2 ** 26,
  fifo: 2 ** 25,
  socket: 2 ** 24,
  character: 2 ** 26 + 2 ** 21,
};
const GO_SETUID = 2 ** 23;
const GO_SETGID = 2 ** 22;
const GO_STICKY = 2 ** 20;

export function filesOf(container: Container): ContainerFiles {
  const { tree, mounted, spec } = container;
  return {
    stat: async (path) => {
      const entry = found(tree, path, false);
      const attributes = tree.attributes(entry);
      return {
        name: entry.name === "" ? "/" : entry.name,
        sizeBytes: attributes.sizeBytes,
        mode: goMode(attributes.type, attributes.mode),
        mtimeNs: attributes.mtimeNs,
        linkTarget: attributes.type === "symlink" ? linkTarget(tree, path) : "",
      };
    },
    readArchive: async (path): Promise<ByteStream> => {
      const entry = found(tree, path, path.endsWith("/."));
      const name = path.endsWith("/.") || entry.name === "" ? "." : entry.name;
      return packTree(entry.filesystem, entry.node, { name });
    },
    writeArchive: async (path, archive, options) => {
      const entry = found(tree, path, true);
      if (tree.attributes(entry).type !== "directory") {
        throw fail("invalidParameter", "extraction point is not a directory");
      }
      if (entry.filesystem.isReadOnly) throw fail("forbidden", "container rootfs is marked read-only");
      await unpackInto(entry.filesystem, pathInFilesystem(entry), archive, options);
    },
    changes: async () => mounted.changes(),
    export: async () => packTree(mounted.filesystem, mounted.filesystem.root),
    exportDiff: async () => mounted.exportDiff(),
    writableSizeBytes: async () => (spec.root.writable === "" ? 0 : mounted.writableSizeBytes()),
  };
}

function found(tree: Tree, path: string, isLastFollowed: boolean): Entry {
  try {
    return tree.resolve(path === "" ? "/" : path, tree.root, isLastFollowed);
  } catch (thrown) {
    if (!isFsError(thrown)) throw thrown;
    throw fail("notFound", `Could not find the file ${path} in container`, { cause: thrown });
  }
}

/** Where a link leads, absolute in the container, as the API's path stat wants; as it is when nowhere. */
function linkTarget(tree: Tree, path: string): string {
  const link = tree.resolve(path, tree.root, false);
  const target = link.filesystem.readLink(link.node);
  try {
    return pathOf(tree.resolve(path));
  } catch (thrown) {
    if (!isFsError(thrown)) throw thrown;
    return target;
  }
}

/** The path below the filesystem's own root: up to where the chain crosses into it. */
function pathInFilesystem(entry: Entry): string {
  const names: string[] = [];
  for (let at = entry; at.parent !== undefined && at.parent.filesystem === entry.filesystem; at = at.parent) {
    names.push(at.name);
  }
  return `/${names.reverse().join("/")}`;
}

function goMode(type: NodeType, mode: number): number {
  return (mode & 0o777) + GO_MODE[type] +
    ((mode & 0o4000) !== 0 ? GO_SETUID : 0) + ((mode & 0o2000) !== 0 ? GO_SETGID : 0) + ((mode & 0o1000) !== 0 ? GO_STICKY : 0);
}
