/** `docker rename`. */
import { SlipwayError, fail } from "../../../layers/base/errors.ts";
import type { EngineContext } from "../context.ts";
import { containerEvent } from "./container-events.ts";
import { requireName } from "./names.ts";

export async function renameContainer(context: EngineContext, nameOrId: string, newName: string): Promise<void> {
  if (nameOrId === "" || newName === "") throw fail("invalidParameter", "Neither old nor new names may be empty");
  const container = context.containers.get(nameOrId);
  await container.lock.run(async () => {
    const oldName = container.record.name;
    const slashed = newName.startsWith("/") ? newName : `/${newName}`;
    if (slashed === `/${oldName}`) {
      throw fail("invalidParameter", "Renaming a container with the same name as its current name");
    }
    const name = allocateName(context, slashed, container.id);
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

function allocateName(context: EngineContext, slashed: string, id: string): string {
  try {
    const name = requireName(slashed);
    context.containers.reserveName(name, id);
    return name;
  } catch (thrown) {
    const error = SlipwayError.from(thrown);
    throw fail(error.kind, `Error when allocating new name: ${error.message}`, { cause: thrown });
  }
}
