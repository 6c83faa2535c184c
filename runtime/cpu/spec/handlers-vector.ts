/**
 * The hot handlers of SSE: the operations compilers use for moves, string functions and scalar floats,
 * each a switch case per operand form, from the same expressions as the general forms. One hard idea: a
 * float operation is done by wasm when its result is finite and MXCSR is plain (see vector.ts of the
 * assembly); everything else goes to the general form, which does it again from the start.
 */
import { checkAccess } from "./handlers.ts";
import { leave } from "./loops.ts";
import type { Form, Handler } from "./handlers.ts";
import { VECTOR_OPERATIONS } from "./vector.ts";
import type { VectorOperation } from "./vector.ts";

const D = "<usize>load<u16>(p, 8)";
const S = "<usize>load<u16>(p, 10)";
const BASE = "load<u64>(<usize>load<u16>(p, 12)) + <u64><i64>load<i32>(p, 16)";
const INDEXED =
  "load<u64>(<usize>load<u16>(p, 12)) + (load<u64>(<usize>load<u16>(p, 14)) << <u64>load<u8>(p, 20))" +
  " + <u64><i64>load<i32>(p, 16)";
const NEXT = "p += 32; continue;";
const AGAIN = leave("cold");
/** As isPlain in vector-soft.ts. */
const PLAIN = "(load<u32>(MXCSR) & 0x8000ffc0) == 0x1f80";

const TYPES: Readonly<Record<string, string>> = {
  x: "v128", Q: "v128", L: "v128", s: "f32", d: "f64", q: "u64", l: "u32", w: "u16", b: "u8", h: "u64", G: "u32",
};
const BYTES: Readonly<Record<string, number>> = {
  x: 16, Q: 8, L: 4, s: 4, d: 8, q: 8, l: 4, w: 2, b: 1, h: 8, G: 4,
};

function loadOf(type: string, at: string): string {
  switch (type) {
    case "x": return `v128.load(${at})`;
    case "Q": return `v128.load64_zero(${at})`;
    case "L": return `v128.load32_zero(${at})`;
    case "h": return `load<u64>(${at}, 8)`;
    default: return `load<${TYPES[type] ?? ""}>(${at})`;
  }
}

/** A 32-bit general register is written whole; in memory it is four bytes. */
function storeOf(type: string, at: string, isMemory: boolean): string {
  switch (type) {
    case "x": return `v128.store(${at}, r);`;
    case "h": return `store<u64>(${at}, r, 8);`;
    case "G": return isMemory ? `store<u32>(${at}, r);` : `store<u64>(${at}, <u64><u32>r);`;
    default: return `store<${TYPES[type] ?? ""}>(${at}, r);`;
  }
}

/** Declares `e`, the checked address of the memory operand. */
function address(shape: string, bytes: number, access: "Read" | "Write", isAligned: boolean): string {
  const aligned = isAligned ? `if (<u32>e & 15) { ${AGAIN} }` : "";
  return `let e: u64 = ${shape === "m" ? BASE : INDEXED}; ${aligned} ${checkAccess("e", bytes, access)}`;
}

const mentions = (expression: string, name: string): boolean => new RegExp(`\\b${name}\\b`).test(expression);

interface Hot {
  readonly operation: VectorOperation;
  /** The expression wasm does by itself, and when its result is the answer. */
  readonly fast?: { readonly expression: string; readonly guard: string };
}

/** Operations whose 16-byte operand in memory may lie anywhere. */
const UNALIGNED = new Set(["movups"]);

function handlerOf({ operation, fast }: Hot, form: Form): Handler {
  const { name, to, from } = operation;
  const expression = fast?.expression ?? operation.expression;
  const [first = "r", second = ""] = form;
  const isAligned = !UNALIGNED.has(name);
  let code = "";
  if (first !== "r") code += address(first, BYTES[to] ?? 0, "Write", isAligned && to === "x");
  if (second === "m" || second === "x") code += address(second, BYTES[from] ?? 0, "Read", isAligned && from === "x");
  const target = first === "r" ? D : "<usize>e";
  const source = second === "r" ? S : "<usize>e";
  const uses = `${expression} ${fast?.guard ?? ""}`;
  // The flags of a comparison: both operands are of the second's type.
  const firstType = to === "f" ? from : to;
  if (mentions(uses, "a")) code += `let a: ${TYPES[firstType] ?? ""} = ${loadOf(firstType, target)};`;
  if (mentions(uses, "b")) code += `let b: ${TYPES[from] ?? ""} = ${loadOf(from, source)};`;
  if (mentions(uses, "i")) code += "let i: u32 = <u32>load<u8>(p, 24);";
  const value = expression.replace(/\bm\b/g, "MXCSR");
  if (to === "f") {
    code += `if (${fast?.guard ?? "true"}) { store<u64>(FLAG_A, <u64>(${value})); store<u32>(FLAG_K, 0); ${NEXT} } ${AGAIN}`;
    return { operation: name, form, width: 3, anyWidth: true, notes: true, code };
  }
  code += `let r: ${TYPES[to] ?? ""} = ${value};`;
  const store = storeOf(to, target, first !== "r");
  if (fast !== undefined) code += `if (${fast.guard}) { ${store} ${NEXT} } ${AGAIN}`;
  else if (mentions(operation.expression, "m")) {
    code += `if (load<u32>(MXCSR) & 0x40000000) { ${AGAIN} } ${store} ${NEXT}`;
  } else code += `${store} ${NEXT}`;
  return { operation: name, form, width: 3, anyWidth: true, notes: true, code };
}

const LOADS: readonly Form[] = ["rr", "rm", "rx"];
const STORES: readonly Form[] = ["mr", "xr"];

const MOVES = ["movaps", "movups", "movsd", "movss"];
const MOVES_OUT = ["movdGeneral", "movhlps"];
const MOVES_IN = ["loadsd", "loadss", "movhps", "movddup"];
const VECTORS = [
  "pand", "pandn", "por", "pxor", "paddb", "paddw", "paddd", "paddq", "psubb", "psubw", "psubd", "psubq", "pcmpeqb",
  "pcmpeqw", "pcmpeqd", "pcmpgtb", "pcmpgtd", "pminub", "pmaxub", "punpcklbw", "punpcklwd", "punpckldq", "punpcklqdq",
  "punpckhqdq", "pshufd", "pshufb", "shufps", "shufpd", "pmuludq", "pmulld", "packuswb",
];
const SHIFTS = [
  "pslldImmediate", "psllqImmediate", "psrldImmediate", "psrlqImmediate", "psradImmediate", "pslldq", "psrldq",
];

const finite = (type: string): string => `abs<${type}>(r) < ${type === "f32" ? "<f32>" : ""}Infinity && ${PLAIN}`;
/** Of all lanes. */
const FINITE_LANES: Readonly<Record<string, string>> = {
  ps: `i32x4.all_true(f32x4.lt(f32x4.abs(r), f32x4.splat(<f32>Infinity))) && ${PLAIN}`,
  pd: `i64x2.all_true(f64x2.lt(f64x2.abs(r), f64x2.splat(Infinity))) && ${PLAIN}`,
};
/** Neither is a NaN. */
const ORDERED = `a == a && b == b && ${PLAIN}`;

/** Operation to what wasm does, and when that is the answer. */
const FAST: Readonly<Record<string, readonly [expression: string, guard: string]>> = {
  ...Object.fromEntries(
    [["add", "+"], ["sub", "-"], ["mul", "*"], ["div", "/"]].flatMap(([name = "", symbol = ""]) => [
      [`${name}sd`, [`a ${symbol} b`, finite("f64")]],
      [`${name}ss`, [`a ${symbol} b`, finite("f32")]],
    ]),
  ),
  ...Object.fromEntries(
    ["add", "sub", "mul", "div"].flatMap((name) => [
      [`${name}ps`, [`f32x4.${name}(a, b)`, FINITE_LANES["ps"] ?? ""]],
      [`${name}pd`, [`f64x2.${name}(a, b)`, FINITE_LANES["pd"] ?? ""]],
    ]),
  ),
  minsd: ["a < b ? a : b", ORDERED],
  maxsd: ["a > b ? a : b", ORDERED],
  minss: ["a < b ? a : b", ORDERED],
  maxss: ["a > b ? a : b", ORDERED],
  sqrtsd: ["sqrt<f64>(b)", finite("f64")],
  sqrtss: ["sqrt<f32>(b)", finite("f32")],
  cvtss2sd: ["<f64>b", finite("f64")],
  cvtsd2ss: ["<f32>b", finite("f32")],
  cvtsi2sd32: ["<f64><i32>b", "true"],
  cvtsi2sd64: ["<f64><i64>b", PLAIN],
  cvtsi2ss32: ["<f32><i32>b", PLAIN],
  cvtsi2ss64: ["<f32><i64>b", PLAIN],
  cvttsd2si32: ["<u32><i32>b", `abs<f64>(b) < 2147483520.0 && ${PLAIN}`],
  cvttsd2si64: ["<u64><i64>b", `abs<f64>(b) < 9223370000000000000.0 && ${PLAIN}`],
  cvttss2si32: ["<u32><i32>b", `abs<f32>(b) < <f32>2147483520.0 && ${PLAIN}`],
  ...Object.fromEntries(
    ["ucomisd", "comisd", "ucomiss", "comiss"].map((name) => [name, ["a < b ? 1 : a == b ? 0x40 : 0", ORDERED]]),
  ),
};

export function vectorHandlers(): Handler[] {
  const operations = new Map(VECTOR_OPERATIONS.map((operation) => [operation.name, operation]));
  const make = (names: readonly string[], forms: readonly Form[]): Handler[] =>
    names.flatMap((name) => {
      const operation = operations.get(name);
      if (operation === undefined) throw new Error(`no vector operation ${name}`);
      const [expression = "", guard = ""] = FAST[name] ?? [];
      const hot: Hot = expression === "" ? { operation } : { operation, fast: { expression, guard } };
      return forms.map((form) => handlerOf(hot, form));
    });
  return [
    ...make([...MOVES, ...MOVES_OUT], ["rr", ...STORES]),
    ...make(MOVES, ["rm", "rx"]),
    ...make([...MOVES_IN, ...VECTORS, ...Object.keys(FAST)], LOADS),
    ...make(["pmovmskb", "movmskpd"], ["rr"]),
    ...make(SHIFTS, ["ri"]),
  ];
}
