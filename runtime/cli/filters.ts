/** `--filter name=value`, any number of times, as the API takes them. */
import type { Filters } from "../client/api-caller.ts";
import type { FlagSpec } from "./flags.ts";

export const FILTER: FlagSpec = {
  name: "filter",
  short: "f",
  type: "filter",
  usage: "Filter output based on conditions provided",
};

/** The values of one flag, by name. Values were checked when the flag was parsed. */
export function filtersOf(values: readonly string[]): Filters {
  const filters: Record<string, string[]> = {};
  for (const value of values) {
    const equals = value.indexOf("=");
    if (equals < 0) continue;
    const name = value.slice(0, equals).trim().toLowerCase();
    (filters[name] ??= []).push(value.slice(equals + 1).trim());
  }
  return filters;
}
