/** The files of a container that does not run, straight from its mounted layers. */
import { fail } from "../../../layers/base/errors.ts";
import { isFsError } from "../../../layers/fs/errors.ts";
import type { NodeType } from "../../../layers/fs/filesystem.ts";
import type { WalkResult } from "../../../layers/fs/walk.ts";
import { walk } from "../../../layers/fs/walk.ts";
import type { Mounted } from "../../../layers/snapshots/snapshotter.ts";
import { packTree } from "../../../layers/tar/pack-tree.ts";
import { unpackInto } from "../../../layers/tar/unpack-into.ts";
import type { ContainerFiles, PathInfo } from "../../backends/backend.ts";

/** Bits of Go's os.FileMode above the permissions (io/fs/fs.go). */
const GO_TYPE: Readonly<Record<NodeType, number>> = {
  file: 0,
  directory: 2 ** 31,
  symlink: 2 ** 27,
  block: 2 ** 26,
  fifo: 2 ** 25,
  socket: 2 ** 24,
  character: 2 ** 26 + 2 ** 21,
};

export function mountedFiles(mounted: Mounted): ContainerFiles {
  const { filesystem } = mounted;
  return {
    stat: async (path): Promise<PathInfo> => {
      const { node, name, path: resolved } = found(mounted, path, false);
      const attributes = filesystem.attributes(node);
      return {
        name: name === "" ? "/" : name,
        sizeBytes: attributes.sizeBytes,
        mode: goMode(attributes.type, attributes.mode),
        mtimeNs: attributes.mtimeNs,
        linkTarget: attributes.type === "symlink" ? linkTarget(mounted, resolved) : "",
      };
    },
    readArchive: async (path) => {
      const isContents = path.endsWith("/.");
      const { node, name } = found(mounted, path, isContents);
      return packTree(filesystem, node, { name: isContents || name === "" ? "." : name });
    },
    writeArchive: async (path, archive, options) => {
      const { node, path: resolved } = found(mounted, path, true);
      if (filesystem.attributes(node).type !== "directory") {
        throw fail("invalidParameter", "extraction point is not a directory");
      }
      await unpackInto(filesystem, resolved, archive, options);
    },
    changes: async () => mounted.changes(),
    export: async () => packTree(filesystem, filesystem.root),
    exportDiff: async () => mounted.exportDiff(),
    writableSizeBytes: async () => mounted.writableSizeBytes(),
  };
}

function found(mounted: Mounted, path: string, isLastFollowed: boolean): WalkResult & { readonly node: number } {
  const missing = `Could not find the file ${path} in container`;
  try {
    const result = walk(mounted.filesystem, path === "" ? "/" : path, { isLastFollowed });
    if (result.node === undefined) throw fail("notFound", missing);
    return { ...result, node: result.node };
  } catch (thrown) {
    if (!isFsError(thrown)) throw thrown;
    throw fail("notFound", missing, { cause: thrown });
  }
}

/** Where a link leads inside the container; as it is written when that is nowhere. */
function linkTarget(mounted: Mounted, path: string): string {
  try {
    return walk(mounted.filesystem, path).path;
  } catch (thrown) {
    if (!isFsError(thrown)) throw thrown;
    const { node } = found(mounted, path, false);
    return mounted.filesystem.readLink(node);
  }
}

function goMode(type: NodeType, mode: number): number {
  const bit = (mask: number, value: number): number => ((mode & mask) === 0 ? 0 : value);
  return (mode & 0o777) + GO_TYPE[type] + bit(0o4000, 2 ** 23) + bit(0o2000, 2 ** 22) + bit(0o1000, 2 ** 20);
}
