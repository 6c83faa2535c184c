/**
 * A bare WebAssembly module as a layer: a tar with the module as its one file. The diffID is not in
 * the registry, so the tar is made twice: once to hash it, once to unpack it.
 */
import { piecesOf, streamFrom } from "../../../layers/base/streams.ts";
import type { WasmArtifact } from "../../../layers/oci/wasm-artifact.ts";
import type { LayerInfo } from "../../../layers/snapshots/snapshotter.ts";
import type { TarHeader } from "../../../layers/tar/header.ts";
import { END_OF_ARCHIVE, bodyPaddingOf, writeHeader } from "../../../layers/tar/writer.ts";
import type { EngineContext } from "../context.ts";

export async function unpackModule(
  context: EngineContext,
  artifact: WasmArtifact,
  pin: (digests: readonly string[]) => Promise<void>,
): Promise<LayerInfo> {
  const hasher = await context.hasher("sha256");
  for await (const piece of archive(context, artifact)) hasher.update(piece);
  const diffID = `sha256:${hasher.digestHex()}`;
  await pin([diffID]);
  return (
    (await context.snapshots.layer(diffID)) ??
    context.snapshots.unpack(diffID, streamFrom(archive(context, artifact)))
  );
}

async function* archive(
  context: EngineContext,
  artifact: WasmArtifact,
): AsyncGenerator<Uint8Array, void, undefined> {
  const header = headerFor(artifact);
  yield writeHeader(header);
  yield* piecesOf(await context.content.read(artifact.module.digest));
  yield bodyPaddingOf(header);
  yield END_OF_ARCHIVE;
}

/** The same module always gives the same layer: no present time. */
function headerFor(artifact: WasmArtifact): TarHeader {
  return {
    name: artifact.fileName,
    type: "file",
    mode: 0o755,
    uid: 0,
    gid: 0,
    userName: "root",
    groupName: "root",
    sizeBytes: artifact.module.size,
    mtimeNs: 0n,
    atimeNs: undefined,
    ctimeNs: undefined,
    linkName: "",
    rdev: { major: 0, minor: 0 },
    xattrs: new Map(),
    extents: undefined,
  };
}
