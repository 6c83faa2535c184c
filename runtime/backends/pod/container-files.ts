/**
 * A running container's files for `docker cp`, `diff`, `export` and `commit`: the same tree the guests
 * use, so what a guest has just written is there, mounts included for cp and left out of the rest.
 */
import { fail } from "../../../layers/base/errors.ts";
import type { ByteStream } from "../../../layers/base/streams.ts";
import { isFsError } from "../../../layers/fs/errors.ts";
import type { Filesystem, NodeId, NodeType } from "../../../layers/fs/filesystem.ts";
import type { Mounted } from "../../../layers/snapshots/snapshotter.ts";
import { packTree, unpackInto } from "../../../layers/tar/archive.ts";
import type { ContainerFiles } from "../backend.ts";

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

/** Where a path leads in a container. */
export interface Located {
  readonly filesystem: Filesystem;
  readonly node: NodeId;
  /** The last name; "" for the root. */
  readonly name: string;
  /** Absolute in the container, without links. */
  readonly path: string;
  /** The path below the filesystem's own root. */
  readonly pathInFilesystem: string;
}

/** A container's files as what runs in it sees them. */
export interface FileTree {
  /** Throws FsError: ENOENT, ENOTDIR, ELOOP. */
  locate(path: string, isLastFollowed: boolean): Located;
}

export function filesOf(tree: FileTree, mounted: Mounted, hasWritable: boolean): ContainerFiles {
  return {
    stat: async (path) => {
      const { filesystem, node, name } = found(tree, path, false);
      const attributes = filesystem.attributes(node);
      return {
        name: name === "" ? "/" : name,
        sizeBytes: attributes.sizeBytes,
        mode: goMode(attributes.type, attributes.mode),
        mtimeNs: attributes.mtimeNs,
        linkTarget: attributes.type === "symlink" ? linkTarget(tree, path) : "",
      };
    },
    readArchive: async (path): Promise<ByteStream> => {
      const { filesystem, node, name } = found(tree, path, path.endsWith("/."));
      return packTree(filesystem, node, { name: path.endsWith("/.") || name === "" ? "." : name });
    },
    writeArchive: async (path, archive, options) => {
      const { filesystem, node, pathInFilesystem } = found(tree, path, true);
      if (filesystem.attributes(node).type !== "directory") {
        throw fail("invalidParameter", "extraction point is not a directory");
      }
      if (filesystem.isReadOnly) throw fail("forbidden", "container rootfs is marked read-only");
      await unpackInto(filesystem, pathInFilesystem, archive, options);
    },
    changes: async () => mounted.changes(),
    export: async () => packTree(mounted.filesystem, mounted.filesystem.root),
    exportDiff: async () => mounted.exportDiff(),
    writableSizeBytes: async () => (hasWritable ? mounted.writableSizeBytes() : 0),
  };
}

function found(tree: FileTree, path: string, isLastFollowed: boolean): Located {
  try {
    return tree.locate(path === "" ? "/" : path, isLastFollowed);
  } catch (thrown) {
    if (!isFsError(thrown)) throw thrown;
    throw fail("notFound", `Could not find the file ${path} in container`, { cause: thrown });
  }
}

/** Where a link leads, absolute in the container, as the API's path stat wants; as it is when nowhere. */
function linkTarget(tree: FileTree, path: string): string {
  const { filesystem, node } = tree.locate(path, false);
  try {
    return tree.locate(path, true).path;
  } catch (thrown) {
    if (!isFsError(thrown)) throw thrown;
    return filesystem.readLink(node);
  }
}

function goMode(type: NodeType, mode: number): number {
  return (
    (mode & 0o777) +
    GO_MODE[type] +
    ((mode & 0o4000) !== 0 ? GO_SETUID : 0) +
    ((mode & 0o2000) !== 0 ? GO_SETGID : 0) +
    ((mode & 0o1000) !== 0 ? GO_STICKY : 0)
  );
}
