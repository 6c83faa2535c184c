/**
 * Long operations that tell their progress: a failure before the first message is an error response,
 * one after it is the stream's last message, as in dockerd.
 */
import { SlipwayError } from "../../../layers/base/errors.ts";
import type { EngineContext } from "../context.ts";
import type { ProgressMessage } from "./progress.ts";
import { ProgressQueue } from "./progress.ts";

/** Runs `work`; settles with its messages as soon as there is one. */
export async function progressOperation(
  context: EngineContext,
  signal: AbortSignal,
  work: (progress: ProgressQueue, signal: AbortSignal) => Promise<void>,
): Promise<AsyncIterable<ProgressMessage>> {
  const progress = new ProgressQueue(context.clock);
  const stopped = AbortSignal.any([signal, context.closing]);
  let early: SlipwayError | undefined;
  let hasSpoken = false;
  const done = work(progress, stopped)
    .catch((thrown: unknown) => {
      const error = SlipwayError.from(thrown);
      if (hasSpoken || !progress.isEmpty) progress.fail(error);
      else early = error;
    })
    .finally(() => progress.end());
  context.background.run(done);
  await progress.ready();
  hasSpoken = true;
  if (early !== undefined) throw early;
  return progress.messages();
}
