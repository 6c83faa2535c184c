/** All rows, in the order that gives them their numbers. */
import { AVX } from "./avx.ts";
import { BMI } from "./bmi.ts";
import { FMA } from "./fma.ts";
import { GENERAL } from "./general.ts";
import { MMX } from "./mmx.ts";
import { SSE } from "./sse.ts";
import { X87 } from "./x87.ts";
import type { Row } from "./row.ts";

export const ROWS: readonly Row[] = [...GENERAL, ...X87, ...SSE, ...MMX, ...BMI, ...AVX, ...FMA];
