/**
 * Root filesystems in memory behind the Snapshotter's contract: "layers" are folders of this machine,
 * copied when mounted. Only what a pod asks of a snapshotter is here.
 */
import { lstatSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../layers/base/clock.ts";
import { fail } from "../../layers/base/errors.ts";
import { streamOf } from "../../layers/base/streams.ts";
import type { Filesystem, NodeId } from "../../layers/fs/filesystem.ts";
import { MemoryFilesystem } from "../../layers/fs/memory.ts";
import type {
  LayerInfo,
  MountRequest,
  Mounted,
  Snapshotter,
} from "../../layers/snapshots/snapshotter.ts";

export class MemorySnapshotter implements Snapshotter {
  readonly #writables = new Map<string, MemoryFilesystem>();
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async mount(request: MountRequest): Promise<Mounted> {
    const key = request.writable ?? "";
    const kept = this.#writables.get(key);
    const filesystem = kept ?? new MemoryFilesystem({ clock: systemClock });
    this.#writables.set(key, filesystem);
    if (kept === undefined)
      for (const layer of request.layers)
        copy(join(this.#directory, layer), filesystem, filesystem.root);
    return {
      filesystem,
      exportDiff: () => streamOf(),
      changes: () => [],
      writableSizeBytes: () => 0,
      handOver: () => undefined,
      unmount: async () => undefined,
    };
  }

  async layer(): Promise<LayerInfo | undefined> {
    return undefined;
  }
  async unpack(): Promise<LayerInfo> {
    throw fail("notImplemented", "unpack");
  }
  async removeLayer(): Promise<void> {
    return;
  }
  async layers(): Promise<readonly LayerInfo[]> {
    return [];
  }
  async removeWritable(): Promise<void> {
    return;
  }
  async writables(): Promise<readonly { readonly key: string; readonly sizeBytes: number }[]> {
    return [];
  }
}

function copy(from: string, filesystem: Filesystem, directory: NodeId): void {
  for (const name of readdirSync(from)) {
    const path = join(from, name);
    const status = lstatSync(path);
    const owner = { mode: status.mode & 0o7777, uid: 0, gid: 0 };
    if (status.isDirectory())
      copy(path, filesystem, filesystem.create(directory, name, { type: "directory", ...owner }));
    else if (status.isSymbolicLink())
      filesystem.create(directory, name, { type: "symlink", ...owner, target: readlinkSync(path) });
    else
      filesystem.write(
        filesystem.create(directory, name, { type: "file", ...owner }),
        0,
        readFileSync(path),
      );
  }
}
