/**
 * One blob from a registry into the content store: continued where an earlier try stopped, verified
 * while it arrives, kept when it is broken off.
 */
import { fail, isKind } from "../../../layers/base/errors.ts";
import type { ByteStream } from "../../../layers/base/streams.ts";
import { piecesOf } from "../../../layers/base/streams.ts";
import type { Ingest } from "../../../layers/content/content-store.ts";
import type { BlobSource } from "../../../layers/registry/registry.ts";
import type { EngineContext } from "../context.ts";

export interface FetchOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (receivedBytes: number) => void;
  readonly onVerify?: () => void;
}

export async function fetchBlob(context: EngineContext, source: BlobSource, options: FetchOptions): Promise<void> {
  const { digest, size } = source.descriptor;
  const ingest = await context.content.ingest({ digest, sizeBytes: size });
  if (ingest === undefined) return;
  try {
    await receive(source, ingest, options);
  } catch (thrown) {
    // Too many bytes can never become the blob; everything else is continued by the next try.
    if (isKind(thrown, "dataLoss")) await ingest.abort();
    else await ingest.suspend();
    throw options.signal.aborted ? fail("cancelled", "context canceled", { cause: thrown }) : thrown;
  }
  options.onVerify?.();
  await ingest.commit().catch((thrown: unknown) => {
    if (!isKind(thrown, "dataLoss")) throw thrown;
    throw fail("dataLoss", `filesystem layer verification failed for digest ${digest}`, { cause: thrown });
  });
}

async function receive(source: BlobSource, ingest: Ingest, options: FetchOptions): Promise<void> {
  const { size } = source.descriptor;
  let receivedBytes = ingest.offset;
  if (receivedBytes === size) return;
  const stream = await source.open(receivedBytes, options.signal);
  for await (const piece of piecesOf(untilAborted(stream, options.signal))) {
    await ingest.write(piece);
    receivedBytes += piece.length;
    options.onProgress(receivedBytes);
  }
}

/** `stream`, failing at once when `signal` aborts, even while the source is silent. */
function untilAborted(stream: ByteStream, signal: AbortSignal): ByteStream {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  stream.pipeTo(writable, { signal }).catch(() => undefined); // The reader's end fails with the same reason.
  return readable;
}
