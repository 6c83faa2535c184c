/**
 * What is around the handlers: the ways out of a loop, what is done at a block's end, and which handlers
 * are in the first loop. The hard idea: the fast loop stays fast by what is not in it (calls, and more
 * than so many values), so all of that is here, in one place, as text for run.ts.
 */

/** Where a handler that cannot do it all goes. */
const WAYS = [
  "cold", "end", "fused", "call", "look", "link", "resume", "undefined", "protection", "fuel", "condition", "other",
] as const;
export type Way = (typeof WAYS)[number];

/** Leaves the loop for a way of SLOW. */
export const leave = (way: Way): string => `next = 0; slow = ${WAYS.indexOf(way)}; break;`;

/** Behind the switch: counts the block's execution, takes the fuel, and leaves when it is used up. */
export const TAIL =
  "if (next == 0) break; n = <u32>load<u8>(p, 22) + 1; h = p - (<usize>n << 5); " +
  "store<u32>(h, load<u32>(h, 24) + 1, 24); fuel -= <i32>n; p = next; " +
  "if (fuel < 0) { slow = 9; break; }"; // 9: fuel
const FAULT = "return leaveFault(p, fuel, budget);";
const SLOW_SPEND =
  "n = <u32>load<u8>(p, 22) + 1; h = p - (<usize>n << 5); store<u32>(h, load<u32>(h, 24) + 1, 24); fuel -= <i32>n;";
const SLOW_ARRIVE = "if (fuel < 0) return leaveFuel(q, fuel, budget); p = q; continue;";

/** What is done outside the loop, by way; with the names of run.ts, not the handlers'. */
export const SLOW: Readonly<Record<Way, string>> = {
  cold: `if (cold(p)) ${FAULT} p += 32; continue;`,
  end:
    `store<u64>(RIP, <u64>(pcOf(p) + <u32>load<u8>(p, 21))); c = cold(p); ${SLOW_SPEND} ` +
    "if (c != 0) return leaveEnd(p, c, fuel, budget); q = lookUp(load<u64>(RIP)); " +
    `if (q == 0) return leaveFetch(fuel, budget); ${SLOW_ARRIVE}`,
  // A compare whose immediate shares its field with the link: the general form gets a copy.
  fused:
    "memory.copy(COPY, p, 32); store<i64>(COPY, load<i32>(p, 24), 24); " +
    `if (cold(COPY)) ${FAULT} ${SLOW_SPEND} ` +
    "c = <u32>load<u8>(FUSED_CONDITION + <usize>load<u16>(p)); " +
    `q = <usize>(condition(c) ? load<u32>(p, 4) : load<u32>(p, 28)); ${SLOW_ARRIVE}`,
  call:
    `t = load<u64>(REG, 32) - 8; q = check(t - BIAS, 8, true); if (!q) ${FAULT} store<u64>(q, load<u64>(p, 24)); ` +
    `store<u64>(REG, t, 32); ${SLOW_SPEND} q = <usize>load<u32>(p, 4); ${SLOW_ARRIVE}`,
  look: `${SLOW_SPEND} q = lookUp(load<u64>(RIP)); if (q == 0) return leaveFetch(fuel, budget); ${SLOW_ARRIVE}`,
  link: "q = link(p); if (q == 0) return leaveFetch(fuel, budget); p = q; continue;",
  resume: "q = lookUp(<u64>pcOf(p)); if (q == 0) return leaveFetch(fuel, budget); p = q; continue;",
  undefined: `raise(INVALID_OPCODE); ${FAULT}`,
  protection: `raise(GENERAL_PROTECTION); ${FAULT}`,
  fuel: "return leaveFuel(p, fuel, budget);",
  condition:
    `c = <u32>load<u8>(p, 24); ${SLOW_SPEND} q = <usize>(condition(c) ? load<u32>(p, 4) : load<u32>(p, 28)); ${SLOW_ARRIVE}`,
  other: "continue;",
};

export const slowCases = (): string =>
  WAYS.map((way, index) => `case ${index}: { /* ${way} */ ${SLOW[way]} }`).join("\n");

const COMMON: readonly RegExp[] = [
  /^(mov|lea|push|pop|ret|leave|nop|xchgAcc|cbw|cwd|bswap|jmpIndirect|callIndirect|imul[23]|movzx.|movsx.)\./,
  /^(add|sub|and|or|xor)\.(rr|ri|rm|rx)\.[23]\.lean$/,
  /^(add|sub|and)\.(rr|ri)\.[23]$/,
  /^(add|sub|and|or)\.(mr|mi)\.[23]\.lean$/,
  /^(and|or|xor)\.(rr|ri)\.0\.lean$/,
  /^(cmp|test)\.(rr|ri|rm|mi)\.[023]$/,
  /^(sh[lr]|sar|ro[lr])\.r[ir]\.[23]\.lean$/,
  /^(not|neg|inc|dec)\.r\.[23](\.lean)?$/,
  /^setcc\.[12367]\./,
  /^cmov\.[12367]\.rr\./,
  /^cmp\.(rr|ri|rm|mi)\.[23]\.j([2-7]|1[2-5])$/,
  /^cmp\.mr\.[23]\.j[2-7]$/,
  /^cmp\.(rr|ri|mi)\.0\.j([2-7])$/,
  /^cmp\.(mr|rm|rx|xi)\.0\.j[45]$/,
  /^test\.rr\.[023]\.j/,
  /^test\.(ri|mi)\.[02]\.j[45]$/,
  /^(movaps|movups)\.(rr|rm|mr|rx|xr)\./,
  /^(movsd|loadsd|movss|loadss|movdGeneral)\.(rr|rm|mr|rx|xr)\./,
  /^(add|sub|mul|div|sqrt)s[sd]\.(rr|rm|rx)\./,
  /^u?comis[sd]\.rr\./,
  /^(cvtsi2sd\d\d|cvttsd2si\d\d)\.rr\./,
  /^(pxor|por|pand|pcmpeqb|pminub|punpcklqdq|pmovmskb)\.rr\./,
];
const UNCOMMON = /^(mov\..*\.1|nop\.[rmx]\..*|imul3\.rx\..*|mov[sz]xw\.rx\..*)$/;

/**
 * Whether the handler is in the first of the two loops. The first must stay small: beyond 8,192 values
 * V8 takes a quick register allocator that keeps the loop's variables in memory, and half the speed goes.
 */
export const isCommon = (name: string): boolean =>
  COMMON.some((pattern) => pattern.test(name)) && !UNCOMMON.test(name);
