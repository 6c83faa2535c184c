/** `docker tag`. */
import { fail } from "../../../layers/base/errors.ts";
import { DEFAULT_TAG, familiarString, parseReference, withTag } from "../../../layers/oci/reference.ts";
import type { EngineContext } from "../context.ts";
import { formatTime } from "../time.ts";
import { imageEvent } from "./image-events.ts";

export async function tagImage(
  context: EngineContext,
  source: string,
  target: { repository: string; tag: string },
): Promise<void> {
  const named = parseReference(target.repository);
  if (named.digest !== undefined)
    throw fail("invalidParameter", "refusing to create a tag with a digest reference");
  const reference = withTag(named, target.tag === "" ? (named.tag ?? DEFAULT_TAG) : target.tag);
  const image = context.images.get(source);
  await context.images.put({ ...image, lastTagTime: formatTime(context.clock.nowNs()) }, [reference]);
  imageEvent(context, image, "tag", image.id, familiarString(reference));
}
