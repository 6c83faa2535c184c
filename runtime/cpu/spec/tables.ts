/**
 * Writes the rows as the binary tables the decoder walks. One hard idea: an opcode has a short list of
 * candidate rows, tried in order (most particular first, as sorted here); a row matches by mandatory
 * prefix, ModRM mask and REX.W. No special case in the decoder's code is about an instruction.
 */
import { KINDS, PREFIXES, sizeNumber, VEX_MAP } from "./row.ts";
import type { Kind, Operand, Row } from "./row.ts";
import { FUSED_NAMES } from "./fma.ts";
import { SWITCHED_OFF } from "./features.ts";
import { flagsMask, OPERATIONS } from "./operations.ts";
import type { Access, Operation } from "./operations.ts";
import { VECTOR_OPERATIONS } from "./vector.ts";

export const ROW_BYTES = 16;
const ACCESSES: readonly Access[] = ["none", "read", "write", "both", "own"];

/** A vector function: reads its second operand, may read and write its first. */
const VECTOR: Operation = { access: "both", reads: "", writes: "", undefined: "", maybe: false, ends: false };
/** An MMX function looks at its operand itself: a pending #MF comes before any page fault. */
const MMX: Operation = { ...VECTOR, access: "own" };

export function operationOf(name: string): Operation {
  return OPERATIONS.get(name) ?? (name.startsWith("mmx") ? MMX : VECTOR);
}

/** How particular a row is: rows that ask for more are tried first. */
function weight(row: Row): number {
  let bits = 0;
  for (let mask = row.modrmMask; mask !== 0; mask >>= 1) bits += mask & 1;
  return bits * 4 + (row.prefix === "any" ? 0 : 2) + (row.rexW === undefined ? 0 : 1) + (row.vexL === undefined ? 0 : 1);
}

const NEEDS_AVX: ReadonlySet<string> = new Set(SWITCHED_OFF);

/** Operations that can raise without a memory operand, besides those that look at memory themselves. */
const RAISING: ReadonlySet<string> = new Set([
  "div", "idiv", "movToSegment", "x87", "fcmov", "fcomi", "fwait", "fnstsw", "emms", "enter", "leave", "push",
  "pushSegment", "pushf", "popf", "call", "callIndirect", "jmpIndirect", "ret", "maskmovdqu", "maskmovq", "ldmxcsr",
]);
/** Can raise #XM. */
const FLOATING: ReadonlySet<string> = new Set(
  VECTOR_OPERATIONS.filter(({ expression }) => /\bm\b/.test(expression)).map(({ name }) => name),
);

function raises(operation: string): boolean {
  const name = operation.replace(/^v/, "").replace(/Wide$/, "");
  if (FUSED_NAMES.includes(operation)) return true;
  return operationOf(operation).access === "own" || operationOf(name).access === "own" || RAISING.has(name) || FLOATING.has(name);
}

export interface Tables {
  /** Operation names in the order of their numbers. */
  readonly operations: readonly string[];
  readonly rows: Uint8Array;
  /** Row numbers; the candidates of (map, opcode) are [first[i], first[i + 1]). */
  readonly candidates: readonly number[];
  readonly first: readonly number[];
}

/** Operands as uops have them: where they go, where they come from, then what VEX.vvvv names and constants. */
function tableOrder(row: Row): readonly Operand[] {
  const [first, ...rest] = row.operands;
  if (first === undefined) return [];
  const isExtra = ({ kind }: Operand): boolean => kind === "B" || kind === "H";
  return [first, ...rest.filter((operand) => !isExtra(operand)), ...rest.filter(isExtra)];
}

const VECTORS: ReadonlySet<Kind> = new Set(["V", "H", "W", "U"]);

/** Bits 3 to 7 of a row's first byte. */
function vexBits(row: Row): number {
  if (row.map < VEX_MAP) return 0;
  const namesRegister = row.operands.some(({ kind }) => kind === "B" || kind === "H");
  return (
    (Number(row.vexL === 0) << 3) |
    (Number(row.vexL === 1) << 4) |
    (Number(!namesRegister) << 5) |
    (Number(row.vexL === 1) << 6) |
    (Number(row.operands.some(({ kind }) => VECTORS.has(kind)) && !row.operation.includes("pcmpestr")) << 7)
  );
}

function writeRow(view: DataView, at: number, row: Row, operation: number): void {
  const facts = operationOf(row.operation);
  view.setUint8(at, PREFIXES.indexOf(row.prefix) | vexBits(row));
  view.setUint8(at + 1, row.modrmMask & 0xff);
  view.setUint8(at + 2, row.modrmValue);
  view.setUint8(
    at + 3,
    Number(row.hasModrm) |
      (Number(row.rexW === 0) << 1) |
      (Number(row.rexW === 1) << 2) |
      (row.modrmMask >= 0x100 ? 8 : 0) |
      (Number(row.stack === "d64") << 4) |
      (Number(row.stack === "f64") << 5) |
      (Number(row.lockable) << 6) |
      (Number(row.aligned) << 7),
  );
  tableOrder(row).forEach(({ kind, size }, index) => {
    view.setUint8(at + 4 + index, (KINDS.indexOf(kind) << 3) | sizeNumber(size));
  });
  view.setUint16(at + 8, operation, true);
  view.setUint8(
    at + 10,
    ACCESSES.indexOf(facts.access) |
      (Number(facts.maybe) << 3) |
      (Number(facts.ends) << 4) |
      (Number(row.ignoresMod) << 5) |
      (Number(raises(row.operation)) << 6) |
      (Number(NEEDS_AVX.has(row.feature)) << 7),
  );
  view.setUint8(at + 11, flagsMask(facts.reads));
  view.setUint8(at + 12, flagsMask(facts.writes));
  view.setUint8(at + 13, flagsMask(facts.undefined));
}

export function makeTables(rows: readonly Row[]): Tables {
  const operations = [...new Set(rows.map((row) => row.operation))];
  const bytes = new Uint8Array(rows.length * ROW_BYTES);
  const view = new DataView(bytes.buffer);
  const lists: number[][] = Array.from({ length: 2048 }, () => []);
  rows.forEach((row, number) => {
    writeRow(view, number * ROW_BYTES, row, operations.indexOf(row.operation));
    for (let register = 0; register < (row.plusR ? 8 : 1); register++) {
      lists[row.map * 256 + row.opcode + register]?.push(number);
    }
  });
  const candidates: number[] = [];
  const first: number[] = [];
  for (const list of lists) {
    first.push(candidates.length);
    const weightOf = (number: number): number => {
      const row = rows[number];
      return row === undefined ? 0 : weight(row);
    };
    candidates.push(...list.toSorted((left, right) => weightOf(right) - weightOf(left)));
  }
  first.push(candidates.length);
  return { operations, rows: bytes, candidates, first };
}

/** The tables as AssemblyScript. */
export function tablesSource(tables: Tables): string {
  const data = (values: Iterable<number>): string => `memory.data<u8>([${[...values].join(",")}])`;
  const words = (values: readonly number[]): string =>
    data(values.flatMap((value) => [value & 255, value >> 8]));
  return [
    `export const ROWS: usize = ${data(tables.rows)};`,
    `export const CANDIDATES: usize = ${words(tables.candidates)};`,
    `export const FIRST: usize = ${words(tables.first)};`,
    ...KINDS.map((kind, index) => `export const KIND_${kind}: u32 = ${index};`),
    ...tables.operations.map((name, index) => `export const OP_${name}: u32 = ${index};`),
    "",
  ].join("\n");
}
