/** `docker rename`. */
import { fail } from "../../../layers/base/errors.ts";
import type { EngineContext } from "../context.ts";
import { containerEvent } from "./container-events.ts";
import { requireName } from "./names.ts";

export async function renameContainer(context: EngineContext, nameOrId: string, newName: string): Promise<void> {
  if (nameOrId === "" || newName === "") throw fail("invalidParameter", "Neither old nor new names may be empty");
  const container = context.containers.get(nameOrId);
  await container.lock.run(async () => {
    const oldName = container.record.name;
    const name = requireName(newName);
    if (name === oldName) {
      throw fail("invalidParameter", "Renaming a container with the same name as its current name");
    }
    context.containers.reserveName(name, container.id);
    try {
      await context.containers.update(container, { name });
    } catch (thrown) {
      context.containers.releaseName(name, container.id);
      throw thrown;
    }
    context.containers.releaseName(oldName, container.id);
    containerEvent(context, container, "rename", { oldName: `/${oldName}` });
  });
}
