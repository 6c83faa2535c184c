/**
 * MMX: rows and, as in vector.ts, what each operation does. One hard idea: 64 bits are the low half of a
 * v128, so most expressions are those of SSE; where an SSE operation mixes its halves, `c` (the first
 * operand with the second above it) makes one v128 of the two. An mm register is the low eight bytes of a
 * physical x87 register, and every instruction here turns the x87 stack into MMX registers.
 *
 *   name   to from   expression        p an mm register (or 8 bytes of memory)   o its low four bytes
 */
import { parseRows } from "./row.ts";
import type { Row } from "./row.ts";
import { VECTOR_OPERATIONS } from "./vector.ts";

/** Operations of the two-byte map whose expression is that of SSE: opcode to name. */
const SAME: Readonly<Record<string, string>> = {
  64: "pcmpgtb", 65: "pcmpgtw", 66: "pcmpgtd", 74: "pcmpeqb", 75: "pcmpeqw", 76: "pcmpeqd", d1: "psrlw",
  d2: "psrld", d3: "psrlq", d4: "paddq", d5: "pmullw", d8: "psubusb", d9: "psubusw", da: "pminub",
  db: "pand", dc: "paddusb", dd: "paddusw", de: "pmaxub", df: "pandn", e0: "pavgb", e1: "psraw",
  e2: "psrad", e3: "pavgw", e4: "pmulhuw", e5: "pmulhw", e8: "psubsb", e9: "psubsw", ea: "pminsw",
  eb: "por", ec: "paddsb", ed: "paddsw", ee: "pmaxsw", ef: "pxor", f1: "psllw", f2: "pslld", f3: "psllq",
  f4: "pmuludq", f5: "pmaddwd", f6: "psadbw", f8: "psubb", f9: "psubw", fa: "psubd", fb: "psubq",
  fc: "paddb", fd: "paddw", fe: "paddd",
};
/** Those of the map 0f 38. */
const SAME_38: Readonly<Record<string, string>> = {
  "04": "pmaddubsw", "08": "psignb", "09": "psignw", "0a": "psignd", "0b": "pmulhrsw", "1c": "pabsb",
  "1d": "pabsw", "1e": "pabsd",
};
/** Horizontal: both operands become one vector. */
const HORIZONTAL_38: Readonly<Record<string, string>> = {
  "01": "phaddw", "02": "phaddd", "03": "phaddsw", "05": "phsubw", "06": "phsubd", "07": "phsubsw",
};
const SHIFTS = [
  ["71", 2, "psrlw"], ["71", 4, "psraw"], ["71", 6, "psllw"], ["72", 2, "psrld"], ["72", 4, "psrad"],
  ["72", 6, "pslld"], ["73", 2, "psrlq"], ["73", 6, "psllq"],
] as const;

const ROWS = `
  0f 60 np | punpcklbw Pq,Qd | mmxPunpcklbw feature=mmx
  0f 61 np | punpcklwd Pq,Qd | mmxPunpcklwd feature=mmx
  0f 62 np | punpckldq Pq,Qd | mmxPunpckldq feature=mmx
  0f 63 np | packsswb Pq,Qq  | mmxPacksswb feature=mmx
  0f 67 np | packuswb Pq,Qq  | mmxPackuswb feature=mmx
  0f 68 np | punpckhbw Pq,Qq | mmxPunpckhbw feature=mmx
  0f 69 np | punpckhwd Pq,Qq | mmxPunpckhwd feature=mmx
  0f 6a np | punpckhdq Pq,Qq | mmxPunpckhdq feature=mmx
  0f 6b np | packssdw Pq,Qq  | mmxPackssdw feature=mmx
  0f 6e np w0 | movd Pq,Ed   | mmxLoadd feature=mmx
  0f 6e np w1 | movq Pq,Eq   | mmxLoadq feature=mmx
  0f 6f np | movq Pq,Qq      | mmxLoadq feature=mmx
  0f 70 np | pshufw Pq,Qq,Ib | mmxPshufw feature=sse
  0f 7e np w0 | movd Ed,Pd   | mmxStored feature=mmx
  0f 7e np w1 | movq Eq,Pq   | mmxStoreq feature=mmx
  0f 7f np mem | movq Qq,Pq  | mmxStoreq feature=mmx
  0f 7f np reg | movq Qq,Pq  | mmxLoadq feature=mmx
  0f c4 np reg | pinsrw Pq,Ed,Ib | mmxPinsrw feature=sse
  0f c4 np mem | pinsrw Pq,Mw,Ib | mmxPinsrw feature=sse
  0f c5 np | pextrw Gd,Nq,Ib | mmxPextrw feature=sse
  0f d6 pf2 | movdq2q Pq,Uq  | mmxLoadq feature=sse2
  0f d6 pf3 | movq2dq Vx,Nq  | mmxMovq2dq feature=sse2
  0f d7 np | pmovmskb Gy,Nq  | mmxPmovmskb feature=sse
  0f e7 np | movntq Mq,Pq    | mmxStoreq feature=sse
  0f f7 np | maskmovq Pq,Nq  | maskmovq feature=sse
  0f 2a np | cvtpi2ps Vq,Qq  | mmxCvtpi2ps feature=sse
  0f 2c np | cvttps2pi Pq,Wq | mmxCvttps2pi feature=sse
  0f 2d np | cvtps2pi Pq,Wq  | mmxCvtps2pi feature=sse
  0f 2a p66 | cvtpi2pd Vx,Qq | mmxCvtpi2pd feature=sse2
  0f 2c p66 | cvttpd2pi Pq,Wx | mmxCvttpd2pi feature=sse2
  0f 2d p66 | cvtpd2pi Pq,Wx | mmxCvtpd2pi feature=sse2
  0f 38 00 np | pshufb Pq,Qq | mmxPshufb feature=ssse3
  0f 3a 0f np | palignr Pq,Qq,Ib | mmxPalignr feature=ssse3
`;

const OPERATIONS = `
  Punpcklbw p o i8x16.shuffle(a, b, 0,16,1,17,2,18,3,19,0,0,0,0,0,0,0,0)
  Punpcklwd p o i8x16.shuffle(a, b, 0,1,16,17,2,3,18,19,0,0,0,0,0,0,0,0)
  Punpckldq p o i8x16.shuffle(a, b, 0,1,2,3,16,17,18,19,0,0,0,0,0,0,0,0)
  Punpckhbw p p i8x16.shuffle(a, b, 4,20,5,21,6,22,7,23,0,0,0,0,0,0,0,0)
  Punpckhwd p p i8x16.shuffle(a, b, 4,5,20,21,6,7,22,23,0,0,0,0,0,0,0,0)
  Punpckhdq p p i8x16.shuffle(a, b, 4,5,6,7,20,21,22,23,0,0,0,0,0,0,0,0)
  Packsswb p p i8x16.narrow_i16x8_s(c, c)
  Packuswb p p i8x16.narrow_i16x8_u(c, c)
  Packssdw p p i16x8.narrow_i32x4_s(c, c)
  Loadd p o b
  Loadq p p b
  Stored l p i32x4.extract_lane(b, 0)
  Storeq q p i64x2.extract_lane(b, 0)
  Pshufw p p pshuflw(b, i)
  Pinsrw p w pinsrw(a, <u32>b, i & 3)
  Pextrw l p pextrw(b, i & 3)
  Movq2dq x p b
  Pmovmskb l p i8x16.bitmask(b) & 0xff
  Cvtpi2ps q p i64x2.extract_lane(cvtdq2ps(b, m), 0)
  Cvttps2pi p p cvttps2dq(b, m)
  Cvtps2pi p p cvtps2dq(b, m)
  Cvtpi2pd x p cvtdq2pd(b)
  Cvttpd2pi p x cvttpd2dq(b, m)
  Cvtpd2pi p x cvtpd2dq(b, m)
  Pshufb p p pshufb(a, v128.and(b, i8x16.splat(<i8>0x87)))
  Palignr p p psrldq(i8x16.shuffle(b, a, 0,1,2,3,4,5,6,7,16,17,18,19,20,21,22,23), i)
`;

const titled = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

function sameRows(names: Readonly<Record<string, string>>, map: string, feature: string): string[] {
  return Object.entries(names).map(
    ([opcode, name]) => `${map} ${opcode} np | ${name} Pq,Qq | mmx${titled(name)} feature=${feature}`,
  );
}

export const MMX: readonly Row[] = parseRows(
  [
    ROWS,
    ...sameRows(SAME, "0f", "mmx"),
    ...sameRows(SAME_38, "0f 38", "ssse3"),
    ...sameRows(HORIZONTAL_38, "0f 38", "ssse3"),
    ...SHIFTS.map(
      ([opcode, digit, name]) => `0f ${opcode} /${digit} np | ${name} Nq,Ib | mmx${titled(name)}Immediate feature=mmx`,
    ),
  ].join("\n"),
);

function sameOperations(): string[] {
  const expressions = new Map(VECTOR_OPERATIONS.map(({ name, from, expression }) => [name, { from, expression }]));
  const names = [...Object.values(SAME), ...Object.values(SAME_38), ...SHIFTS.map(([, , name]) => `${name}Immediate`)];
  return names.map((name) => {
    const { from = "", expression = "" } = expressions.get(name) ?? {};
    return `${titled(name)} p ${from === "x" ? "p" : from} ${expression}`;
  });
}

const FROM: Readonly<Record<string, readonly [bytes: number, load: string]>> = {
  p: [8, "v128.load64_zero(s)"], o: [4, "v128.load32_zero(s)"], q: [8, "load<u64>(s)"], w: [2, "load<u16>(s)"],
  x: [16, "v128.load(s)"],
};
const TO: Readonly<Record<string, readonly [bytes: number, store: string]>> = {
  p: [8, "writeMmx(d, i64x2.extract_lane(r, 0))"], q: [8, "store<u64>(d, r)"], l: [4, "write(d, 2, <u64><u32>r)"],
  x: [16, "v128.store(d, r)"],
};

function operationSource(line: string): string {
  const [name = "", to = "", from = "", ...rest] = line.trim().split(/\s+/);
  const expression = rest.join(" ");
  const mentions = (letter: string): boolean => new RegExp(`\\b${letter}\\b`).test(expression);
  const [sourceBytes = 0, load = ""] = FROM[from] ?? [];
  const [targetBytes = 0, store = ""] = TO[to] ?? [];
  const waits = name.startsWith("Cvtpi") ? "s != 0 && raisePending()" : "raisePending()";
  const lines = [`export function opMmx${name}(u: usize, d: usize, s: usize): void {`, `  if (${waits}) return;`];
  const fetch = (pointer: string, bytes: number, isWrite: boolean): void => {
    lines.push(`  if (${pointer} == 0) ${pointer} = mmxOperand(u, ${bytes}, ${isWrite});`);
    lines.push(`  if (${pointer} == 0) return;`);
  };
  if (from !== "-") fetch("s", sourceBytes, false);
  if (to === "q" || to === "l") fetch("d", targetBytes, true);
  if (mentions("a") || mentions("c")) lines.push("  let a = v128.load64_zero(d);");
  if (from !== "-") lines.push(`  let b = ${load};`);
  if (mentions("c")) lines.push("  let c = i8x16.shuffle(a, b, 0,1,2,3,4,5,6,7,16,17,18,19,20,21,22,23);");
  if (mentions("i")) lines.push("  let i = <u32>load<u8>(u, UOP_IMM);");
  // The state changes before an exception is noticed, and not for xmm from memory: as hosts do.
  lines.push(name.startsWith("Cvtpi") ? "  if (s < DATA) f80EnterMmx(X87);" : "  f80EnterMmx(X87);");
  lines.push(`  let r = ${expression.replace(/\bm\b/g, "MXCSR")};`);
  if (mentions("m")) lines.push("  if (isTrapped()) return;");
  lines.push(`  ${store};`, "}");
  return lines.join("\n");
}

/** The operations as AssemblyScript. */
export function mmxSource(): string {
  const horizontal = Object.values(HORIZONTAL_38).map((name) => `${titled(name)} p p ${name}(c, c)`);
  const lines = [...OPERATIONS.trim().split("\n"), ...sameOperations(), ...horizontal];
  const called = lines.flatMap((line) => line.match(/(?<![.\w])[a-z]\w*(?=\()/g) ?? []);
  return [
    `import { ${[...new Set(called)].join(", ")} } from "./vector";`,
    'import { DATA, MXCSR, UOP_IMM, X87 } from "./layout";',
    'import { f80EnterMmx } from "./f80-state";',
    'import { raisePending } from "./operations-x87";',
    'import { isTrapped, mmxOperand, writeMmx } from "./operations-vector";',
    'import { write } from "./uop";',
    ...lines.map(operationSource),
    "",
  ].join("\n");
}
