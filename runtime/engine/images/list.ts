/** `docker images`: which images, newest first, under which of their names (moby daemon/images/image_list.go). */
import { fail } from "../../../layers/base/errors.ts";
import type { Reference } from "../../../layers/oci/reference.ts";
import { familiarName, familiarString } from "../../../layers/oci/reference.ts";
import type { EngineContext } from "../context.ts";
import type { Filters } from "../filters.ts";
import { parseTimestamp, timeNs } from "../time.ts";
import type { ImageRecord } from "./image-record.ts";

export interface ListedImage {
  readonly image: ImageRecord;
  readonly tags: readonly string[];
  readonly digests: readonly string[];
}

const ACCEPTED: ReadonlySet<string> = new Set(["dangling", "label", "before", "since", "reference", "until"]);

export function listImages(context: EngineContext, filters: Filters): readonly ListedImage[] {
  filters.validate(ACCEPTED);
  const bounds = boundsOf(context, filters);
  const listed: ListedImage[] = [];
  for (const image of context.images.all()) {
    const createdNs = timeNs(image.created);
    if (bounds.beforeNs !== undefined && createdNs >= bounds.beforeNs) continue;
    if (bounds.sinceNs !== undefined && createdNs <= bounds.sinceNs) continue;
    if (!filters.matchesLabels("label", image.config.Labels ?? {})) continue;
    const entry = named(context, image, filters);
    if (entry !== undefined) listed.push(entry);
  }
  return listed.sort((left, right) => (timeNs(right.image.created) > timeNs(left.image.created) ? 1 : -1));
}

/** The image with those of its names that are wanted; undefined when the filters leave it out. */
function named(context: EngineContext, image: ImageRecord, filters: Filters): ListedImage | undefined {
  const patterns = filters.get("reference");
  const references = context.images
    .referencesOf(image.id)
    .filter(
      (reference) => patterns.length === 0 || patterns.some((pattern) => familiarMatch(pattern, reference)),
    );
  const tags = references.filter((reference) => reference.tag !== undefined).map(familiarString);
  const digests = references.filter((reference) => reference.digest !== undefined).map(familiarString);
  const danglingOnly = filters.boolean("dangling", false);
  if (references.length === 0) {
    if (filters.has("dangling") && !danglingOnly) return undefined;
    if (patterns.length > 0) return undefined;
  } else if (danglingOnly && tags.length > 0) return undefined;
  return { image, tags, digests };
}

function boundsOf(
  context: EngineContext,
  filters: Filters,
): { beforeNs: bigint | undefined; sinceNs: bigint | undefined } {
  const created = (name: string): bigint => timeNs(context.images.get(name).created);
  const before = [
    ...filters.get("before").map(created),
    ...filters.get("until").map((text) => parseTimestamp(text, context.clock.nowNs())),
  ];
  const since = filters.get("since").map(created);
  return {
    beforeNs: before.length === 0 ? undefined : before.reduce((left, right) => (left < right ? left : right)),
    sinceNs: since.length === 0 ? undefined : since.reduce((left, right) => (left > right ? left : right)),
  };
}

/** Docker's FamiliarMatch: a shell pattern on the name with its tag, or without. */
export function familiarMatch(pattern: string, reference: Reference): boolean {
  const expression = shellPattern(pattern);
  return expression.test(familiarString(reference)) || expression.test(familiarName(reference));
}

/** Go's path.Match: `*` and `?` do not cross slashes, `[…]` is a set. */
function shellPattern(pattern: string): RegExp {
  let source = "";
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern.charAt(index);
    if (character === "*") source += "[^/]*";
    else if (character === "?") source += "[^/]";
    else if (character === "[") {
      const end = pattern.indexOf("]", index + 1);
      if (end < 0) throw fail("invalidParameter", "syntax error in pattern");
      source += `[${pattern.slice(index + 1, end).replace(/\\/g, "\\\\")}]`;
      index = end;
    } else source += character.replace(/[.+^${}()|\\/]/g, "\\$&");
  }
  return new RegExp(`^${source}$`);
}
