/** Events about images carry their labels and the name they are about (moby daemon/images/image_events.go). */
import type { EngineContext } from "../context.ts";
import type { ImageRecord } from "./image-record.ts";

export function imageEvent(
  context: EngineContext,
  image: ImageRecord,
  action: string,
  id: string,
  name: string,
): void {
  context.events.emit("image", action, id, { ...image.config.Labels, ...(name === "" ? {} : { name }) });
}
