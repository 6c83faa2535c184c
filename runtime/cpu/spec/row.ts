/**
 * One row per instruction form, as the manual's opcode map has it. One hard idea: rows are written as
 * lines of text and parsed here into typed data, so that a table reads like the manual and everything
 * else (decoder tables, uop selection, fuzzer, support page) is computed from it.
 *
 *   opcode          | mnemonic and operands | operation, attributes
 *   0f 38 f1 np     | movbe My,Gy           | movbeStore feature=movbe
 *
 * Opcode column: bytes, then `/0`..`/7` (ModRM.reg), `reg`/`mem` (ModRM.mod), `sib`, `=c1` (the whole ModRM
 * byte), `+r` (register in the opcode), `np` `p66` `pf3` `pf2` (mandatory prefix), `w0` `w1` (REX.W); in front
 * of the bytes `vex`, behind them `l0` or `l1` (VEX.L; with `l1` a vector has 32 bytes).
 * Operands: the manual's codes (appendix A.2 of SDM volume 2), with `Ibs` for a sign-extended byte.
 * A mnemonic `cbw/cwde/cdqe` is chosen by operand size.
 */

export const KINDS = [
  "none", "E", "G", "Z", "I", "M", "O", "A", "CL", "DX", "1", "S", "J", "X", "Y",
  "V", "W", "U", "P", "Q", "N", "ST", "STi", "FS", "GS", "R", "C", "D", "B", "H", "L",
] as const;
export type Kind = (typeof KINDS)[number];

export const SIZES = ["b", "w", "d", "q", "x", "v", "z", "y"] as const;
/** `o`: sixteen bytes whatever VEX.L says. */
export type Size = (typeof SIZES)[number] | "o";

/** The number of a size in the tables. There `o` is z, which no operand in memory has. */
export function sizeNumber(size: Size): number {
  return SIZES.indexOf(size === "o" ? "z" : size);
}

export interface Operand {
  readonly kind: Kind;
  readonly size: Size;
  readonly text: string;
}

/** Mandatory prefix; `any`: 66 is the operand size, F2 and F3 are repetition or mean nothing. */
export const PREFIXES = ["any", "np", "p66", "pf3", "pf2"] as const;
export type Prefix = (typeof PREFIXES)[number];

export interface Row {
  readonly map: number;
  readonly opcode: number;
  readonly prefix: Prefix;
  readonly modrmMask: number;
  readonly modrmValue: number;
  readonly hasModrm: boolean;
  readonly plusR: boolean;
  readonly rexW: 0 | 1 | undefined;
  /** VEX.L; undefined: it does not matter, or there is no VEX prefix. */
  readonly vexL: 0 | 1 | undefined;
  readonly mnemonics: readonly string[];
  readonly operands: readonly Operand[];
  readonly operation: string;
  /** Operand size 64 by default (66 makes it 16) or always. */
  readonly stack: "" | "d64" | "f64";
  readonly lockable: boolean;
  /** A 16-byte memory operand must be aligned. */
  readonly aligned: boolean;
  readonly feature: string;
  /** ModRM names a register whatever its mod field says (operand code R). */
  readonly ignoresMod: boolean;
  /** Size objdump prints for a memory operand the code does not tell, e.g. "TBYTE"; "none" for none at all. */
  readonly memory: string;
}

const FIXED: Readonly<Record<string, readonly [Kind, Size]>> = {
  AL: ["A", "b"],
  AX: ["A", "w"],
  eAX: ["A", "z"],
  rAX: ["A", "v"],
  CL: ["CL", "b"],
  DX: ["DX", "w"],
  "1": ["1", "b"],
  ST: ["ST", "x"],
  STi: ["STi", "x"],
  FS: ["FS", "v"],
  GS: ["GS", "v"],
  M: ["M", "v"],
};

export function parseOperand(text: string): Operand {
  const fixed = FIXED[text];
  if (fixed !== undefined) return { kind: fixed[0], size: fixed[1], text };
  const kind = KINDS.find((name) => name === text[0]);
  const size = text[1] === "o" ? "o" : SIZES.find((name) => name === text[1]);
  if (kind === undefined || size === undefined) throw new Error(`operand code ${text}`);
  return { kind, size, text };
}

interface OpcodePart {
  bytes: number[];
  mask: number;
  value: number;
  plusR: boolean;
  prefix: Prefix;
  rexW: 0 | 1 | undefined;
  vexL: 0 | 1 | undefined;
  isVex: boolean;
}

/** The maps of VEX come behind the others: 0f is 5, 0f 38 is 6, 0f 3a is 7. */
export const VEX_MAP = 4;

function parseOpcode(text: string): OpcodePart {
  const part: OpcodePart = {
    bytes: [], mask: 0, value: 0, plusR: false, prefix: "any", rexW: undefined, vexL: undefined, isVex: false,
  };
  const match = (mask: number, value: number): void => {
    part.mask |= mask;
    part.value |= value;
  };
  for (const token of text.trim().split(/\s+/)) {
    const prefix = PREFIXES.find((name) => name === token);
    if (prefix !== undefined) part.prefix = prefix;
    else if (token === "+r") part.plusR = true;
    else if (token === "vex") part.isVex = true;
    else if (token === "l0" || token === "l1") part.vexL = token === "l1" ? 1 : 0;
    else if (token === "w0" || token === "w1") part.rexW = token === "w1" ? 1 : 0;
    else if (token === "sib") match(0x07, 0x04);
    else if (token === "reg") match(0xc0, 0xc0);
    // mod != 3 cannot be said with mask and value: bit 8 of the mask asks for it.
    else if (token === "mem") match(0x100, 0);
    else if (/^\/[0-7]$/.test(token)) match(0x38, Number(token[1]) << 3);
    else if (/^=[0-9a-f]{2}$/.test(token)) match(0xff, Number.parseInt(token.slice(1), 16));
    else if (/^[0-9a-f]{2}$/.test(token)) part.bytes.push(Number.parseInt(token, 16));
    else throw new Error(`opcode token ${token} in ${text}`);
  }
  return part;
}

function mapOf(bytes: readonly number[]): { map: number; opcode: number } {
  const [first, second, third] = bytes;
  if (first === undefined) throw new Error("a row without opcode");
  if (first !== 0x0f || second === undefined) return { map: 0, opcode: first };
  if (third === undefined) return { map: 1, opcode: second };
  return { map: second === 0x38 ? 2 : 3, opcode: third };
}

const MODRM_KINDS: ReadonlySet<Kind> = new Set([
  "E", "G", "M", "S", "V", "W", "U", "P", "Q", "N", "STi", "R", "C", "D", "B", "H", "L",
]);

export function parseRow(line: string): Row {
  const [opcodeText = "", instruction = "", meaning = ""] = line.split("|");
  const part = parseOpcode(opcodeText);
  const [mnemonic = "", operandText] = instruction.trim().split(/\s+/);
  const operands = (operandText?.split(",") ?? []).map(parseOperand);
  const [operation = "", ...attributes] = meaning.trim().split(/\s+/);
  // A memory-only operand forbids a register in ModRM, U and N forbid memory.
  if (operands.some(({ kind }) => kind === "M")) part.mask |= 0x100;
  if (operands.some(({ kind }) => kind === "U" || kind === "N" || kind === "STi")) {
    part.mask |= 0xc0;
    part.value |= 0xc0;
  }
  const named = (name: string): string =>
    attributes.find((text) => text.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
  const place = mapOf(part.bytes);
  return {
    map: place.map + (part.isVex ? VEX_MAP : 0),
    opcode: place.opcode,
    prefix: part.prefix,
    modrmMask: part.mask,
    modrmValue: part.value,
    hasModrm: part.mask !== 0 || operands.some(({ kind }) => MODRM_KINDS.has(kind)) || attributes.includes("modrm"),
    plusR: part.plusR,
    rexW: part.rexW,
    vexL: part.vexL,
    mnemonics: mnemonic.split("/"),
    operands,
    operation,
    stack: attributes.includes("d64") ? "d64" : attributes.includes("f64") ? "f64" : "",
    lockable: attributes.includes("lock"),
    aligned: attributes.includes("aligned"),
    ignoresMod: operands.some(({ kind }) => kind === "R"),
    feature: named("feature") || "x86-64",
    memory: named("memory"),
  };
}

/** Rows of a text: one a line; empty lines and lines starting with `#` are left out. */
export function parseRows(text: string): Row[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map(parseRow);
}
