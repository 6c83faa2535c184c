/**
 * The rows of SSE, SSE2, SSE3, SSSE3, SSE4.1, SSE4.2, AES, SHA and PCLMULQDQ on xmm registers: SDM volume 2,
 * appendix A, tables. One hard idea: a 16-byte memory operand must be aligned unless the row
 * says `unaligned`, so `aligned` is put on here and not in the lines. What an operation does: vector.ts.
 */
import { parseRows } from "./row.ts";
import type { Row } from "./row.ts";

const hex = (value: number): string => value.toString(16).padStart(2, "0");

/** The same opcode as ps, pd, ss and sd. */
function family(name: string, opcode: number, tail = ""): string {
  const at = `0f ${hex(opcode)}`;
  return `
    ${at} np  | ${name}ps Vx,Wx${tail} | ${name}ps feature=sse
    ${at} p66 | ${name}pd Vx,Wx${tail} | ${name}pd feature=sse2
    ${at} pf3 | ${name}ss Vd,Wd${tail} | ${name}ss feature=sse
    ${at} pf2 | ${name}sd Vq,Wq${tail} | ${name}sd feature=sse2`;
}

/** Bitwise: the types of the lanes do not matter. */
function logic(name: string, opcode: number, operation: string): string {
  return `
    0f ${hex(opcode)} np  | ${name}ps Vx,Wx | ${operation} feature=sse
    0f ${hex(opcode)} p66 | ${name}pd Vx,Wx | ${operation} feature=sse2`;
}

const MOVES = `
  0f 10 np      | movups Vx,Wx    | movups unaligned feature=sse
  0f 10 p66     | movupd Vx,Wx    | movups unaligned feature=sse2
  0f 10 pf3 mem | movss Vx,Wd     | loadss feature=sse
  0f 10 pf3 reg | movss Vd,Wd     | movss feature=sse
  0f 10 pf2 mem | movsd Vx,Wq     | loadsd feature=sse2
  0f 10 pf2 reg | movsd Vq,Wq     | movsd feature=sse2
  0f 11 np      | movups Wx,Vx    | movups unaligned feature=sse
  0f 11 p66     | movupd Wx,Vx    | movups unaligned feature=sse2
  0f 11 pf3     | movss Wd,Vd     | movss feature=sse
  0f 11 pf2     | movsd Wq,Vq     | movsd feature=sse2
  0f 12 np mem  | movlps Vq,Mq    | movsd feature=sse
  0f 12 np reg  | movhlps Vq,Ux   | movhlps feature=sse
  0f 12 p66     | movlpd Vq,Mq    | movsd feature=sse2
  0f 12 pf3     | movsldup Vx,Wx  | movsldup feature=pni
  0f 12 pf2     | movddup Vx,Wq   | movddup feature=pni
  0f 13 np      | movlps Mq,Vq    | movsd feature=sse
  0f 13 p66     | movlpd Mq,Vq    | movsd feature=sse2
  0f 14 np      | unpcklps Vx,Wx  | punpckldq feature=sse
  0f 14 p66     | unpcklpd Vx,Wx  | punpcklqdq feature=sse2
  0f 15 np      | unpckhps Vx,Wx  | punpckhdq feature=sse
  0f 15 p66     | unpckhpd Vx,Wx  | punpckhqdq feature=sse2
  0f 16 np mem  | movhps Vx,Mq    | movhps feature=sse
  0f 16 np reg  | movlhps Vx,Uq   | movhps feature=sse
  0f 16 p66     | movhpd Vx,Mq    | movhps feature=sse2
  0f 16 pf3     | movshdup Vx,Wx  | movshdup feature=pni
  0f 17 np      | movhps Mq,Vx    | movhlps feature=sse
  0f 17 p66     | movhpd Mq,Vx    | movhlps feature=sse2
  0f 28 np      | movaps Vx,Wx    | movaps feature=sse
  0f 28 p66     | movapd Vx,Wx    | movaps feature=sse2
  0f 29 np      | movaps Wx,Vx    | movaps feature=sse
  0f 29 p66     | movapd Wx,Vx    | movaps feature=sse2
  0f 2b np      | movntps Mx,Vx   | movaps feature=sse
  0f 2b p66     | movntpd Mx,Vx   | movaps feature=sse2
  0f 50 np      | movmskps Gy,Ux  | movmskps feature=sse
  0f 50 p66     | movmskpd Gy,Ux  | movmskpd feature=sse2
  0f 6e p66 w0  | movd Vx,Ed      | loadss feature=sse2
  0f 6e p66 w1  | movq Vx,Eq      | loadsd feature=sse2
  0f 6f p66     | movdqa Vx,Wx    | movaps feature=sse2
  0f 6f pf3     | movdqu Vx,Wx    | movups unaligned feature=sse2
  0f 7e p66 w0  | movd Ed,Vd      | movdGeneral feature=sse2
  0f 7e p66 w1  | movq Eq,Vq      | movsd feature=sse2
  0f 7e pf3     | movq Vx,Wq      | loadsd feature=sse2
  0f 7f p66     | movdqa Wx,Vx    | movaps feature=sse2
  0f 7f pf3     | movdqu Wx,Vx    | movups unaligned feature=sse2
  0f d6 p66 mem | movq Wq,Vq      | movsd feature=sse2
  0f d6 p66 reg | movq Wx,Vq      | loadsd feature=sse2
  0f d7 p66     | pmovmskb Gy,Ux  | pmovmskb feature=sse2
  0f e7 p66     | movntdq Mx,Vx   | movaps feature=sse2
  0f f0 pf2     | lddqu Vx,Mx     | movups unaligned feature=pni memory=none
  0f f7 p66     | maskmovdqu Vx,Ux | maskmovdqu feature=sse2
  0f 38 2a p66  | movntdqa Vx,Mx  | movaps feature=sse4_1
`;

const CONVERSIONS = `
  0f 2a pf3 w0 | cvtsi2ss Vd,Ed   | cvtsi2ss32 feature=sse
  0f 2a pf3 w1 | cvtsi2ss Vd,Eq   | cvtsi2ss64 feature=sse
  0f 2a pf2 w0 | cvtsi2sd Vq,Ed   | cvtsi2sd32 feature=sse2
  0f 2a pf2 w1 | cvtsi2sd Vq,Eq   | cvtsi2sd64 feature=sse2
  0f 2c pf3 w0 | cvttss2si Gd,Wd  | cvttss2si32 feature=sse
  0f 2c pf3 w1 | cvttss2si Gq,Wd  | cvttss2si64 feature=sse
  0f 2c pf2 w0 | cvttsd2si Gd,Wq  | cvttsd2si32 feature=sse2
  0f 2c pf2 w1 | cvttsd2si Gq,Wq  | cvttsd2si64 feature=sse2
  0f 2d pf3 w0 | cvtss2si Gd,Wd   | cvtss2si32 feature=sse
  0f 2d pf3 w1 | cvtss2si Gq,Wd   | cvtss2si64 feature=sse
  0f 2d pf2 w0 | cvtsd2si Gd,Wq   | cvtsd2si32 feature=sse2
  0f 2d pf2 w1 | cvtsd2si Gq,Wq   | cvtsd2si64 feature=sse2
  0f 2e np     | ucomiss Vd,Wd    | ucomiss feature=sse
  0f 2e p66    | ucomisd Vq,Wq    | ucomisd feature=sse2
  0f 2f np     | comiss Vd,Wd     | comiss feature=sse
  0f 2f p66    | comisd Vq,Wq     | comisd feature=sse2
  0f 5a np     | cvtps2pd Vx,Wq   | cvtps2pd feature=sse2
  0f 5a p66    | cvtpd2ps Vx,Wx   | cvtpd2ps feature=sse2
  0f 5a pf3    | cvtss2sd Vq,Wd   | cvtss2sd feature=sse2
  0f 5a pf2    | cvtsd2ss Vd,Wq   | cvtsd2ss feature=sse2
  0f 5b np     | cvtdq2ps Vx,Wx   | cvtdq2ps feature=sse2
  0f 5b p66    | cvtps2dq Vx,Wx   | cvtps2dq feature=sse2
  0f 5b pf3    | cvttps2dq Vx,Wx  | cvttps2dq feature=sse2
  0f e6 p66    | cvttpd2dq Vx,Wx  | cvttpd2dq feature=sse2
  0f e6 pf3    | cvtdq2pd Vx,Wq   | cvtdq2pd feature=sse2
  0f e6 pf2    | cvtpd2dq Vx,Wx   | cvtpd2dq feature=sse2
  0f 52 np     | rsqrtps Vx,Wx    | rsqrtps feature=sse
  0f 52 pf3    | rsqrtss Vd,Wd    | rsqrtss feature=sse
  0f 53 np     | rcpps Vx,Wx      | rcpps feature=sse
  0f 53 pf3    | rcpss Vd,Wd      | rcpss feature=sse
  0f c6 np     | shufps Vx,Wx,Ib  | shufps feature=sse
  0f c6 p66    | shufpd Vx,Wx,Ib  | shufpd feature=sse2
  0f 7c p66    | haddpd Vx,Wx     | haddpd feature=pni
  0f 7c pf2    | haddps Vx,Wx     | haddps feature=pni
  0f 7d p66    | hsubpd Vx,Wx     | hsubpd feature=pni
  0f 7d pf2    | hsubps Vx,Wx     | hsubps feature=pni
  0f d0 p66    | addsubpd Vx,Wx   | addsubpd feature=pni
  0f d0 pf2    | addsubps Vx,Wx   | addsubps feature=pni
`;

/** Opcode to mnemonic of what is `Vx,Wx` with prefix 66 in the two-byte map. */
const SSE2: Readonly<Record<string, string>> = {
  60: "punpcklbw", 61: "punpcklwd", 62: "punpckldq", 63: "packsswb", 64: "pcmpgtb", 65: "pcmpgtw",
  66: "pcmpgtd", 67: "packuswb", 68: "punpckhbw", 69: "punpckhwd", "6a": "punpckhdq", "6b": "packssdw",
  "6c": "punpcklqdq", "6d": "punpckhqdq", 74: "pcmpeqb", 75: "pcmpeqw", 76: "pcmpeqd", d1: "psrlw",
  d2: "psrld", d3: "psrlq", d4: "paddq", d5: "pmullw", d8: "psubusb", d9: "psubusw", da: "pminub",
  db: "pand", dc: "paddusb", dd: "paddusw", de: "pmaxub", df: "pandn", e0: "pavgb", e1: "psraw",
  e2: "psrad", e3: "pavgw", e4: "pmulhuw", e5: "pmulhw", e8: "psubsb", e9: "psubsw", ea: "pminsw",
  eb: "por", ec: "paddsb", ed: "paddsw", ee: "pmaxsw", ef: "pxor", f1: "psllw", f2: "pslld", f3: "psllq",
  f4: "pmuludq", f5: "pmaddwd", f6: "psadbw", f8: "psubb", f9: "psubw", fa: "psubd", fb: "psubq",
  fc: "paddb", fd: "paddw", fe: "paddd",
};

const SHIFTS = [
  ["71", 2, "psrlw"], ["71", 4, "psraw"], ["71", 6, "psllw"], ["72", 2, "psrld"], ["72", 4, "psrad"],
  ["72", 6, "pslld"], ["73", 2, "psrlq"], ["73", 6, "psllq"],
] as const;

const SHUFFLES = `
  0f 70 p66     | pshufd Vx,Wx,Ib  | pshufd feature=sse2
  0f 70 pf3     | pshufhw Vx,Wx,Ib | pshufhw feature=sse2
  0f 70 pf2     | pshuflw Vx,Wx,Ib | pshuflw feature=sse2
  0f 73 /3 p66  | psrldq Ux,Ib     | psrldq feature=sse2
  0f 73 /7 p66  | pslldq Ux,Ib     | pslldq feature=sse2
  0f c4 p66 reg | pinsrw Vx,Ed,Ib  | pinsrw feature=sse2
  0f c4 p66 mem | pinsrw Vx,Mw,Ib  | pinsrw feature=sse2
  0f c5 p66     | pextrw Gd,Ux,Ib  | pextrw feature=sse2
`;

/** The map 0f 38: SSSE3, then SSE4.1 and SSE4.2. */
const SSSE3: Readonly<Record<string, string>> = {
  "00": "pshufb", "01": "phaddw", "02": "phaddd", "03": "phaddsw", "04": "pmaddubsw", "05": "phsubw",
  "06": "phsubd", "07": "phsubsw", "08": "psignb", "09": "psignw", "0a": "psignd", "0b": "pmulhrsw",
  "1c": "pabsb", "1d": "pabsw", "1e": "pabsd",
};
const SSE41: Readonly<Record<string, string>> = {
  10: "pblendvb", 14: "blendvps", 15: "blendvpd", 17: "ptest", 28: "pmuldq", 29: "pcmpeqq", "2b": "packusdw",
  38: "pminsb", 39: "pminsd", "3a": "pminuw", "3b": "pminud", "3c": "pmaxsb", "3d": "pmaxsd", "3e": "pmaxuw",
  "3f": "pmaxud", 40: "pmulld", 41: "phminposuw",
};
const AES: Readonly<Record<string, string>> = {
  db: "aesimc", dc: "aesenc", dd: "aesenclast", de: "aesdec", df: "aesdeclast",
};
const SHA: Readonly<Record<string, string>> = {
  c8: "sha1nexte", c9: "sha1msg1", ca: "sha1msg2", cb: "sha256rnds2", cc: "sha256msg1", cd: "sha256msg2",
};

const SSE4 = `
  0f 38 37 p66 | pcmpgtq Vx,Wx  | pcmpgtq feature=sse4_2
  0f 38 20 p66 | pmovsxbw Vx,Wq | pmovsxbw feature=sse4_1
  0f 38 21 p66 | pmovsxbd Vx,Wd | pmovsxbd feature=sse4_1
  0f 38 22 p66 | pmovsxbq Vx,Ww | pmovsxbq feature=sse4_1
  0f 38 23 p66 | pmovsxwd Vx,Wq | pmovsxwd feature=sse4_1
  0f 38 24 p66 | pmovsxwq Vx,Wd | pmovsxwq feature=sse4_1
  0f 38 25 p66 | pmovsxdq Vx,Wq | pmovsxdq feature=sse4_1
  0f 38 30 p66 | pmovzxbw Vx,Wq | pmovzxbw feature=sse4_1
  0f 38 31 p66 | pmovzxbd Vx,Wd | pmovzxbd feature=sse4_1
  0f 38 32 p66 | pmovzxbq Vx,Ww | pmovzxbq feature=sse4_1
  0f 38 33 p66 | pmovzxwd Vx,Wq | pmovzxwd feature=sse4_1
  0f 38 34 p66 | pmovzxwq Vx,Wd | pmovzxwq feature=sse4_1
  0f 38 35 p66 | pmovzxdq Vx,Wq | pmovzxdq feature=sse4_1
  0f 3a 08 p66 | roundps Vx,Wx,Ib | roundps feature=sse4_1
  0f 3a 09 p66 | roundpd Vx,Wx,Ib | roundpd feature=sse4_1
  0f 3a 0a p66 | roundss Vd,Wd,Ib | roundss feature=sse4_1
  0f 3a 0b p66 | roundsd Vq,Wq,Ib | roundsd feature=sse4_1
  0f 3a 0c p66 | blendps Vx,Wx,Ib | blendps feature=sse4_1
  0f 3a 0d p66 | blendpd Vx,Wx,Ib | blendpd feature=sse4_1
  0f 3a 0e p66 | pblendw Vx,Wx,Ib | pblendw feature=sse4_1
  0f 3a 0f p66 | palignr Vx,Wx,Ib | palignr feature=ssse3
  0f 3a 14 p66 reg | pextrb Ed,Vx,Ib | pextrb feature=sse4_1
  0f 3a 14 p66 mem | pextrb Mb,Vx,Ib | pextrbStore feature=sse4_1
  0f 3a 15 p66 reg | pextrw Ed,Vx,Ib | pextrw feature=sse4_1
  0f 3a 15 p66 mem | pextrw Mw,Vx,Ib | pextrwStore feature=sse4_1
  0f 3a 16 p66 w0 | pextrd Ed,Vx,Ib | pextrd feature=sse4_1
  0f 3a 16 p66 w1 | pextrq Eq,Vx,Ib | pextrq feature=sse4_1
  0f 3a 17 p66 | extractps Ed,Vx,Ib | pextrd feature=sse4_1
  0f 3a 20 p66 reg | pinsrb Vx,Ed,Ib | pinsrb feature=sse4_1
  0f 3a 20 p66 mem | pinsrb Vx,Mb,Ib | pinsrb feature=sse4_1
  0f 3a 21 p66 reg | insertps Vx,Ux,Ib | insertps feature=sse4_1
  0f 3a 21 p66 mem | insertps Vx,Md,Ib | insertpsLoad feature=sse4_1
  0f 3a 22 p66 w0 | pinsrd Vx,Ed,Ib | pinsrd feature=sse4_1
  0f 3a 22 p66 w1 | pinsrq Vx,Eq,Ib | pinsrq feature=sse4_1
  0f 3a 40 p66 | dpps Vx,Wx,Ib | dpps feature=sse4_1
  0f 3a 41 p66 | dppd Vx,Wx,Ib | dppd feature=sse4_1
  0f 3a 42 p66 | mpsadbw Vx,Wx,Ib | mpsadbw feature=sse4_1
  0f 3a 44 p66 | pclmulqdq Vx,Wx,Ib | pclmulqdq feature=pclmulqdq
  0f 3a 60 p66 | pcmpestrm/pcmpestrm/pcmpestrmq Vx,Wx,Ib | pcmpestrm unaligned feature=sse4_2
  0f 3a 61 p66 | pcmpestri/pcmpestri/pcmpestriq Vx,Wx,Ib | pcmpestri unaligned feature=sse4_2
  0f 3a 62 p66 | pcmpistrm Vx,Wx,Ib | pcmpistrm unaligned feature=sse4_2
  0f 3a 63 p66 | pcmpistri Vx,Wx,Ib | pcmpistri unaligned feature=sse4_2
  0f 3a cc np  | sha1rnds4 Vx,Wx,Ib | sha1rnds4 unaligned feature=sha_ni
  0f 3a df p66 | aeskeygenassist Vx,Wx,Ib | aeskeygenassist feature=aes
`;

function plain(names: Readonly<Record<string, string>>, map: string, feature: string): string[] {
  return Object.entries(names).map(
    ([opcode, name]) => `${map} ${opcode} p66 | ${name} Vx,Wx | ${name} feature=${feature}`,
  );
}

const LINES = [
  MOVES,
  CONVERSIONS,
  ...Object.entries({ sqrt: 0x51, add: 0x58, mul: 0x59, sub: 0x5c, min: 0x5d, div: 0x5e, max: 0x5f }).map(
    ([name, opcode]) => family(name, opcode),
  ),
  family("cmp", 0xc2, ",Ib"),
  logic("and", 0x54, "pand"),
  logic("andn", 0x55, "pandn"),
  logic("or", 0x56, "por"),
  logic("xor", 0x57, "pxor"),
  ...plain(SSE2, "0f", "sse2"),
  ...SHIFTS.map(
    ([opcode, digit, name]) =>
      `0f ${opcode} /${digit} p66 | ${name} Ux,Ib | ${name}Immediate feature=sse2`,
  ),
  SHUFFLES,
  ...plain(SSSE3, "0f 38", "ssse3"),
  ...plain(SSE41, "0f 38", "sse4_1"),
  ...plain(AES, "0f 38", "aes"),
  ...plain(SHA, "0f 38", "sha_ni").map((line) => `${line.replace(" p66 ", " np ")} unaligned`),
  SSE4,
].join("\n");

const isWide = (code: string): boolean => /^[WM]x$/.test(code);

export const SSE: readonly Row[] = parseRows(
  LINES.split("\n")
    .map((line) => {
      const operands = line.split("|")[1]?.trim().split(/\s+/)[1]?.split(",") ?? [];
      return operands.some(isWide) && !line.includes("unaligned") ? `${line} aligned` : line;
    })
    .join("\n"),
);
