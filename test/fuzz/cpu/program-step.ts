/**
 * One instruction of a random program, from its row. The hard idea: a program only goes on while its
 * addresses are good, so memory operands are built around a few registers that point somewhere and are
 * seldom overwritten; every now and then one is taken at random all the same, for the fault.
 */
import type { Row } from "../../../runtime/cpu/spec/row.ts";
import { VEX_MAP } from "../../../runtime/cpu/spec/row.ts";
import { DATA, PAGE, randomAddress, randomValue, vexPrefix } from "./instructions.ts";
import type { Random } from "./random.ts";

/** rbx, rsi, rdi and r14 point into the data, r13 is a small index, r15 counts turns of loops. */
export const POINTERS: readonly number[] = [3, 6, 7, 14];
export const INDEX = 13;
export const COUNTER = 15;
const RSP = 4;
const PLAIN: readonly number[] = [0, 1, 2, 5, 8, 9, 10, 11, 12];

export const little = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, index) => Math.floor(value / 2 ** (index * 8)) & 255);

/** A good address for a pointer register. */
export const pointerValue = (random: Random): number => DATA + 0x100 + (random.below(2 * PAGE - 0x400) & ~15);

/** Of the long prefix, which is always used. */
const VEX_BYTES = 3;

interface Shape {
  readonly prefixes: number[];
  rex: number;
}

/** A register to name: mostly one that no address depends on, never the counter. */
function pickRegister(random: Random): number {
  if (!random.oneIn(24)) return random.pick(PLAIN);
  const number = random.below(15);
  return number === RSP && !random.oneIn(4) ? 0 : number;
}

/** ModRM, SIB and displacement of a memory operand; the end of the instruction is `tail` bytes behind. */
function memoryOperand(random: Random, row: Row, shape: Shape, reg: number, at: number, tail: number): number[] {
  const modrm = (reg & 7) << 3;
  const isAligned = row.aligned || random.oneIn(2);
  const round = (value: number): number => (isAligned ? value & ~15 : value);
  const based = (base: number, index: number, scale: number, displacement: number): number[] => {
    const isWide = displacement < -128 || displacement > 127 || random.oneIn(4);
    if (base > 7) shape.rex |= 1;
    if (index > 7) shape.rex |= 2;
    const tailBytes = little(displacement >>> 0, isWide ? 4 : 1);
    const mod = isWide ? 0x80 : 0x40;
    if (index < 0 && (base & 7) !== 4) return [mod | modrm | (base & 7), ...tailBytes];
    const sib = (scale << 6) | ((index < 0 ? 4 : index & 7) << 3) | (base & 7);
    return [mod | modrm | 4, sib, ...tailBytes];
  };
  switch (random.below(16)) {
    case 0: return [modrm | 4, 0x25, ...little(round(pointerValue(random) + random.below(64)), 4)];
    case 1: {
      // Relative to the next instruction.
      const target = round(pointerValue(random) + random.below(64));
      return [modrm | 5, ...little((target - (at + 5 + tail)) >>> 0, 4)];
    }
    case 2: return [modrm | 4, 0x25, ...little(Number(BigInt.asUintN(32, randomAddress(random))), 4)];
    case 3: return based(RSP, -1, 0, round(random.below(256) - 64));
    case 4: return random.oneIn(3) ? based(random.below(15), -1, 0, random.below(64)) : based(3, -1, 0, 0);
    case 5:
    case 6:
    case 7: return based(random.pick(POINTERS), INDEX, random.below(4), round(random.below(128)));
    default: {
      const reach = random.oneIn(4) ? 512 : 128;
      return based(random.pick(POINTERS), -1, 0, round(random.below(2 * reach) - reach));
    }
  }
}

function immediates(random: Random, row: Row, isWide: boolean, is66: boolean): number[] {
  return row.operands.flatMap(({ kind, size }) => {
    if (kind === "O") return little(pointerValue(random), 8);
    if (kind === "L") return [random.below(256)];
    if (kind !== "I") return [];
    const width = size === "b" ? 1 : size === "w" ? 2 : size === "v" && isWide ? 8 : is66 && !isWide ? 2 : 4;
    const value = randomValue(random);
    return Array.from({ length: width }, (_, index) => Number((value >> BigInt(index * 8)) & 255n));
  });
}

/** The bytes of `row` for guest address `at`. */
export function encodeStep(random: Random, row: Row, at: number): number[] {
  const isVex = row.map >= VEX_MAP;
  const shape: Shape = { prefixes: [], rex: 0 };
  const kinds = new Set(row.operands.map(({ kind }) => kind));
  if (row.rexW === 1 || (row.rexW === undefined && random.oneIn(3))) shape.rex |= 0x48;
  const is66 = row.prefix === "any" && row.stack !== "f64" && random.oneIn(8) && !/^(sh[lr]d|bswap)$/.test(row.operation);
  if (!isVex) {
    if (is66 || row.prefix === "p66") shape.prefixes.push(0x66);
    if (row.prefix === "pf3") shape.prefixes.push(0xf3);
    if (row.prefix === "pf2") shape.prefixes.push(0xf2);
  }
  if (/^(movs|stos|lods|cmps|scas)$/.test(row.operation) && random.oneIn(2)) shape.prefixes.push(random.oneIn(2) ? 0xf3 : 0xf2);
  const opcode = row.map === 0 ? [] : row.map === 1 ? [0x0f] : [0x0f, row.map === 2 ? 0x38 : 0x3a];
  let last = row.opcode;
  if (row.plusR) {
    const number = pickRegister(random);
    last += number & 7;
    if (number > 7) shape.rex |= 0x41;
  }
  const constants = (): number[] => immediates(random, row, (shape.rex & 8) !== 0, is66);
  let tail: number[] = [];
  if (row.hasModrm) {
    const { modrmMask, modrmValue } = row;
    const isGeneral = kinds.has("G");
    let reg = (modrmMask & 0x38) !== 0 ? (modrmValue >> 3) & 7 : isGeneral ? pickRegister(random) : random.below(16);
    if (kinds.has("P") || (modrmMask & 0x38) !== 0) reg &= 7;
    if (reg > 7) shape.rex |= 0x44;
    const mustBeRegister = (modrmMask & 0xc0) === 0xc0 && (modrmValue & 0xc0) === 0xc0;
    const mustBeMemory = (modrmMask & 0x100) !== 0;
    if (mustBeRegister || (!mustBeMemory && random.oneIn(2))) {
      const isVector = kinds.has("W") || kinds.has("U");
      let rm = (modrmMask & 7) !== 0 ? modrmValue & 7 : isVector ? random.below(16) : pickRegister(random);
      if (kinds.has("Q") || kinds.has("N") || kinds.has("STi") || (modrmMask & 7) !== 0) rm &= 7;
      if (rm > 7) shape.rex |= 0x41;
      tail = [0xc0 | ((reg & 7) << 3) | (rm & 7), ...constants()];
    } else {
      if (random.oneIn(24)) shape.prefixes.unshift(random.oneIn(2) ? 0x64 : 0x65);
      const end = constants();
      const before = shape.prefixes.length + (isVex ? VEX_BYTES : (shape.rex !== 0 ? 1 : 0) + opcode.length) + 1;
      // The rip-relative form never needs another REX prefix than is there already.
      tail = [...memoryOperand(random, row, shape, reg, at + before, end.length), ...end];
    }
  } else tail = constants();
  if (row.rexW === 0) shape.rex &= ~8;
  if (isVex) {
    const register = kinds.has("B") ? pickRegister(random) : random.below(16);
    return [...shape.prefixes, ...vexPrefix(random, row, shape.rex, register, false), last, ...tail];
  }
  const rex = shape.rex === 0 ? [] : [0x40 | shape.rex];
  return [...shape.prefixes, ...rex, ...opcode, last, ...tail];
}
