/** The filters every prune has in common: `until`, `label` and `label!`. */
import { fail } from "../../layers/base/errors.ts";
import type { Filters } from "./filters.ts";
import { parseTimestamp } from "./time.ts";

export interface PruneBound {
  /** Only what was made before. */
  readonly untilNs: bigint | undefined;
  matchesLabels(labels: Readonly<Record<string, string>>): boolean;
}

const ACCEPTED: ReadonlySet<string> = new Set(["label", "label!", "until"]);

export function pruneBound(filters: Filters, nowNs: bigint, alsoAccepted: readonly string[] = []): PruneBound {
  filters.validate(new Set([...ACCEPTED, ...alsoAccepted]));
  const until = filters.get("until");
  if (until.length > 1) throw fail("invalidParameter", "more than one until filter specified");
  const [text] = until;
  return {
    untilNs: text === undefined ? undefined : parseTimestamp(text, nowNs),
    matchesLabels: (labels) =>
      filters.matchesLabels("label", labels) && (!filters.has("label!") || !filters.matchesLabels("label!", labels)),
  };
}
