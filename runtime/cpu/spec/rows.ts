/** All rows, in the order that gives them their numbers. */
import { GENERAL } from "./general.ts";
import type { Row } from "./row.ts";

export const ROWS: readonly Row[] = [...GENERAL];
