/**
 * A container's files for `docker cp`, `diff` and `export`: through the task while it lives; otherwise
 * the layers are mounted for as long as the work takes, under the container's lock, so that a start
 * waits instead of meeting an open writable layer.
 */
import { SlipwayError, fail, isKind } from "../../../layers/base/errors.ts";
import type { ByteStream } from "../../../layers/base/streams.ts";
import { piecesOf, streamFrom } from "../../../layers/base/streams.ts";
import type { ContainerFiles, PathChange, PathInfo } from "../../backends/backend.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import { mountedFiles } from "./mounted-files.ts";

export type { PathChange, PathInfo };

interface OpenFiles {
  readonly files: ContainerFiles;
  release(): Promise<void>;
}

export async function statPath(context: EngineContext, nameOrId: string, path: string): Promise<PathInfo> {
  return withFiles(context, nameOrId, (files) => files.stat(path));
}

export async function readArchive(
  context: EngineContext,
  nameOrId: string,
  path: string,
): Promise<{ readonly info: PathInfo; readonly archive: ByteStream }> {
  const open = await openFiles(context, context.containers.get(nameOrId));
  try {
    const info = await open.files.stat(path);
    return { info, archive: releasing(await open.files.readArchive(path), open) };
  } catch (thrown) {
    await open.release();
    throw named(thrown, nameOrId, path);
  }
}

export async function writeArchive(
  context: EngineContext,
  nameOrId: string,
  path: string,
  archive: ByteStream,
  options: { readonly noOverwriteDirNonDir: boolean },
): Promise<void> {
  if (context.containers.get(nameOrId).record.hostConfig.ReadonlyRootfs) {
    throw fail("forbidden", "container rootfs is marked read-only");
  }
  await withFiles(context, nameOrId, (files) => files.writeArchive(path, archive, options), path);
}

export async function containerChanges(context: EngineContext, nameOrId: string): Promise<readonly PathChange[]> {
  return withFiles(context, nameOrId, (files) => files.changes());
}

export async function exportContainer(context: EngineContext, nameOrId: string): Promise<ByteStream> {
  return streamOf(context, nameOrId, (files) => files.export());
}

/** What the container has changed, as a layer. */
export async function exportWritableLayer(context: EngineContext, nameOrId: string): Promise<ByteStream> {
  return streamOf(context, nameOrId, (files) => files.exportDiff());
}

async function streamOf(
  context: EngineContext,
  nameOrId: string,
  begin: (files: ContainerFiles) => Promise<ByteStream>,
): Promise<ByteStream> {
  const open = await openFiles(context, context.containers.get(nameOrId));
  try {
    return releasing(await begin(open.files), open);
  } catch (thrown) {
    await open.release();
    throw thrown;
  }
}

async function withFiles<T>(
  context: EngineContext,
  nameOrId: string,
  work: (files: ContainerFiles) => Promise<T>,
  path = "",
): Promise<T> {
  const open = await openFiles(context, context.containers.get(nameOrId));
  try {
    return await work(open.files);
  } catch (thrown) {
    throw named(thrown, nameOrId, path);
  } finally {
    await open.release();
  }
}

async function openFiles(context: EngineContext, container: Container): Promise<OpenFiles> {
  if (container.isRemovalInProgress || container.record.state.isDead) {
    throw fail("conflict", "container is marked for removal");
  }
  const unlock = await container.lock.acquire();
  const { task } = container;
  if (task !== undefined) {
    unlock();
    return { files: task.files, release: () => Promise.resolve() };
  }
  try {
    const mounted = await context.snapshots.mount({ layers: container.record.layers, writable: container.id });
    return {
      files: mountedFiles(mounted),
      async release(): Promise<void> {
        try {
          await mounted.unmount();
        } finally {
          unlock();
        }
      },
    };
  } catch (thrown) {
    unlock();
    throw thrown;
  }
}

/** `stream`, letting go of the files with its end, however it ends. */
function releasing(stream: ByteStream, open: OpenFiles): ByteStream {
  return streamFrom(
    (async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      try {
        yield* piecesOf(stream);
      } finally {
        await open.release();
      }
    })(),
  );
}

/** Docker's sentence names the container as the person did. */
function named(thrown: unknown, nameOrId: string, path: string): unknown {
  if (!isKind(thrown, "notFound") || !thrown.message.startsWith("Could not find the file")) return thrown;
  const file = /^Could not find the file (.*) in container/.exec(thrown.message)?.[1] ?? path;
  return new SlipwayError("notFound", `Could not find the file ${file} in container ${nameOrId}`, { cause: thrown });
}
