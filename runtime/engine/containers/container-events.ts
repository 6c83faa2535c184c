/** Events about containers carry their labels, image and name (moby daemon/events.go). */
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";

export function containerEvent(
  context: EngineContext,
  container: Container,
  action: string,
  extra: Readonly<Record<string, string>> = {},
): void {
  const { config, name } = container.record;
  context.events.emit("container", action, container.id, {
    ...config.Labels,
    ...extra,
    ...(config.Image === "" ? {} : { image: config.Image }),
    name,
  });
}
