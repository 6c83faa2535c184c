/** `docker pause` and `unpause`: every process of a container stands still; so do its health checks. */
import { fail, messageOf } from "../../../layers/base/errors.ts";
import type { EngineContext } from "../context.ts";
import { containerEvent } from "./container-events.ts";
import { unwatchHealth, watchHealth } from "./health-monitor.ts";
import { requireTask } from "./processes.ts";

export async function pauseContainer(context: EngineContext, nameOrId: string): Promise<void> {
  const container = context.containers.get(nameOrId);
  await container.lock.run(async () => {
    const task = requireTask(container);
    if (container.record.state.isPaused)
      throw fail("conflict", `Container ${container.id} is already paused`);
    await task.pause().catch((thrown: unknown) => {
      throw fail("system", `cannot pause container ${container.id}: ${messageOf(thrown)}`, { cause: thrown });
    });
    await context.containers.updateState(container, { isPaused: true, health: unwatchHealth(container) });
    containerEvent(context, container, "pause");
  });
}

export async function unpauseContainer(context: EngineContext, nameOrId: string): Promise<void> {
  const container = context.containers.get(nameOrId);
  await container.lock.run(async () => {
    if (!container.record.state.isPaused) throw fail("system", `Container ${container.id} is not paused`);
    const task = requireTask(container);
    await task.resume().catch((thrown: unknown) => {
      throw fail("system", `Cannot unpause container ${container.id}: ${messageOf(thrown)}`, {
        cause: thrown,
      });
    });
    await context.containers.updateState(container, { isPaused: false });
    watchHealth(context, container);
    containerEvent(context, container, "unpause");
  });
}
