/** A snapshotter that keeps nothing but names and sizes: for tests whose backend has no files. */
import { collectBytes } from "../../layers/base/streams.ts";
import type { ByteStream } from "../../layers/base/streams.ts";
import { fail } from "../../layers/base/errors.ts";
import type { LayerInfo, Mounted, Snapshotter, UnpackOptions } from "../../layers/snapshots/snapshotter.ts";

export class FakeSnapshotter implements Snapshotter {
  readonly unpacked = new Map<string, LayerInfo>();
  readonly writable = new Map<string, number>();

  async layer(diffID: string): Promise<LayerInfo | undefined> {
    return this.unpacked.get(diffID);
  }

  async unpack(diffID: string, source: ByteStream, options?: UnpackOptions): Promise<LayerInfo> {
    const bytes = await collectBytes(source, 1 << 30);
    options?.onProgress?.(bytes.length);
    const info = { diffID, sizeBytes: bytes.length, entries: 1 };
    this.unpacked.set(diffID, info);
    return info;
  }

  async removeLayer(diffID: string): Promise<void> {
    this.unpacked.delete(diffID);
  }

  async layers(): Promise<readonly LayerInfo[]> {
    return [...this.unpacked.values()];
  }

  async mount(): Promise<Mounted> {
    throw fail("notImplemented", "no files here");
  }

  async removeWritable(key: string): Promise<void> {
    this.writable.delete(key);
  }

  async writables(): Promise<readonly { readonly key: string; readonly sizeBytes: number }[]> {
    return [...this.writable].map(([key, sizeBytes]) => ({ key, sizeBytes }));
  }
}
