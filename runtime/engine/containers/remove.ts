/** `docker rm`: what may be removed, and ending what must end first. */
import { SlipwayError, fail } from "../../../layers/base/errors.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import { discardContainer } from "./discard.ts";
import { killAndWait } from "./stop.ts";

export interface RemoveOptions {
  readonly force: boolean;
  /** Anonymous volumes too. */
  readonly withVolumes: boolean;
  /** Remove a link instead of the container. */
  readonly isLink: boolean;
}

export async function removeContainer(
  context: EngineContext,
  nameOrId: string,
  options: RemoveOptions,
): Promise<void> {
  const container = context.containers.get(nameOrId);
  if (container.isRemovalInProgress) {
    throw fail("conflict", `removal of container ${nameOrId} is already in progress`);
  }
  if (options.isLink)
    throw fail("conflict", "Conflict, cannot remove the default link name of the container");
  try {
    if (container.isRunning) await end(context, container, options.force);
    await container.lock.run(async () => {
      // Its own AutoRemove may have been faster.
      if (context.containers.byId(container.id) === undefined) return;
      if (container.isRunning) throw fail("conflict", runningMessage(container));
      await discardContainer(context, container);
    });
  } catch (thrown) {
    const error = SlipwayError.from(thrown);
    throw new SlipwayError(error.kind, `cannot remove container "${nameOrId}": ${error.message}`, {
      cause: thrown,
    });
  }
}

async function end(context: EngineContext, container: Container, force: boolean): Promise<void> {
  if (!force) throw fail("conflict", runningMessage(container));
  await killAndWait(context, container, container.wait("not-running"));
}

function runningMessage(container: Container): string {
  if (container.record.state.isPaused) return "container is paused and must be unpaused first";
  return `container is ${container.status}: stop the container before removing or force remove`;
}
