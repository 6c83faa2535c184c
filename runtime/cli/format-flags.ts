/** The `--format` flag, whose help is the same paragraph everywhere. */
import type { FlagSpec } from "./flags.ts";

const TABLE_LINES = [
  "'table':            Print output in table format with column headers (default)",
  "'table TEMPLATE':   Print output in table format using the given Go template",
];
const COMMON_LINES = [
  "'json':             Print in JSON format",
  "'TEMPLATE':         Print output using the given Go template.",
  "Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates",
];
const HEAD = "Format output using a custom template:";

export const LIST_FORMAT: FlagSpec = {
  name: "format",
  type: "string",
  usage: [HEAD, ...TABLE_LINES, ...COMMON_LINES].join("\n"),
};
export const OBJECT_FORMAT: FlagSpec = {
  name: "format",
  short: "f",
  type: "string",
  usage: [HEAD, ...COMMON_LINES].join("\n"),
};
export const EVENTS_FORMAT: FlagSpec = {
  name: "format",
  type: "string",
  usage: [HEAD, ...COMMON_LINES].join("\n"),
};
