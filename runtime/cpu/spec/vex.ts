/**
 * What VEX makes of the SSE operations: a first source of its own, 32 bytes with VEX.L, zeros above what is
 * written. One hard idea: nothing is said twice; a VEX operation is the SSE operation's expression
 * (vector.ts) with other loads and stores around it, once for each half.
 */
import { VECTOR_OPERATIONS } from "./vector.ts";
import type { VectorOperation } from "./vector.ts";

/** How the upper half reads its second source. */
type Upper = "other" | "behind" | "same";

export interface VexOperation extends VectorOperation {
  /** The destination keeps the first source's other lanes (scalars, halves). */
  readonly isPartial: boolean;
  /** Has a form of 32 bytes. */
  readonly isWide: boolean;
  readonly upper: Upper;
  /** By how much the upper half's immediate is shifted. */
  readonly shift: number;
}

const mentions = (expression: string, name: string): boolean => new RegExp(`\\b${name}\\b`).test(expression);

/** Half a vector as the source of a whole one: of how many bytes. */
const NARROW: Readonly<Record<string, number>> = { Q: 8, L: 4, w: 2 };
/** Without a form of 32 bytes, or with one that is not the same twice. */
const NARROW_ONLY =
  /^(pinsr|insertps|aes|pclmul|phminposuw|dpp|load|cvtpd2|cvttpd2|movh|movss$|movsd$|pextr)/;
/** Bits of the immediate that are the lower half's. */
const SHIFTS: Readonly<Record<string, number>> = {
  mpsadbw: 3, blendps: 4, blendpd: 2, shufpd: 2, vpermilpdImmediate: 2, vpblendd: 4,
};

/** Operations that only VEX has, as in vector.ts; `Lx` blends by a register (UOP_L), whose half is `l`. */
const OWN = `
  vpermilps x x pshufv(a, b)
  vpermilpd x x pshufvd(a, b)
  vpermilpsImmediate x x pshufd(b, i)
  vpermilpdImmediate x x shufpd(b, b, i)
  vpblendd x x blendps(a, b, i)
  vpblendvb x x pblendvb(a, b, l)
  vblendvps x x blendvps(a, b, l)
  vblendvpd x x blendvpd(a, b, l)
  vpsllvd x x psllvd(a, b)
  vpsrlvd x x psrlvd(a, b)
  vpsravd x x psravd(a, b)
  vpsllvq x x psllvq(a, b)
  vpsrlvq x x psrlvq(a, b)
  vbroadcastb x b i8x16.splat(<i8>b)
  vbroadcastw x w i16x8.splat(<i16>b)
  vbroadcastd x l i32x4.splat(<i32>b)
  vbroadcastq x q i64x2.splat(<i64>b)
  vbroadcast128 x x b
`;

function own(): VectorOperation[] {
  return OWN.trim().split("\n").map((line) => {
    const [name = "", to = "", from = "", ...rest] = line.trim().split(/\s+/);
    return { name, to, from, expression: rest.join(" ") };
  });
}

function upperOf({ name, from }: VectorOperation): Upper {
  if (name.startsWith("vbroadcast")) return "same";
  // Shifts by a count in a register.
  if (from === "q" && /^ps[rl]/.test(name)) return "same";
  return NARROW[from] === undefined ? "other" : "behind";
}

function vexOperation(operation: VectorOperation): VexOperation {
  const { name, to } = operation;
  const expression = operation.expression.replace("i & 7", "i & 31");
  return {
    ...operation,
    expression,
    name: name.startsWith("v") ? name : `v${name}`,
    isPartial: to !== "x",
    isWide: to === "x" && !NARROW_ONLY.test(name),
    upper: upperOf(operation),
    shift: SHIFTS[name] ?? 0,
  };
}

/** Those whose destination is a vector register, or 16 or 32 bytes of memory. */
export const VEX_OPERATIONS: readonly VexOperation[] = [
  ...VECTOR_OPERATIONS.filter(({ name, to }) => /^[xsdqlh]$/.test(to) && !/^(p|v)?blendv|^pextr|si\d\d$|^sha/.test(name)),
  ...own(),
].map(vexOperation);

/** Whether the instruction has a source in VEX.vvvv. */
export function hasFirstSource({ expression, isPartial }: VexOperation): boolean {
  return isPartial || mentions(expression, "a");
}

const FIRST: Readonly<Record<string, string>> = {
  x: "v128.load(h)", s: "load<f32>(h)", d: "load<f64>(h)", q: "load<u64>(h)", l: "load<u32>(h)",
};
const SECOND: Readonly<Record<string, string>> = {
  x: "v128.load(s)", s: "load<f32>(s)", d: "load<f64>(s)", q: "load<u64>(s)", l: "load<u32>(s)", w: "load<u16>(s)",
  b: "load<u8>(s)", h: "load<u64>(s, 8)", Q: "v128.load64_zero(s)", L: "v128.load32_zero(s)",
};
const LANE: Readonly<Record<string, string>> = {
  s: "store<f32>(d, r)", d: "store<f64>(d, r)", q: "store<u64>(d, r)", l: "store<u32>(d, r)", h: "store<u64>(d, r, 8)",
};

/** The upper half from the pointers of the lower one. */
function upperLines({ name, expression, from, upper, shift }: VexOperation, value: string): string[] {
  const lines: string[] = [];
  if (mentions(expression, "a")) lines.push("a = v128.load(other(h));");
  if (mentions(expression, "b") && upper === "other") lines.push(`b = ${(SECOND[from] ?? "").replace("(s)", "(other(s))")};`);
  if (mentions(expression, "b") && upper === "behind") {
    lines.push(`b = ${(SECOND[from] ?? "").replace("(s)", `(s + ${NARROW[from] ?? 0})`)};`);
  }
  if (mentions(expression, "l")) lines.push("l = v128.load(other(third(u, UOP_L)));");
  // The upper dword of shufps and the like is picked by the same bits.
  if (mentions(expression, "i") && shift > 0) lines.push(`i >>= ${shift};`);
  lines.push(`q = ${value}; // ${name}, upper half`);
  return lines;
}

function operationSource(operation: VexOperation): string {
  const { name, to, from, expression, isPartial, isWide } = operation;
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  const isShift = from === "-";
  const value = expression.replace(/\bm\b/g, "MXCSR");
  const raises = mentions(expression, "m");
  const lines = [`export function op${title}(u: usize, d: usize, s: usize): void {`];
  if (hasFirstSource(operation)) lines.push(isShift ? "let h = s;" : "let h = third(u, UOP_V);");
  if (mentions(expression, "a")) lines.push(`let a = ${FIRST[to] ?? ""};`);
  if (mentions(expression, "b")) lines.push(`let b = ${SECOND[from] ?? ""};`);
  if (mentions(expression, "l")) lines.push("let l = v128.load(third(u, UOP_L));");
  if (mentions(expression, "i")) lines.push("let i = <u32>load<u8>(u, UOP_IMM);");
  if (isPartial) {
    lines.push(`let r = ${value};`);
    if (raises) lines.push("if (isTrapped()) return;");
    lines.push(`v128.store(d, v128.load(h)); ${LANE[to] ?? ""}; clearUpper(d); }`);
    return lines.join("\n  ");
  }
  if (isWide) {
    lines.push("let q = i64x2.splat(0);", "let wide = widthOf(u) != 0;");
    if (raises) lines.push("startHalves();");
    lines.push(`let r = ${value};`, "if (wide) {");
    if (raises) lines.push("nextHalf();");
    lines.push(...upperLines(operation, value), "}");
    if (raises) lines.push("if (wide) endHalves();");
  } else lines.push(`let r = ${value};`);
  if (raises) lines.push("if (isTrapped()) return;");
  lines.push(isWide ? "storeVector(d, r, q, wide); }" : "v128.store(d, r); clearUpper(d); }");
  return lines.join("\n  ");
}

const CALL = /(?<![.\w])[a-z]\w*(?=\()/g;

/** The operations as AssemblyScript. */
export function vexSource(): string {
  const called = new Set(VEX_OPERATIONS.flatMap(({ expression }) => expression.match(CALL) ?? []));
  return [
    `import { ${[...called].join(", ")} } from "./vector";`,
    'import { MXCSR, UOP_IMM, UOP_L, UOP_V } from "./layout";',
    'import { isTrapped } from "./operations-vector";',
    'import { clearUpper, endHalves, nextHalf, other, startHalves, storeVector, third } from "./vex-halves";',
    'import { widthOf } from "./uop";',
    ...VEX_OPERATIONS.map(operationSource),
    "",
  ].join("\n");
}
