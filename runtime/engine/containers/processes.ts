/** What is asked of a running container's processes: resize, top, statistics. */
import { fail } from "../../../layers/base/errors.ts";
import type { ConsoleSize, Diagnostics, ProcessTable, Task, TaskStatistics } from "../../backends/backend.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import { containerEvent } from "./container-events.ts";

export type { ConsoleSize, ProcessTable, TaskStatistics };

/** The task of a container that runs. `conflict` in Docker's words otherwise. */
export function requireTask(container: Container): Task {
  const { task } = container;
  if (!container.isRunning || task === undefined) {
    if (container.record.state.isRestarting) {
      throw fail("conflict", `Container ${container.id} is restarting, wait until the container is running`);
    }
    throw fail("conflict", `container ${container.id} is not running`);
  }
  return task;
}

export async function resizeContainer(
  context: EngineContext,
  nameOrId: string,
  size: ConsoleSize,
): Promise<void> {
  const container = context.containers.get(nameOrId);
  await requireTask(container).resize(size);
  containerEvent(context, container, "resize", { height: String(size.rows), width: String(size.columns) });
}

/** `psArguments` as typed after `docker top NAME`; ps's own default is -ef. */
export async function topContainer(
  context: EngineContext,
  nameOrId: string,
  psArguments: string,
): Promise<ProcessTable> {
  const container = context.containers.get(nameOrId);
  const task = requireTask(container);
  const words = (psArguments === "" ? "-ef" : psArguments).split(/\s+/).filter((word) => word !== "");
  const table = await task.top(words);
  containerEvent(context, container, "top");
  return table;
}

/** What the machine lacked in this run, or in the last. */
export async function diagnosticsOf(container: Container): Promise<Diagnostics | undefined> {
  const { task, record } = container;
  if (task === undefined || !record.state.isRunning) return record.state.diagnostics;
  return task.diagnostics().catch(() => undefined); // It has just ended.
}

/** One sample; undefined while the container does not run, as `docker stats` shows zeros then. */
export async function sampleStatistics(
  context: EngineContext,
  nameOrId: string,
): Promise<TaskStatistics | undefined> {
  const { task } = context.containers.get(nameOrId);
  return task === undefined ? undefined : task.statistics();
}
