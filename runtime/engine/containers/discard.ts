/** The last act of a container: record, log, writable layer and name go, in an order that a crash cannot harm. */
import { isKind } from "../../../layers/base/errors.ts";
import type { EngineContext } from "../context.ts";
import { sweepLayers } from "../images/sweep.ts";
import type { Container } from "./container.ts";
import { containerEvent } from "./container-events.ts";

/**
 * Preconditions: the container's lock is held and it does not run. A crash in the middle leaves a
 * record marked dead, whose removal is finished when the engine opens again.
 */
export async function discardContainer(
  context: EngineContext,
  container: Container,
): Promise<void> {
  if (container.isRemovalInProgress) return;
  container.isRemovalInProgress = true;
  container.restarts.cancel();
  try {
    await markDead(context, container);
    await context.snapshots.removeWritable(container.id);
    await container.log?.remove();
    await context.containers.remove(container);
  } catch (thrown) {
    container.isRemovalInProgress = false;
    throw thrown;
  }
  container.streams.endListeners();
  container.notifyRemoved();
  containerEvent(context, container, "destroy");
  // The container may have been the last to need the layers of a deleted image.
  await sweepLayers(context);
}

/** On a full disk the container's files go first: they make room for the word that it is dead. */
async function markDead(context: EngineContext, container: Container): Promise<void> {
  try {
    await context.containers.updateState(container, { isDead: true });
  } catch (thrown) {
    if (!isKind(thrown, "resourceExhausted")) throw thrown;
    await context.snapshots.removeWritable(container.id);
    await context.containers.updateState(container, { isDead: true });
  }
}
