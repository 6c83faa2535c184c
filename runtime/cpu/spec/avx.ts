/**
 * The rows of AVX and AVX2 (SDM volume 2, appendix A; chapter 2.3 for VEX). One hard idea: most are rows of
 * SSE with one operand more, so they are made from those; only what SSE does not have is written down.
 */
import { parseRows, VEX_MAP } from "./row.ts";
import type { Operand, Row, Size } from "./row.ts";
import { SSE } from "./sse.ts";
import { hasFirstSource, VEX_OPERATIONS } from "./vex.ts";
import type { VexOperation } from "./vex.ts";

const OPERATIONS = new Map(VEX_OPERATIONS.map((operation) => [operation.name, operation]));

/** Not made from SSE's rows: with other operands, or not there. */
const APART = /^(sha|blendv|pblendv|movss$|movsd$|loadss$|loadsd$)/;
/** Operations that write a mask, flags or memory of no more than 16 bytes: those of SSE serve. */
const WIDE_OF_OTHERS: Readonly<Record<string, string>> = {
  movmskps: "vmovmskps", movmskpd: "vmovmskpd", pmovmskb: "vpmovmskb", ptest: "vptest",
};
/** Wide forms that are not the narrow one twice, from 32 bytes to 16. */
const NARROWING: Readonly<Record<string, string>> = {
  cvtpd2ps: "vcvtpd2psWide", cvtpd2dq: "vcvtpd2dqWide", cvttpd2dq: "vcvttpd2dqWide",
};
/** A source of 32 bytes is half of the destination's. */
const DOUBLED: Readonly<Record<string, Size>> = { w: "d", d: "q", q: "o" };

const code = (kind: Operand["kind"], size: Size): Operand => ({ kind, size, text: `${kind}${size}` });

/** Integers came to 32 bytes with AVX2. */
const isInteger = (mnemonic: string): boolean => /^(p|mpsadbw|movntdqa)/.test(mnemonic) && mnemonic !== "ptest";

/** The row of `row`'s opcode with VEX. */
function vexRow(row: Row, l: 0 | 1, operation: string, operands: readonly Operand[]): Row {
  const [mnemonic = ""] = row.mnemonics;
  const isStrings = mnemonic.startsWith("pcmpe") && /[im]$/.test(mnemonic);
  const names = isStrings ? row.mnemonics.map((name) => `v${name}`) : [`v${mnemonic}`];
  return {
    ...row,
    map: row.map + VEX_MAP,
    prefix: row.prefix === "any" ? "np" : row.prefix,
    vexL: l,
    mnemonics: names,
    operands,
    operation,
    // Only moves that say so want their operand aligned.
    aligned: /^(mova|movdqa|movnt)/.test(mnemonic),
    lockable: false,
    feature: l === 1 && isInteger(mnemonic) ? "avx2" : "avx",
  };
}

/** The operands of 32 bytes. */
function widened(operation: VexOperation, operands: readonly Operand[]): Operand[] {
  return operands.map(({ kind, size, text }, index) => {
    const isSource = index === operands.length - 1 || operands[index + 1]?.kind === "I";
    if (!isSource || kind !== "W" || operation.upper === "other") {
      return kind === "W" && operation.name === "vmovddup" ? code(kind, "x") : { kind, size, text };
    }
    return code(kind, operation.upper === "same" ? "o" : (DOUBLED[size] ?? size));
  });
}

/** The rows with VEX of a row that writes a vector register. */
function vectorRows(row: Row, operation: VexOperation): Row[] {
  const [first, ...rest] = row.operands;
  if (first === undefined) return [];
  // A scalar's destination is a whole register, as the rest of it is written too.
  const target = code(first.kind === "U" ? "H" : first.kind, "x");
  const sources = first.kind === "U" ? [code("U", "x"), ...rest] : hasFirstSource(operation) ? [code("H", "x"), ...rest] : rest;
  // movd and movq: the register that is read may be a general one.
  const operands = [first.kind === "W" || first.kind === "M" ? first : target, ...sources];
  const rows = [vexRow(row, 0, operation.name, operands)];
  // Arithmetic of scalars does not look at L.
  if (/^[sd]$/.test(operation.to) || /^vcmps/.test(operation.name)) return rows.map((one) => ({ ...one, vexL: undefined }));
  // Its steps raise for both halves together.
  if (operation.name === "vdpps") rows.push(vexRow(row, 1, "vdppsWide", operands));
  if (operation.isWide) rows.push(vexRow(row, 1, operation.name, widened(operation, operands)));
  return rows;
}

function fromSse(row: Row): Row[] {
  const { operation } = row;
  if (APART.test(operation) && !/^mov[lh]p/.test(row.mnemonics[0] ?? "") && !isMove(row)) return [];
  if (row.feature === "sha_ni") return [];
  const vex = OPERATIONS.get(`v${operation}`);
  const isVectorTarget = /^[VU]$/.test(row.operands[0]?.kind ?? "") && !/^u?comis|^pcmp.str|^maskmov|^ptest/.test(operation);
  const storesVector = row.operands[0]?.size === "x" && /^[WM]$/.test(row.operands[0].kind);
  if (vex !== undefined && (isVectorTarget || storesVector)) {
    const narrowing = NARROWING[operation];
    const wide = narrowing === undefined ? [] : [vexRow(row, 1, narrowing, [code("V", "o"), code("W", "x")])];
    return [...vectorRows(row, vex), ...wide];
  }
  const other = WIDE_OF_OTHERS[operation];
  // pcmpistrm and pcmpestrm clear the upper half of ymm0.
  const narrow = /strm$/.test(operation) ? `v${operation}` : operation;
  const rows = [vexRow(row, 0, narrow, row.operands)];
  if (other !== undefined) rows.push(vexRow(row, 1, other, row.operands));
  // Comparisons of scalars do not look at L.
  return /^u?comis|2si/.test(operation) ? rows.map((one) => ({ ...one, vexL: undefined })) : rows;
}

/** movd, movq and the moves of halves, which need no other operands than their rows have. */
function isMove({ mnemonics, operands }: Row): boolean {
  return /^mov[dq]$/.test(mnemonics[0] ?? "") || operands[0]?.kind === "M";
}

const OWN = `
  0f 10 pf3 mem   | vmovss Vx,Md       | vloadss
  0f 10 pf3 reg   | vmovss Vx,Hx,Ux    | vmovss
  0f 10 pf2 mem   | vmovsd Vx,Mq       | vloadsd
  0f 10 pf2 reg   | vmovsd Vx,Hx,Ux    | vmovsd
  0f 11 pf3 mem   | vmovss Md,Vx       | movss
  0f 11 pf3 reg   | vmovss Ux,Hx,Vx    | vmovss
  0f 11 pf2 mem   | vmovsd Mq,Vx       | movsd
  0f 11 pf2 reg   | vmovsd Ux,Hx,Vx    | vmovsd
  0f 77 np l0     | vzeroupper         | vzeroupper
  0f 77 np l1     | vzeroall           | vzeroall
  0f ae /2 mem np l0 | vldmxcsr Md     | ldmxcsr
  0f ae /3 mem np l0 | vstmxcsr Md     | stmxcsr
  0f 38 0c p66 w0 *  | vpermilps Vx,Hx,Wx | vpermilps
  0f 38 0d p66 w0 *  | vpermilpd Vx,Hx,Wx | vpermilpd
  0f 38 0e p66 w0 *  | vtestps Vx,Wx   | vtestps
  0f 38 0f p66 w0 *  | vtestpd Vx,Wx   | vtestpd
  0f 38 16 p66 w0 l1 | vpermps Vx,Hx,Wx | vpermd feature=avx2
  0f 38 18 p66 w0 mem *  | vbroadcastss Vx,Md | vbroadcastd
  0f 38 18 p66 w0 reg *  | vbroadcastss Vx,Ud | vbroadcastd feature=avx2
  0f 38 19 p66 w0 mem l1 | vbroadcastsd Vx,Mq | vbroadcastq
  0f 38 19 p66 w0 reg l1 | vbroadcastsd Vx,Uq | vbroadcastq feature=avx2
  0f 38 1a p66 w0 mem l1 | vbroadcastf128 Vx,Mo | vbroadcast128
  0f 38 2c p66 w0 *  | vmaskmovps Vx,Hx,Mx | vmaskload32
  0f 38 2d p66 w0 *  | vmaskmovpd Vx,Hx,Mx | vmaskload64
  0f 38 2e p66 w0 *  | vmaskmovps Mx,Hx,Vx | vmaskstore32
  0f 38 2f p66 w0 *  | vmaskmovpd Mx,Hx,Vx | vmaskstore64
  0f 38 36 p66 w0 l1 | vpermd Vx,Hx,Wx | vpermd feature=avx2
  0f 38 45 p66 w0 *  | vpsrlvd Vx,Hx,Wx | vpsrlvd feature=avx2
  0f 38 45 p66 w1 *  | vpsrlvq Vx,Hx,Wx | vpsrlvq feature=avx2
  0f 38 46 p66 w0 *  | vpsravd Vx,Hx,Wx | vpsravd feature=avx2
  0f 38 47 p66 w0 *  | vpsllvd Vx,Hx,Wx | vpsllvd feature=avx2
  0f 38 47 p66 w1 *  | vpsllvq Vx,Hx,Wx | vpsllvq feature=avx2
  0f 38 58 p66 w0 *  | vpbroadcastd Vx,Wd | vbroadcastd feature=avx2
  0f 38 59 p66 w0 *  | vpbroadcastq Vx,Wq | vbroadcastq feature=avx2
  0f 38 5a p66 w0 mem l1 | vbroadcasti128 Vx,Mo | vbroadcast128 feature=avx2
  0f 38 78 p66 w0 *  | vpbroadcastb Vx,Wb | vbroadcastb feature=avx2
  0f 38 79 p66 w0 *  | vpbroadcastw Vx,Ww | vbroadcastw feature=avx2
  0f 38 8c p66 w0 *  | vpmaskmovd Vx,Hx,Mx | vmaskload32 feature=avx2
  0f 38 8c p66 w1 *  | vpmaskmovq Vx,Hx,Mx | vmaskload64 feature=avx2
  0f 38 8e p66 w0 *  | vpmaskmovd Mx,Hx,Vx | vmaskstore32 feature=avx2
  0f 38 8e p66 w1 *  | vpmaskmovq Mx,Hx,Vx | vmaskstore64 feature=avx2
  0f 38 90 p66 w0 sib *  | vpgatherdd Vx,Md,Hx | vgather32by32 feature=avx2
  0f 38 90 p66 w1 sib *  | vpgatherdq Vx,Mq,Hx | vgather64by32 feature=avx2
  0f 38 91 p66 w0 sib *  | vpgatherqd Vo,Md,Ho | vgather32by64 feature=avx2
  0f 38 91 p66 w1 sib *  | vpgatherqq Vx,Mq,Hx | vgather64by64 feature=avx2
  0f 38 92 p66 w0 sib *  | vgatherdps Vx,Md,Hx | vgather32by32 feature=avx2
  0f 38 92 p66 w1 sib *  | vgatherdpd Vx,Mq,Hx | vgather64by32 feature=avx2
  0f 38 93 p66 w0 sib *  | vgatherqps Vo,Md,Ho | vgather32by64 feature=avx2
  0f 38 93 p66 w1 sib *  | vgatherqpd Vx,Mq,Hx | vgather64by64 feature=avx2
  0f 3a 00 p66 w1 l1 | vpermq Vx,Wx,Ib | vpermq feature=avx2
  0f 3a 01 p66 w1 l1 | vpermpd Vx,Wx,Ib | vpermq feature=avx2
  0f 3a 02 p66 w0 *  | vpblendd Vx,Hx,Wx,Ib | vpblendd feature=avx2
  0f 3a 04 p66 w0 *  | vpermilps Vx,Wx,Ib | vpermilpsImmediate
  0f 3a 05 p66 w0 *  | vpermilpd Vx,Wx,Ib | vpermilpdImmediate
  0f 3a 06 p66 w0 l1 | vperm2f128 Vx,Hx,Wx,Ib | vperm128
  0f 3a 18 p66 w0 l1 | vinsertf128 Vx,Hx,Wo,Ib | vinsert128
  0f 3a 19 p66 w0 l1 | vextractf128 Wo,Vx,Ib | vextract128
  0f 3a 38 p66 w0 l1 | vinserti128 Vx,Hx,Wo,Ib | vinsert128 feature=avx2
  0f 3a 39 p66 w0 l1 | vextracti128 Wo,Vx,Ib | vextract128 feature=avx2
  0f 3a 46 p66 w0 l1 | vperm2i128 Vx,Hx,Wx,Ib | vperm128 feature=avx2
  0f 3a 4a p66 w0 *  | vblendvps Vx,Hx,Wx,Lx | vblendvps
  0f 3a 4b p66 w0 *  | vblendvpd Vx,Hx,Wx,Lx | vblendvpd
  0f 3a 4c p66 w0 l0 | vpblendvb Vx,Hx,Wx,Lx | vpblendvb
  0f 3a 4c p66 w0 l1 | vpblendvb Vx,Hx,Wx,Lx | vpblendvb feature=avx2
`;

/** `*` is both l0 and l1. */
function ownLines(): string[] {
  return OWN.trim().split("\n").flatMap((line) => {
    const named = line.includes("feature=") ? line : `${line} feature=avx`;
    return (line.includes("*") ? ["l0", "l1"].map((l) => named.replace("*", l)) : [named]).map((one) => `vex ${one.trim()}`);
  });
}

export const AVX: readonly Row[] = [...SSE.flatMap(fromSse), ...parseRows(ownLines().join("\n"))];
