/**
 * A mounted stack: layers under a writable layer, or alone. Whoever mounted it owns it until
 * `unmount`, which is also what makes the writable layer durable and small again.
 */
import type { Clock } from "../base/clock.ts";
import { SlipwayError, fail, isKind } from "../base/errors.ts";
import type { ByteStream } from "../base/streams.ts";
import { streamOf } from "../base/streams.ts";
import type { Storage } from "../content/storage.ts";
import { isFsError } from "../fs/errors.ts";
import type { Filesystem } from "../fs/filesystem.ts";
import { overlayChanges } from "../overlay/diff.ts";
import { TEMPORARY_NAME, isOwnXattr, shownXattr } from "../overlay/marks.ts";
import { OverlayFilesystem } from "../overlay/overlay.ts";
import { packTree } from "../tar/archive.ts";
import { END_OF_ARCHIVE } from "../tar/writer.ts";
import { compact } from "./compact.ts";
import type { Mounted } from "./snapshotter.ts";
import type { WritableFilesystem } from "./writable-filesystem.ts";

export interface OpenWritable {
  /** Of the file in the storage. */
  readonly name: string;
  readonly filesystem: WritableFilesystem;
}

export interface StackParts {
  readonly storage: Storage;
  readonly clock: Pick<Clock, "nowNs" | "after">;
  /** Topmost first. */
  readonly lowers: readonly Filesystem[];
  readonly writable: OpenWritable | undefined;
  /** Lets go of the layers. */
  readonly release: () => void;
}

export class MountedStack implements Mounted {
  readonly filesystem: Filesystem;
  readonly #parts: StackParts;
  #unmounting: Promise<void> | undefined;

  constructor(parts: StackParts) {
    this.#parts = parts;
    const { writable, lowers } = parts;
    // A writable layer over nothing (a volume) needs no overlay.
    this.filesystem =
      writable !== undefined && lowers.length === 0
        ? writable.filesystem
        : new OverlayFilesystem(writable?.filesystem, lowers);
  }

  exportDiff(isSkippedPath: (path: string) => boolean = () => false): ByteStream {
    const upper = this.#parts.writable?.filesystem;
    const names = upper === undefined ? [] : upper.readDirectory(upper.root).map(({ name }) => name);
    const isEmpty = names.every((name) => name === TEMPORARY_NAME || isSkippedPath(`/${name}`));
    if (upper === undefined || isEmpty) return streamOf(END_OF_ARCHIVE);
    return packTree(upper, upper.root, {
      name: ".",
      isLayer: true,
      xattrName: (stored) => (isOwnXattr(stored) ? undefined : shownXattr(stored)),
      isSkipped: (path, name) => name === TEMPORARY_NAME || isSkippedPath(`/${path}`),
    });
  }

  changes(): readonly { readonly kind: 0 | 1 | 2; readonly path: string }[] {
    const upper = this.#parts.writable?.filesystem;
    return upper === undefined ? [] : overlayChanges(upper, this.#parts.lowers);
  }

  writableSizeBytes(): number {
    return this.#parts.writable?.filesystem.liveBytes ?? 0;
  }

  handOver(): void {
    this.#parts.writable?.filesystem.handOver();
  }

  async unmount(): Promise<void> {
    this.#unmounting ??= this.#unmount();
    await this.#unmounting;
  }

  async #unmount(): Promise<void> {
    const { writable, release } = this.#parts;
    try {
      if (writable !== undefined) await this.#closeWritable(writable);
    } catch (thrown) {
      throw isFsError(thrown, "ENOSPC")
        ? fail("resourceExhausted", "no space left on device", { cause: thrown })
        : SlipwayError.from(thrown);
    } finally {
      release();
    }
  }

  async #closeWritable({ name, filesystem }: OpenWritable): Promise<void> {
    const { storage, clock } = this.#parts;
    if (filesystem.storedBytes === 0) {
      filesystem.close();
      await storage.files.remove(name); // A container that wrote nothing stores nothing.
    } else if (filesystem.isWorthCompacting) {
      await closeCompacted(storage, name, filesystem, clock);
    } else filesystem.close();
  }
}

/** Closes the layer, compacted when there is room for that. */
export async function closeCompacted(
  storage: Storage,
  name: string,
  filesystem: WritableFilesystem,
  clock: Pick<Clock, "nowNs" | "after">,
): Promise<void> {
  try {
    await compact(storage, name, filesystem, clock);
  } catch (thrown) {
    const isFull = isFsError(thrown, "ENOSPC") || isKind(thrown, "resourceExhausted");
    if (!isFull) throw thrown;
    filesystem.close(); // Large, but whole.
  }
}
