/** SizeRw and SizeRootFs: the writable layer of a container, and everything it sees. */
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";

export interface ContainerSizes {
  readonly writableBytes: number;
  readonly rootBytes: number;
}

export async function containerSizes(context: EngineContext, container: Container): Promise<ContainerSizes> {
  const writableBytes = await writableSizeBytes(context, container);
  let rootBytes = writableBytes;
  for (const diffID of container.record.layers) rootBytes += (await context.snapshots.layer(diffID))?.sizeBytes ?? 0;
  return { writableBytes, rootBytes };
}

/** Through the task while one has the files open; otherwise what the storage holds. */
export async function writableSizeBytes(context: EngineContext, container: Container): Promise<number> {
  if (container.task !== undefined) return container.task.files.writableSizeBytes();
  const writables = await context.snapshots.writables();
  return writables.find((writable) => writable.key === container.id)?.sizeBytes ?? 0;
}
