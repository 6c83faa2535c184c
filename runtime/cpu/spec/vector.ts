/**
 * What the SSE instructions do, one line each, as AssemblyScript expressions. One hard idea: the general
 * form of an operation (`opPaddb`) and its hot handlers are written from the same expression, so they
 * cannot differ; functions that are more than one wasm instruction come from assembly/vector.ts.
 *
 *   name      to from   expression
 *   addsd     d  d      addsd(a, b, m)
 *
 * In an expression `a` is the first operand, `b` the second, `i` the immediate byte, `m` the address of
 * MXCSR (an operation that mentions it can raise #XM). Types:
 *   x v128   s f32   d f64   q u64   l u32   w u16   b u8   h the high u64 of a register
 *   from: Q, L   8 or 4 bytes into a v128 that is zero above   - none
 *   to:   G   32 bits to a general register (zero-extended) or memory   f   status flags
 */

export interface VectorOperation {
  readonly name: string;
  readonly to: string;
  readonly from: string;
  readonly expression: string;
}

const WIDTHS = ["b", "w", "d", "q"] as const;
const SHAPES = ["i8x16", "i16x8", "i32x4", "i64x2"] as const;

function lanes(line: (letter: string, shape: string, index: number) => string, upTo = 3): string {
  return SHAPES.slice(0, upTo).map((shape, index) => line(WIDTHS[index] ?? "", shape, index)).join("\n");
}

const MOVES = `
  movaps    x x  b
  movups    x x  b
  movsd     q q  b
  movss     l l  b
  loadsd    x Q  b
  loadss    x L  b
  movdGeneral G l b
  movhlps   q h  b
  movhps    h q  b
  movddup   x q  i64x2.splat(b)
  movsldup  x x  i8x16.shuffle(b, b, 0,1,2,3, 0,1,2,3, 8,9,10,11, 8,9,10,11)
  movshdup  x x  i8x16.shuffle(b, b, 4,5,6,7, 4,5,6,7, 12,13,14,15, 12,13,14,15)
  movmskps  G x  i32x4.bitmask(b)
  movmskpd  G x  i64x2.bitmask(b)
  pmovmskb  G x  i8x16.bitmask(b)
`;

const INTEGER = `
  pand      x x  v128.and(a, b)
  pandn     x x  v128.andnot(b, a)
  por       x x  v128.or(a, b)
  pxor      x x  v128.xor(a, b)
  paddq     x x  i64x2.add(a, b)
  psubq     x x  i64x2.sub(a, b)
  pcmpeqq   x x  i64x2.eq(a, b)
  pcmpgtq   x x  i64x2.gt_s(a, b)
  pavgb     x x  i8x16.avgr_u(a, b)
  pavgw     x x  i16x8.avgr_u(a, b)
  pmullw    x x  i16x8.mul(a, b)
  pmulld    x x  i32x4.mul(a, b)
  pmaddwd   x x  i32x4.dot_i16x8_s(a, b)
  packsswb  x x  i8x16.narrow_i16x8_s(a, b)
  packuswb  x x  i8x16.narrow_i16x8_u(a, b)
  packssdw  x x  i16x8.narrow_i32x4_s(a, b)
  packusdw  x x  i16x8.narrow_i32x4_u(a, b)
  punpcklbw x x  i8x16.shuffle(a, b, 0,16,1,17,2,18,3,19,4,20,5,21,6,22,7,23)
  punpckhbw x x  i8x16.shuffle(a, b, 8,24,9,25,10,26,11,27,12,28,13,29,14,30,15,31)
  punpcklwd x x  i8x16.shuffle(a, b, 0,1,16,17,2,3,18,19,4,5,20,21,6,7,22,23)
  punpckhwd x x  i8x16.shuffle(a, b, 8,9,24,25,10,11,26,27,12,13,28,29,14,15,30,31)
  punpckldq x x  i8x16.shuffle(a, b, 0,1,2,3,16,17,18,19,4,5,6,7,20,21,22,23)
  punpckhdq x x  i8x16.shuffle(a, b, 8,9,10,11,24,25,26,27,12,13,14,15,28,29,30,31)
  punpcklqdq x x i8x16.shuffle(a, b, 0,1,2,3,4,5,6,7,16,17,18,19,20,21,22,23)
  punpckhqdq x x i8x16.shuffle(a, b, 8,9,10,11,12,13,14,15,24,25,26,27,28,29,30,31)
  pshufd    x x  pshufd(b, i)
  pshufhw   x x  pshufhw(b, i)
  pshuflw   x x  pshuflw(b, i)
  shufps    x x  shufps(a, b, i)
  shufpd    x x  shufpd(a, b, i)
  pslldq    x -  pslldq(a, i)
  psrldq    x -  psrldq(a, i)
  palignr   x x  palignr(a, b, i)
  mpsadbw   x x  mpsadbw(a, b, i)
  pblendw   x x  pblendw(a, b, i)
  blendps   x x  blendps(a, b, i)
  blendpd   x x  blendpd(a, b, i)
  pblendvb  x x  pblendvb(a, b, v128.load(XMM))
  blendvps  x x  blendvps(a, b, v128.load(XMM))
  blendvpd  x x  blendvpd(a, b, v128.load(XMM))
  pinsrb    x b  pinsrb(a, <u32>b, i)
  pinsrw    x w  pinsrw(a, <u32>b, i)
  pinsrd    x l  pinsrd(a, b, i)
  pinsrq    x q  pinsrq(a, b, i)
  pextrb    G x  pextrb(b, i)
  pextrw    G x  pextrw(b, i)
  pextrd    G x  pextrd(b, i)
  pextrq    q x  pextrq(b, i)
  pextrbStore b x <u8>pextrb(b, i)
  pextrwStore w x <u16>pextrw(b, i)
  insertps  x x  insertps(a, b, i)
  insertpsLoad x l insertpsValue(a, b, i)
  phminposuw x x phminposuw(b)
  ptest     f x  ptest(a, b)
  aesimc    x x  aesimc(b)
  aeskeygenassist x x aeskeygenassist(b, i)
  pclmulqdq x x  pclmulqdq(a, b, i)
  sha1rnds4 x x  sha1rnds4(a, b, i)
  sha256rnds2 x x sha256rnds2(a, b, v128.load(XMM))
`;

/** Functions of two whole registers that keep their name. */
const PLAIN = [
  "pshufb", "pmaddubsw", "phaddw", "phaddd", "phaddsw", "phsubw", "phsubd", "phsubsw", "psignb", "psignw",
  "psignd", "pmulhrsw", "pmulhw", "pmulhuw", "pmuludq", "pmuldq", "psadbw", "aesenc", "aesenclast",
  "aesdec", "aesdeclast", "sha1nexte", "sha1msg1", "sha1msg2", "sha256msg1", "sha256msg2",
];

const EXTENSIONS = ["s", "u"].map((sign) => {
  const name = (to: string): string => `pmov${sign === "s" ? "s" : "z"}x${to}`;
  const extend = (to: string, from: string, value: string): string => `${to}.extend_low_${from}_${sign}(${value})`;
  const words = extend("i16x8", "i8x16", "b");
  const dwords = extend("i32x4", "i16x8", "b");
  const bytesToDwords = extend("i32x4", "i16x8", words);
  return `
  ${name("bw")} x Q ${words}
  ${name("bd")} x L ${bytesToDwords}
  ${name("bq")} x w ${extend("i64x2", "i32x4", bytesToDwords.replace("(b)", "(i16x8.splat(<i16>b))"))}
  ${name("wd")} x Q ${dwords}
  ${name("wq")} x L ${extend("i64x2", "i32x4", dwords)}
  ${name("dq")} x Q ${extend("i64x2", "i32x4", "b")}`;
});

const SHIFTS = ["psllw", "pslld", "psllq", "psrlw", "psrld", "psrlq", "psraw", "psrad"].map(
  (name) => `${name} x q ${name}(a, b)\n${name}Immediate x - ${name}(a, <u64>i)`,
);

const FLOAT = `
  sqrtps x x sqrtps(b, m)
  sqrtpd x x sqrtpd(b, m)
  sqrtss s s sqrtss(b, m)
  sqrtsd d d sqrtsd(b, m)
  rcpps x x rcpps(b)
  rcpss s s rcpss(b)
  rsqrtps x x rsqrtps(b)
  rsqrtss s s rsqrtss(b)
  cmpps x x cmpps(a, b, i & 7, m)
  cmppd x x cmppd(a, b, i & 7, m)
  cmpss l s cmpss(reinterpret<f32>(a), b, i & 7, m)
  cmpsd q d cmpsd(reinterpret<f64>(a), b, i & 7, m)
  comiss f s comiss(reinterpret<f32>(<u32>a), b, m)
  comisd f d comisd(reinterpret<f64>(a), b, m)
  ucomiss f s ucomiss(reinterpret<f32>(<u32>a), b, m)
  ucomisd f d ucomisd(reinterpret<f64>(a), b, m)
  dpps x x dpps(a, b, i, m)
  dppd x x dppd(a, b, i, m)
  roundps x x roundps(b, i, m)
  roundpd x x roundpd(b, i, m)
  roundss s s roundss(b, i, m)
  roundsd d d roundsd(b, i, m)
  cvtdq2ps x x cvtdq2ps(b, m)
  cvtdq2pd x Q cvtdq2pd(b)
  cvtps2pd x Q cvtps2pd(b, m)
  cvtpd2ps x x cvtpd2ps(b, m)
  cvtps2dq x x cvtps2dq(b, m)
  cvttps2dq x x cvttps2dq(b, m)
  cvtpd2dq x x cvtpd2dq(b, m)
  cvttpd2dq x x cvttpd2dq(b, m)
  cvtss2sd d s cvtss2sd(b, m)
  cvtsd2ss s d cvtsd2ss(b, m)
  cvtsi2ss32 s l cvtsi2ss(<i64><i32>b, m)
  cvtsi2ss64 s q cvtsi2ss(<i64>b, m)
  cvtsi2sd32 d l cvtsi2sd(<i64><i32>b, m)
  cvtsi2sd64 d q cvtsi2sd(<i64>b, m)
`;

const ARITHMETIC = ["add", "sub", "mul", "div", "min", "max"].map((name) =>
  [["ps", "x"], ["pd", "x"], ["ss", "s"], ["sd", "d"]]
    .map(([suffix = "", type = ""]) => `${name}${suffix} ${type} ${type} ${name}${suffix}(a, b, m)`)
    .join("\n"),
);

const HORIZONTAL = ["hadd", "hsub", "addsub"].map(
  (name) => `${name}ps x x ${name}ps(a, b, m)\n${name}pd x x ${name}pd(a, b, m)`,
);

const TO_INTEGER = ["cvtss2si", "cvttss2si", "cvtsd2si", "cvttsd2si"].map((name) => {
  const from = name.includes("ss2") ? "s" : "d";
  return `${name}32 G ${from} ${name}32(b, m)\n${name}64 q ${from} ${name}64(b, m)`;
});

const LANES = [
  lanes((letter, shape) => `padd${letter} x x ${shape}.add(a, b)`),
  lanes((letter, shape) => `psub${letter} x x ${shape}.sub(a, b)`),
  lanes((letter, shape) => `padds${letter} x x ${shape}.add_sat_s(a, b)`, 2),
  lanes((letter, shape) => `paddus${letter} x x ${shape}.add_sat_u(a, b)`, 2),
  lanes((letter, shape) => `psubs${letter} x x ${shape}.sub_sat_s(a, b)`, 2),
  lanes((letter, shape) => `psubus${letter} x x ${shape}.sub_sat_u(a, b)`, 2),
  lanes((letter, shape) => `pcmpeq${letter} x x ${shape}.eq(a, b)`),
  lanes((letter, shape) => `pcmpgt${letter} x x ${shape}.gt_s(a, b)`),
  lanes((letter, shape) => `pmins${letter} x x ${shape}.min_s(a, b)`),
  lanes((letter, shape) => `pmaxs${letter} x x ${shape}.max_s(a, b)`),
  lanes((letter, shape) => `pminu${letter} x x ${shape}.min_u(a, b)`),
  lanes((letter, shape) => `pmaxu${letter} x x ${shape}.max_u(a, b)`),
  lanes((letter, shape) => `pabs${letter} x x ${shape}.abs(b)`),
];

function parse(text: string): VectorOperation[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => {
      const [name = "", to = "", from = "", ...rest] = line.split(/\s+/);
      return { name, to, from, expression: rest.join(" ") };
    });
}

export const VECTOR_OPERATIONS: readonly VectorOperation[] = parse(
  [
    MOVES, INTEGER, ...PLAIN.map((name) => `${name} x x ${name}(a, b)`), ...EXTENSIONS, ...SHIFTS, FLOAT,
    ...ARITHMETIC, ...HORIZONTAL, ...TO_INTEGER, ...LANES,
  ].join("\n"),
);

const FIRST: Readonly<Record<string, string>> = {
  x: "v128.load(d)", s: "load<f32>(d)", d: "load<f64>(d)", q: "load<u64>(d)", l: "load<u32>(d)", f: "load<u64>(d)",
};
const SECOND: Readonly<Record<string, string>> = {
  x: "v128.load(s)", s: "load<f32>(s)", d: "load<f64>(s)", q: "load<u64>(s)", l: "load<u32>(s)", w: "load<u16>(s)",
  b: "load<u8>(s)", h: "load<u64>(s, 8)", Q: "v128.load64_zero(s)", L: "v128.load32_zero(s)",
};
const STORE: Readonly<Record<string, string>> = {
  x: "v128.store(d, r)", s: "store<f32>(d, r)", d: "store<f64>(d, r)", q: "store<u64>(d, r)", l: "store<u32>(d, r)",
  w: "store<u16>(d, r)", b: "store<u8>(d, r)", h: "store<u64>(d, r, 8)", G: "write(d, 2, <u64><u32>r)",
  f: "setRaw(r)",
};

const mentions = (expression: string, name: string): boolean => new RegExp(`\\b${name}\\b`).test(expression);

function operationSource({ name, to, from, expression }: VectorOperation): string {
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  const lines = [`export function op${title}(u: usize, d: usize, s: usize): void {`];
  // The flags of a comparison of vectors come from all of the first operand.
  const first = to === "f" && from === "x" ? FIRST["x"] : FIRST[to];
  if (mentions(expression, "a")) lines.push(`  let a = ${first ?? ""};`);
  if (mentions(expression, "b")) lines.push(`  let b = ${SECOND[from] ?? ""};`);
  if (mentions(expression, "i")) lines.push("  let i = <u32>load<u8>(u, UOP_IMM);");
  const value = expression.replace(/\bm\b/g, "MXCSR");
  if (mentions(expression, "m")) lines.push(`  let r = ${value};`, "  if (isTrapped()) return;");
  else lines.push(`  let r = ${value};`);
  lines.push(`  ${STORE[to] ?? ""};`, "}");
  return lines.join("\n");
}

const CALL = /(?<![.\w])[a-z]\w*(?=\()/g;

/** Functions of assembly/vector.ts that are called in any of `texts`. */
export function vectorFunctions(texts: readonly string[]): string[] {
  const known = new Set(VECTOR_OPERATIONS.flatMap(({ expression }) => expression.match(CALL) ?? []));
  return [...new Set(texts.flatMap((text) => text.match(CALL) ?? []))].filter((name) => known.has(name));
}

/** The general forms, as AssemblyScript. */
export function vectorSource(): string {
  const called = vectorFunctions(VECTOR_OPERATIONS.map(({ expression }) => expression));
  return [
    `import { ${called.join(", ")} } from "./vector";`,
    'import { MXCSR, UOP_IMM, XMM } from "./layout";',
    'import { setRaw } from "./flags";',
    'import { isTrapped } from "./operations-vector";',
    'import { write } from "./uop";',
    ...VECTOR_OPERATIONS.map(operationSource),
    "",
  ].join("\n");
}
