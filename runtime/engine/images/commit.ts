/**
 * `docker commit`: a container's changes as one more layer, its configuration as the image's (moby
 * daemon/commit.go). The container stands still meanwhile unless asked otherwise. Nothing has a name,
 * and nothing stays, before everything the image needs is there.
 */
import { fail } from "../../../layers/base/errors.ts";
import type { Reference } from "../../../layers/oci/reference.ts";
import { familiarString, formatReference } from "../../../layers/oci/reference.ts";
import { applyChanges } from "../build/config-changes.ts";
import type { ContainerConfig } from "../containers/config.ts";
import { mergeConfig } from "../containers/config.ts";
import type { Container } from "../containers/container.ts";
import { containerEvent } from "../containers/container-events.ts";
import { exportWritableLayer } from "../containers/files.ts";
import { pauseContainer, unpauseContainer } from "../containers/pause.ts";
import type { EngineContext } from "../context.ts";
import { formatTime } from "../time.ts";
import { childImage, keepDocuments } from "./new-image.ts";
import { StagedLayer } from "./staged-layer.ts";
import { sweepLayers } from "./sweep.ts";
import { tagImage } from "./tag.ts";

export interface CommitRequest {
  readonly container: string;
  /** With a tag. */
  readonly reference: Reference | undefined;
  readonly author: string;
  readonly comment: string;
  /** Undefined: the container's own. */
  readonly config: ContainerConfig | undefined;
  /** Dockerfile instructions. */
  readonly changes: readonly string[];
  readonly isPausing: boolean;
}

/** The new image's ID. */
export async function commitContainer(context: EngineContext, request: CommitRequest): Promise<string> {
  const container = context.containers.get(request.container);
  requireWhole(container);
  return pausedFor(context, container, request.isPausing, async () => {
    const own = container.record.config;
    const config = mergeConfig(applyChanges(request.config ?? own, request.changes), own);
    const id = await makeImage(context, container, request, config);
    const { reference } = request;
    if (reference !== undefined) {
      await tagImage(context, id, { repository: formatReference(reference), tag: "" });
    }
    const imageRef = reference === undefined ? "" : familiarString(reference);
    containerEvent(context, container, "commit", { comment: request.comment, imageID: id, imageRef });
    return id;
  });
}

function requireWhole(container: Container): void {
  if (container.record.state.isDead) {
    throw fail("conflict", `You cannot commit container ${container.id} which is Dead`);
  }
  if (container.isRemovalInProgress) {
    throw fail("conflict", `You cannot commit container ${container.id} which is being removed`);
  }
}

/** Runs `work` while nothing in the container moves; one that is stopped or paused already stays so. */
async function pausedFor<T>(
  context: EngineContext,
  container: Container,
  isPausing: boolean,
  work: () => Promise<T>,
): Promise<T> {
  const ignore = (): boolean => false; // It ended meanwhile, or its backend cannot pause: moby goes on too.
  const { isRunning, isPaused } = container.record.state;
  const wasPaused =
    isPausing &&
    isRunning &&
    !isPaused &&
    (await pauseContainer(context, container.id).then(() => true, ignore));
  try {
    return await work();
  } finally {
    if (wasPaused) await unpauseContainer(context, container.id).catch(ignore);
  }
}

async function makeImage(
  context: EngineContext,
  container: Container,
  request: CommitRequest,
  config: ContainerConfig,
): Promise<string> {
  const { imageID } = container.record;
  const parent = context.images.byId(imageID);
  if (parent === undefined) throw fail("notFound", `No such image: ${imageID}`);
  const pins = [context.images.pin([...parent.diffIDs, ...parent.blobs.map((blob) => blob.digest)])];
  const staged = await StagedLayer.of(context, await exportWritableLayer(context, container.id));
  try {
    const layer = staged.isEmpty ? undefined : staged;
    const history = {
      created: formatTime(context.clock.nowNs()),
      createdBy: (container.record.config.Cmd ?? []).join(" "),
      author: request.author,
      comment: request.comment,
      isEmptyLayer: layer === undefined,
    };
    const image = await childImage(context.hasher, parent, { config, history, layer });
    const { id, manifest } = image.record;
    pins.push(context.images.pin([id, manifest.digest, staged.diffID, staged.digest]));
    const unpackedBytes = layer === undefined ? 0 : (await layer.publish(context)).sizeBytes;
    await keepDocuments(context, image);
    await context.images.put({ ...image.record, sizeBytes: parent.sizeBytes + unpackedBytes }, []);
    return id;
  } catch (thrown) {
    for (const unpin of pins.splice(0)) unpin();
    await sweepLayers(context);
    throw thrown;
  } finally {
    for (const unpin of pins) unpin();
    await staged.dispose();
  }
}
