/**
 * Condition codes as text for the handlers, computed from the flags record without a call. One hard idea:
 * only the kinds of record that mostly stand in front of a condition are done here; flags.ts of the
 * assembly has them all.
 */
import { leave } from "./loops.ts";
import type { Way } from "./loops.ts";

export const CARRY =
  "(load<u32>(FLAG_K) >> 2 == 3 ? u32(load<u64>(FLAG_R) > load<u64>(FLAG_A)) : " +
  "load<u32>(FLAG_K) >> 2 == 1 ? u32(load<u64>(FLAG_R) < load<u64>(FLAG_A)) : " +
  "load<u32>(FLAG_K) >> 2 == 5 ? 0 : load<u32>(FLAG_K) >> 2 == 2 ? u32(load<u64>(FLAG_R) <= load<u64>(FLAG_A)) : " +
  "load<u32>(FLAG_K) >> 2 == 4 ? u32(load<u64>(FLAG_R) >= load<u64>(FLAG_A)) : load<u32>(FLAG_A) & 1)";
const ZERO_FLAG = "(load<u32>(FLAG_K) < 4 ? (load<u32>(FLAG_A) >> 6) & 1 : u32(load<u64>(FLAG_R) == 0))";
/** The sign bit of a value of the record's width. */
const top = (value: string): string =>
  `(<u32>(${value} >> <u64>((8 << (load<u32>(FLAG_K) & 3)) - 1)) & 1)`;
const SIGN = `(load<u32>(FLAG_K) < 4 ? (load<u32>(FLAG_A) >> 7) & 1 : ${top("load<u64>(FLAG_R)")})`;

/**
 * Sets `g` to what the even condition code of a group says (o, b, e, be, s, p, l, le), as flags.ts does;
 * a kind of record that is rare in front of it is left to `way`.
 */
export function flagTest(group: number, way: Way): string {
  const raw = (bits: string): string =>
    `if (load<u32>(FLAG_K) >= 4) { ${leave(way)} } let g: u32 = ${bits};`;
  // Of a subtraction: sign and overflow differ; of a logical operation there is no overflow.
  const less =
    "let g: u32 = 0; if (load<u32>(FLAG_K) >> 2 == 3) { let x: u64 = load<u64>(FLAG_A); let y: u64 = load<u64>(FLAG_R); " +
    `g = ${top("(y ^ ((x ^ (x - y)) & (x ^ y)))")}; } else if (load<u32>(FLAG_K) >> 2 == 5) { g = ${top("load<u64>(FLAG_R)")}; } ` +
    `else if (load<u32>(FLAG_K) < 4) { g = ((load<u32>(FLAG_A) >> 7) ^ (load<u32>(FLAG_A) >> 11)) & 1; } else { ${leave(way)} }`;
  switch (group) {
    case 0: return raw("(load<u32>(FLAG_A) >> 11) & 1");
    case 1: return `let g: u32 = ${CARRY};`;
    case 2: return `let g: u32 = ${ZERO_FLAG};`;
    case 3: return `let g: u32 = ${CARRY} | ${ZERO_FLAG};`;
    case 4: return `let g: u32 = ${SIGN};`;
    case 5: return raw("(load<u32>(FLAG_A) >> 2) & 1");
    case 6: return less;
    default: return `${less} g |= ${ZERO_FLAG};`;
  }
}
