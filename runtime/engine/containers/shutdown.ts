/** Closing the engine: every running container gets its stop signal, then, after a moment, SIGKILL. */
import type { EngineContext } from "../context.ts";
import { stopAndWait } from "./stop.ts";

/** A page that closes has no ten seconds. */
const CLOSE_GRACE_S = 1;

export async function endContainers(context: EngineContext): Promise<void> {
  for (const container of context.containers.all()) container.restarts.cancel();
  const running = context.containers.all().filter((container) => container.isRunning);
  // One that cannot be ended must not keep the others, or the storage, open.
  await Promise.allSettled(
    running.map((container) => stopAndWait(context, container, { signal: "", timeoutS: CLOSE_GRACE_S })),
  );
  for (const container of context.containers.all()) container.streams.endListeners();
}
