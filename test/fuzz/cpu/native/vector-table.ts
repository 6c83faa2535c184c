/**
 * Which instruction each function of vector.ts stands for: opcode bytes, operands, and how to call it.
 * The hard idea: a row is both a piece of AssemblyScript (a wrapper on pointers, compiled into the test
 * module) and an encoding on xmm1, xmm2 (or ecx) for the oracle. Intel SDM volume 2.
 */

/** What is compared, besides MXCSR: xmm1; rax; rflags; ecx and rflags; xmm0 and rflags. */
export type Result = "vector" | "general" | "flags" | "index" | "mask";
/** What the operands look like. */
export type Operands = "integer" | "f32" | "f64" | "bytes";

export interface VectorRow {
  readonly name: string;
  readonly code: readonly number[];
  readonly operands: Operands;
  readonly result: Result;
  readonly hasImmediate: boolean;
  /** Estimates: right within 1.5 * 2^-12. */
  readonly isEstimate: boolean;
  /** AssemblyScript on the pointers d, a, b, m (MXCSR) and the numbers imm, rax, rcx, rdx. */
  readonly body: string;
}

interface Options {
  readonly operands?: Operands;
  readonly immediate?: boolean;
  readonly unary?: boolean;
  readonly mxcsr?: boolean;
  readonly mask?: boolean;
  readonly isEstimate?: boolean;
}

function row(
  name: string,
  code: readonly number[],
  body: string,
  result: Result,
  options: Options,
): VectorRow {
  return {
    name,
    code,
    body,
    result,
    operands: options.operands ?? "integer",
    hasImmediate: options.immediate === true,
    isEstimate: options.isEstimate === true,
  };
}

function packed(name: string, code: readonly number[], options: Options = {}): VectorRow {
  const first = options.unary === true ? [] : ["v128.load(a)"];
  const parts = [...first, "v128.load(b)"];
  if (options.immediate === true) parts.push("imm");
  if (options.mask === true) parts.push("v128.load(d)");
  if (options.mxcsr === true) parts.push("m");
  return row(
    name,
    [...code, 0xca],
    `v128.store(d, ${name}(${parts.join(", ")})); return 0;`,
    "vector",
    options,
  );
}

/** ss and sd: the rest of xmm1 stays. */
function scalar(
  name: string,
  code: readonly number[],
  options: Options & { readonly from?: "f32" | "f64"; readonly to: "f32" | "f64" },
): VectorRow {
  const from = options.from ?? options.to;
  const parts = options.unary === true ? [] : [`load<${options.to}>(a)`];
  parts.push(`load<${from}>(b)`);
  if (options.immediate === true) parts.push("imm");
  if (options.mxcsr !== false) parts.push("m");
  const body = `v128.store(d, v128.load(a)); store<${options.to}>(d, ${name}(${parts.join(", ")})); return 0;`;
  return row(name, [...code, 0xca], body, "vector", { operands: from, ...options });
}

const sse2 = (opcode: number): number[] => [0x66, 0x0f, opcode];
const ssse3 = (opcode: number): number[] => [0x66, 0x0f, 0x38, opcode];
const sse4 = (opcode: number): number[] => [0x66, 0x0f, 0x3a, opcode];

const integerRows: readonly VectorRow[] = [
  ...Object.entries({
    pshufb: 0x00,
    phaddw: 0x01,
    phaddd: 0x02,
    phaddsw: 0x03,
    pmaddubsw: 0x04,
    phsubw: 0x05,
    phsubd: 0x06,
    phsubsw: 0x07,
    psignb: 0x08,
    psignw: 0x09,
    psignd: 0x0a,
    pmulhrsw: 0x0b,
    pmuldq: 0x28,
    aesenc: 0xdc,
    aesenclast: 0xdd,
    aesdec: 0xde,
    aesdeclast: 0xdf,
  }).map(([name, opcode]) => packed(name, ssse3(opcode))),
  ...Object.entries({ pmulhuw: 0xe4, pmulhw: 0xe5, pmuludq: 0xf4, psadbw: 0xf6 }).map(
    ([name, opcode]) => packed(name, sse2(opcode)),
  ),
  packed("phminposuw", ssse3(0x41), { unary: true }),
  packed("aesimc", ssse3(0xdb), { unary: true }),
  ...Object.entries({
    blendps: 0x0c,
    blendpd: 0x0d,
    pblendw: 0x0e,
    palignr: 0x0f,
    insertps: 0x21,
    mpsadbw: 0x42,
    pclmulqdq: 0x44,
  }).map(([name, opcode]) => packed(name, sse4(opcode), { immediate: true })),
  packed("aeskeygenassist", sse4(0xdf), { immediate: true, unary: true }),
  packed("pshufd", sse2(0x70), { immediate: true, unary: true }),
  packed("pshufhw", [0xf3, 0x0f, 0x70], { immediate: true, unary: true }),
  packed("pshuflw", [0xf2, 0x0f, 0x70], { immediate: true, unary: true }),
  packed("shufps", [0x0f, 0xc6], { immediate: true }),
  packed("shufpd", sse2(0xc6), { immediate: true }),
  ...Object.entries({ pblendvb: 0x10, blendvps: 0x14, blendvpd: 0x15 }).map(([name, opcode]) =>
    packed(name, ssse3(opcode), { mask: true }),
  ),
  ...Object.entries({
    psrlw: 0xd1,
    psrld: 0xd2,
    psrlq: 0xd3,
    psraw: 0xe1,
    psrad: 0xe2,
    psllw: 0xf1,
    pslld: 0xf2,
    psllq: 0xf3,
  }).map(([name, opcode]) =>
    row(
      name,
      [...sse2(opcode), 0xca],
      `v128.store(d, ${name}(v128.load(a), load<u64>(b))); return 0;`,
      "vector",
      { operands: "bytes" },
    ),
  ),
  row(
    "pslldq",
    [...sse2(0x73), 0xf9],
    "v128.store(d, pslldq(v128.load(a), imm)); return 0;",
    "vector",
    { immediate: true },
  ),
  row(
    "psrldq",
    [...sse2(0x73), 0xd9],
    "v128.store(d, psrldq(v128.load(a), imm)); return 0;",
    "vector",
    { immediate: true },
  ),
  row("ptest", [...ssse3(0x17), 0xca], "return <u64>ptest(v128.load(a), v128.load(b));", "flags", {
    operands: "bytes",
  }),
  row(
    "pinsrb",
    [...sse4(0x20), 0xc9],
    "v128.store(d, pinsrb(v128.load(a), <u32>rcx, imm)); return 0;",
    "vector",
    { immediate: true },
  ),
  row(
    "pinsrw",
    [...sse2(0xc4), 0xc9],
    "v128.store(d, pinsrw(v128.load(a), <u32>rcx, imm)); return 0;",
    "vector",
    { immediate: true },
  ),
  row(
    "pinsrd",
    [...sse4(0x22), 0xc9],
    "v128.store(d, pinsrd(v128.load(a), <u32>rcx, imm)); return 0;",
    "vector",
    { immediate: true },
  ),
  row(
    "pinsrq",
    [0x66, 0x48, 0x0f, 0x3a, 0x22, 0xc9],
    "v128.store(d, pinsrq(v128.load(a), rcx, imm)); return 0;",
    "vector",
    { immediate: true },
  ),
  row("pextrb", [...sse4(0x14), 0xd0], "return <u64>pextrb(v128.load(b), imm);", "general", {
    immediate: true,
  }),
  row("pextrw", [...sse2(0xc5), 0xc2], "return <u64>pextrw(v128.load(b), imm);", "general", {
    immediate: true,
  }),
  row("pextrd", [...sse4(0x16), 0xd0], "return <u64>pextrd(v128.load(b), imm);", "general", {
    immediate: true,
  }),
  row(
    "pextrq",
    [0x66, 0x48, 0x0f, 0x3a, 0x16, 0xd0],
    "return pextrq(v128.load(b), imm);",
    "general",
    { immediate: true },
  ),
  row(
    "crc32 8",
    [0xf2, 0x0f, 0x38, 0xf0, 0xc1],
    "return <u64>crc32(<u32>rax, rcx, 1);",
    "general",
    {},
  ),
  row(
    "crc32 16",
    [0x66, 0xf2, 0x0f, 0x38, 0xf1, 0xc1],
    "return <u64>crc32(<u32>rax, rcx, 2);",
    "general",
    {},
  ),
  row(
    "crc32 32",
    [0xf2, 0x0f, 0x38, 0xf1, 0xc1],
    "return <u64>crc32(<u32>rax, rcx, 4);",
    "general",
    {},
  ),
  row(
    "crc32 64",
    [0xf2, 0x48, 0x0f, 0x38, 0xf1, 0xc1],
    "return <u64>crc32(<u32>rax, rcx, 8);",
    "general",
    {},
  ),
];

const IMPLICIT = "const r = pcmpistr(v128.load(a), v128.load(b), imm);";
const EXPLICIT =
  "const r = pcmpestr(v128.load(a), <i64><i32>rax, v128.load(b), <i64><i32>rdx, imm);";
const EXPLICIT_WIDE = "const r = pcmpestr(v128.load(a), <i64>rax, v128.load(b), <i64>rdx, imm);";
const INDEX = "store<u64>(d, <u64>pcmpstrIndex(r, imm)); return <u64>(r >> 16);";
const MASK = "v128.store(d, pcmpstrMask(r, imm)); return <u64>(r >> 16);";
const string = { immediate: true, operands: "bytes" } as const;
const stringRows: readonly VectorRow[] = [
  row("pcmpistri", [...sse4(0x63), 0xca], `${IMPLICIT} ${INDEX}`, "index", string),
  row("pcmpistrm", [...sse4(0x62), 0xca], `${IMPLICIT} ${MASK}`, "mask", string),
  row("pcmpestri", [...sse4(0x61), 0xca], `${EXPLICIT} ${INDEX}`, "index", string),
  row("pcmpestrm", [...sse4(0x60), 0xca], `${EXPLICIT} ${MASK}`, "mask", string),
  row(
    "pcmpestri wide",
    [0x66, 0x48, 0x0f, 0x3a, 0x61, 0xca],
    `${EXPLICIT_WIDE} ${INDEX}`,
    "index",
    string,
  ),
];

const PREFIXES = { ps: [0x0f], pd: [0x66, 0x0f], ss: [0xf3, 0x0f], sd: [0xf2, 0x0f] } as const;
const arithmetic = Object.entries({
  add: 0x58,
  mul: 0x59,
  sub: 0x5c,
  min: 0x5d,
  div: 0x5e,
  max: 0x5f,
}).flatMap(([name, opcode]) => [
  packed(`${name}ps`, [...PREFIXES.ps, opcode], { operands: "f32", mxcsr: true }),
  packed(`${name}pd`, [...PREFIXES.pd, opcode], { operands: "f64", mxcsr: true }),
  scalar(`${name}ss`, [...PREFIXES.ss, opcode], { to: "f32" }),
  scalar(`${name}sd`, [...PREFIXES.sd, opcode], { to: "f64" }),
]);

const integerOf = (
  name: string,
  prefix: number,
  opcode: number,
  from: "f32" | "f64",
): VectorRow[] => [
  row(
    `${name}32`,
    [prefix, 0x0f, opcode, 0xc2],
    `return <u64>${name}32(load<${from}>(b), m);`,
    "general",
    { operands: from },
  ),
  row(
    `${name}64`,
    [prefix, 0x48, 0x0f, opcode, 0xc2],
    `return ${name}64(load<${from}>(b), m);`,
    "general",
    { operands: from },
  ),
];
const fromInteger = (name: string, prefix: number, to: "f32" | "f64"): VectorRow[] => [
  row(
    `${name} 32`,
    [prefix, 0x0f, 0x2a, 0xc9],
    `v128.store(d, v128.load(a)); store<${to}>(d, ${name}(<i64><i32>rcx, m)); return 0;`,
    "vector",
    {},
  ),
  row(
    `${name} 64`,
    [prefix, 0x48, 0x0f, 0x2a, 0xc9],
    `v128.store(d, v128.load(a)); store<${to}>(d, ${name}(<i64>rcx, m)); return 0;`,
    "vector",
    {},
  ),
];
const compareRow = (name: string, code: readonly number[], from: "f32" | "f64"): VectorRow =>
  row(
    name,
    [...code, 0xca],
    `return <u64>${name}(load<${from}>(a), load<${from}>(b), m);`,
    "flags",
    { operands: from },
  );

const floatRows: readonly VectorRow[] = [
  ...arithmetic,
  packed("sqrtps", [0x0f, 0x51], { operands: "f32", unary: true, mxcsr: true }),
  packed("sqrtpd", sse2(0x51), { operands: "f64", unary: true, mxcsr: true }),
  scalar("sqrtss", [0xf3, 0x0f, 0x51], { to: "f32", unary: true }),
  scalar("sqrtsd", [0xf2, 0x0f, 0x51], { to: "f64", unary: true }),
  ...Object.entries({ haddps: 0x7c, hsubps: 0x7d, addsubps: 0xd0 }).map(([name, opcode]) =>
    packed(name, [0xf2, 0x0f, opcode], { operands: "f32", mxcsr: true }),
  ),
  ...Object.entries({ haddpd: 0x7c, hsubpd: 0x7d, addsubpd: 0xd0 }).map(([name, opcode]) =>
    packed(name, sse2(opcode), { operands: "f64", mxcsr: true }),
  ),
  packed("dpps", sse4(0x40), { operands: "f32", immediate: true, mxcsr: true }),
  packed("dppd", sse4(0x41), { operands: "f64", immediate: true, mxcsr: true }),
  packed("roundps", sse4(0x08), { operands: "f32", immediate: true, unary: true, mxcsr: true }),
  packed("roundpd", sse4(0x09), { operands: "f64", immediate: true, unary: true, mxcsr: true }),
  scalar("roundss", sse4(0x0a), { to: "f32", immediate: true, unary: true }),
  scalar("roundsd", sse4(0x0b), { to: "f64", immediate: true, unary: true }),
  packed("rcpps", [0x0f, 0x53], { operands: "f32", unary: true, isEstimate: true }),
  packed("rsqrtps", [0x0f, 0x52], { operands: "f32", unary: true, isEstimate: true }),
  scalar("rcpss", [0xf3, 0x0f, 0x53], { to: "f32", unary: true, mxcsr: false, isEstimate: true }),
  scalar("rsqrtss", [0xf3, 0x0f, 0x52], { to: "f32", unary: true, mxcsr: false, isEstimate: true }),
  ...Array.from({ length: 8 }, (_, predicate) => [
    row(
      `cmpps ${predicate}`,
      [0x0f, 0xc2, 0xca, predicate],
      `v128.store(d, cmpps(v128.load(a), v128.load(b), ${predicate}, m)); return 0;`,
      "vector",
      { operands: "f32" },
    ),
    row(
      `cmppd ${predicate}`,
      [0x66, 0x0f, 0xc2, 0xca, predicate],
      `v128.store(d, cmppd(v128.load(a), v128.load(b), ${predicate}, m)); return 0;`,
      "vector",
      { operands: "f64" },
    ),
    row(
      `cmpss ${predicate}`,
      [0xf3, 0x0f, 0xc2, 0xca, predicate],
      `v128.store(d, v128.load(a)); store<u32>(d, cmpss(load<f32>(a), load<f32>(b), ${predicate}, m)); return 0;`,
      "vector",
      { operands: "f32" },
    ),
    row(
      `cmpsd ${predicate}`,
      [0xf2, 0x0f, 0xc2, 0xca, predicate],
      `v128.store(d, v128.load(a)); store<u64>(d, cmpsd(load<f64>(a), load<f64>(b), ${predicate}, m)); return 0;`,
      "vector",
      { operands: "f64" },
    ),
  ]).flat(),
  compareRow("ucomiss", [0x0f, 0x2e], "f32"),
  compareRow("comiss", [0x0f, 0x2f], "f32"),
  compareRow("ucomisd", sse2(0x2e), "f64"),
  compareRow("comisd", sse2(0x2f), "f64"),
  scalar("cvtss2sd", [0xf3, 0x0f, 0x5a], { from: "f32", to: "f64", unary: true }),
  scalar("cvtsd2ss", [0xf2, 0x0f, 0x5a], { from: "f64", to: "f32", unary: true }),
  packed("cvtps2pd", [0x0f, 0x5a], { operands: "f32", unary: true, mxcsr: true }),
  packed("cvtpd2ps", sse2(0x5a), { operands: "f64", unary: true, mxcsr: true }),
  packed("cvtdq2ps", [0x0f, 0x5b], { unary: true, mxcsr: true }),
  packed("cvtdq2pd", [0xf3, 0x0f, 0xe6], { unary: true }),
  packed("cvtps2dq", sse2(0x5b), { operands: "f32", unary: true, mxcsr: true }),
  packed("cvttps2dq", [0xf3, 0x0f, 0x5b], { operands: "f32", unary: true, mxcsr: true }),
  packed("cvtpd2dq", [0xf2, 0x0f, 0xe6], { operands: "f64", unary: true, mxcsr: true }),
  packed("cvttpd2dq", sse2(0xe6), { operands: "f64", unary: true, mxcsr: true }),
  ...integerOf("cvtss2si", 0xf3, 0x2d, "f32"),
  ...integerOf("cvttss2si", 0xf3, 0x2c, "f32"),
  ...integerOf("cvtsd2si", 0xf2, 0x2d, "f64"),
  ...integerOf("cvttsd2si", 0xf2, 0x2c, "f64"),
  ...fromInteger("cvtsi2ss", 0xf3, "f32"),
  ...fromInteger("cvtsi2sd", 0xf2, "f64"),
];

export const vectorRows: readonly VectorRow[] = [...integerRows, ...stringRows, ...floatRows];

export const wrapperOf = (index: number): string => `row${index}`;

/** The entry file that exports a wrapper for each row. */
export function vectorEntry(): string {
  const wrappers = vectorRows.map(
    ({ body }, index) =>
      `export function ${wrapperOf(index)}(d: usize, a: usize, b: usize, m: usize, imm: u32, rax: u64, rcx: u64, rdx: u64): u64 { ${body} }`,
  );
  const names = new Set(
    vectorRows
      .flatMap(({ body }) => body.match(/\b[a-z]\w+(?=\()/g) ?? [])
      .filter((name) => name !== "return"),
  );
  return `import { ${[...names].filter((name) => !["load", "store"].includes(name)).join(", ")} } from "./vector";\n${wrappers.join("\n")}\n`;
}
