/** `docker update`: limits and restart policy of a container, running or not. */
import { fail } from "../../../layers/base/errors.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import { containerEvent } from "./container-events.ts";
import type { HostConfig, Resources, RestartPolicy } from "./host-config.ts";
import { resourceLimitsOf } from "./task-spec.ts";
import { verifyResources } from "./verify-resources.ts";
import { validateResources, validateRestartPolicy } from "./validate.ts";

export interface UpdateRequest {
  /** Zero, empty and null leave a value as it is. */
  readonly resources: Resources;
  readonly restartPolicy: RestartPolicy;
}

export async function updateContainer(
  context: EngineContext,
  nameOrId: string,
  request: UpdateRequest,
): Promise<void> {
  const container = context.containers.get(nameOrId);
  await container.lock.run(async () => {
    const before = container.record.hostConfig;
    if (container.isRemovalInProgress || container.record.state.isDead) {
      throw fail(
        "conflict",
        `Cannot update container ${container.id}: container is marked for removal and cannot be "update"`,
      );
    }
    const changed = given(request.resources);
    // What was asked for by itself comes before how it fits what is there, as in moby.
    validateResources({ ...before, ...changed, MemorySwap: changed.MemorySwap ?? 0 });
    requireSwapAbove(container, request.resources);
    const after: HostConfig = {
      ...before,
      ...changed,
      RestartPolicy: request.restartPolicy.Name === "" ? before.RestartPolicy : request.restartPolicy,
    };
    validateRestartPolicy(after.RestartPolicy);
    if (before.AutoRemove && after.RestartPolicy.Name !== "no") {
      throw fail(
        "invalidParameter",
        "Restart policy cannot be updated because AutoRemove is enabled for the container",
      );
    }
    validateResources(after);
    verifyResources(after, context.host.cpus);
    if (container.task !== undefined && Object.keys(changed).length > 0)
      await container.task.update(resourceLimitsOf(after));
    await context.containers.update(container, { hostConfig: after });
    containerEvent(context, container, "update");
  });
}

/** moby container_unix.go: a larger memory limit needs a larger limit of memory and swap with it. */
function requireSwapAbove({ id, record }: Container, { Memory: memory, MemorySwap: swap }: Resources): void {
  if (memory === 0 || swap !== 0 || memory <= record.hostConfig.MemorySwap) return;
  const reason =
    "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time";
  throw fail("conflict", `Cannot update container ${id}: ${reason}`);
}

function given(resources: Resources): Partial<Resources> {
  const isGiven = (value: unknown): boolean =>
    value !== 0 && value !== "" && value !== null && !(Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(resources).filter(([, value]) => isGiven(value)));
}
