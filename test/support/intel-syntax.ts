/**
 * The decoder's record as objdump prints it (Intel syntax), operands only: registers, sizes, segments,
 * displacements, immediates, targets. The hard idea: nothing here knows an instruction; the text comes from
 * the row's operand codes and the record, so a wrong code in a row or a wrong field in the record is seen.
 */
import type { Operand, Row } from "../../runtime/cpu/spec/row.ts";
import { INSN, LAYOUT } from "../../runtime/cpu/spec/layout.ts";

const BYTES_LEGACY = ["al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"];
const NAMES = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
const SEGMENTS = ["es", "cs", "ss", "ds", "fs", "gs", "?", "?"];
const POINTERS = ["BYTE", "WORD", "DWORD", "QWORD"];
const NO_INDEX = 4;
/** Log2 of bytes, as in INSN.OPERAND_SIZE. */
const WIDTHS: Readonly<Record<string, number>> = { b: 0, w: 1, d: 2, q: 3 };

const hex = (value: bigint): string => `0x${value.toString(16)}`;
const signed = (value: bigint): string => (value < 0n ? `-${hex(-value)}` : `+${hex(value)}`);

/** General register `number` of `width`; without REX the bytes 4 to 7 are ah to bh. */
function general(number: number, width: number, hasRex: boolean): string {
  if (width === 0 && number < 8 && !(hasRex && number >= 4)) return BYTES_LEGACY[number] ?? "";
  const name = NAMES[number];
  if (name === undefined) return `r${number}${["b", "w", "d", ""][width] ?? ""}`;
  return width === 0 ? `${name}l` : `${["", "", "e", "r"][width] ?? ""}${name}`;
}

/** One decoded instruction: the record at LAYOUT.INSN of `view`, and its row. */
export class DecodedInstruction {
  readonly row: Row;
  readonly #view: DataView;
  /** Its address for the disassembler: the record's own is where the test put the bytes. */
  readonly #address: bigint;

  constructor(view: DataView, row: Row, address: bigint) {
    this.#view = view;
    this.row = row;
    this.#address = address;
  }

  get length(): number {
    return this.#byte(INSN.LENGTH);
  }

  /** Of the names a row has, the one for this operand size. */
  get mnemonic(): string {
    const { mnemonics } = this.row;
    return mnemonics[Math.max(0, this.#operandSize - 1)] ?? mnemonics[0] ?? "";
  }

  get operands(): string[] {
    const immediates = [INSN.IMM, INSN.IMM2];
    return this.row.operands.map((operand) => {
      const slot = operand.kind === "I" ? (immediates.shift() ?? INSN.IMM) : INSN.IMM;
      return this.#operand(operand, slot);
    });
  }

  get #operandSize(): number {
    return this.#byte(INSN.OPERAND_SIZE);
  }

  get #rex(): number {
    return this.#byte(INSN.REX);
  }

  get #modrm(): number {
    return this.#byte(INSN.MODRM);
  }

  get #isShortAddress(): boolean {
    return (this.#byte(INSN.PREFIXES) & 2) !== 0;
  }

  #byte(offset: number): number {
    return this.#view.getUint8(LAYOUT.INSN + offset);
  }

  #width(size: Operand["size"]): number {
    if (size === "v") return this.#operandSize;
    if (size === "z") return Math.min(2, this.#operandSize);
    if (size === "y") return Math.max(2, this.#operandSize);
    return WIDTHS[size] ?? 3;
  }

  #operand({ kind, size }: Operand, slot: number): string {
    const rm = (this.#modrm & 7) | ((this.#rex & 1) << 3);
    const reg = ((this.#modrm >> 3) & 7) | ((this.#rex & 4) << 1);
    const named = (number: number): string => general(number, this.#width(size), this.#rex !== 0);
    switch (kind) {
      case "E": return this.#modrm >= 0xc0 ? named(rm) : this.#memory(size);
      case "W": return this.#modrm >= 0xc0 ? this.#vector(rm, size) : this.#memory(size);
      case "Q": return this.#modrm >= 0xc0 ? `mm${rm & 7}` : this.#memory(size);
      case "M": return this.#memory(size);
      case "G": return named(reg);
      case "V": return this.#vector(reg, size);
      case "P": return `mm${reg & 7}`;
      case "U": return this.#vector(rm, size);
      case "N": return `mm${rm & 7}`;
      case "Z": return named((this.#byte(INSN.OPCODE) & 7) | ((this.#rex & 1) << 3));
      case "A": return named(0);
      case "CL": return "cl";
      case "DX": return "dx";
      case "1": return "1";
      case "B": return named(this.#byte(INSN.VVVV));
      case "H": return this.#vector(this.#byte(INSN.VVVV), size);
      case "L": return this.#vector(this.#byte(INSN.IMM) >> 4, size);
      case "R": return general(rm, 3, true);
      case "C": return `cr${reg}`;
      case "D": return `dr${reg}`;
      case "S": return SEGMENTS[reg & 7] ?? "";
      case "FS": return "fs";
      case "GS": return "gs";
      case "ST": return "st";
      case "STi": return `st(${this.#modrm & 7})`;
      case "I": return this.#immediate(size, slot);
      case "J": return this.#target(slot);
      case "O": return this.#constantAddress(slot);
      case "X": return this.#string(size, this.#segment(true), "si");
      case "Y": return this.#string(size, "es", "di");
      case "none": return "";
      default: throw new Error(`no text for an operand of kind ${String(kind satisfies never)}`);
    }
  }

  /** With VEX.L a whole vector has 32 bytes. */
  #vector(number: number, size: Operand["size"]): string {
    return `${this.row.vexL === 1 && size === "x" ? "y" : "x"}mm${number}`;
  }

  /** Of a gather: a half of it is enough for indices that are smaller than the elements. */
  #indexVector(number: number): string {
    return `${this.row.vexL === 1 && this.row.operation !== "vgather64by32" ? "y" : "x"}mm${number}`;
  }

  /** As wide as what it goes into; a byte of an instruction without a wider operand is printed as it is. */
  #immediate(size: Operand["size"], slot: number): string {
    const value = this.#view.getBigInt64(LAYOUT.INSN + slot, true);
    const isExtended = size !== "b" || (this.row.operands.at(-1)?.text ?? "") === "Ibs";
    const width = isExtended && size !== "w" ? this.#operandSize : size === "w" ? 1 : 0;
    return hex(BigInt.asUintN(8 << width, value));
  }

  #target(slot: number): string {
    const distance = this.#view.getBigInt64(LAYOUT.INSN + slot, true);
    return hex(BigInt.asUintN(64, this.#address + BigInt(this.length) + distance));
  }

  #segment(isAlways: boolean): string {
    return ["ds", "fs", "gs"][this.#byte(INSN.SEGMENT)]?.replace(/^ds$/, isAlways ? "ds" : "") ?? "";
  }

  #constantAddress(slot: number): string {
    return `${this.#segment(true)}:${hex(this.#view.getBigUint64(LAYOUT.INSN + slot, true))}`;
  }

  #string(size: Operand["size"], segment: string, register: string): string {
    return `${this.#pointer(this.#width(size))}${segment}:[${this.#isShortAddress ? "e" : "r"}${register}]`;
  }

  #pointer(width: number): string {
    return `${POINTERS[width] ?? ""} PTR `;
  }

  #pointerOf(size: Operand["size"]): string {
    if (this.row.memory === "none") return "";
    if (this.row.memory !== "") return `${this.row.memory} PTR `;
    if (size === "o") return "XMMWORD PTR ";
    if (size === "x") return this.row.vexL === 1 ? "YMMWORD PTR " : "XMMWORD PTR ";
    if (this.row.operands.some(({ text }) => text === "M")) return "";
    return this.#pointer(this.#width(size));
  }

  /** ModRM, SIB and displacement. */
  #memory(size: Operand["size"]): string {
    const mod = this.#modrm >> 6;
    const hasSib = (this.#modrm & 7) === 4;
    const sib = this.#byte(INSN.SIB);
    const low = hasSib ? sib & 7 : this.#modrm & 7;
    const displacement = BigInt(this.#view.getInt32(LAYOUT.INSN + INSN.DISP, true));
    const width = this.#isShortAddress ? 2 : 3;
    const register = (number: number): string => general(number, width, true);
    const parts: string[] = [];
    let hasDisplacement = mod !== 0;
    if (mod === 0 && low === 5) {
      hasDisplacement = true;
      if (!hasSib) parts.push(this.#isShortAddress ? "eip" : "rip");
    } else parts.push(register(low | ((this.#rex & 1) << 3)));
    if (hasSib) {
      const index = ((sib >> 3) & 7) | ((this.#rex & 2) << 2);
      const scale = 1 << (sib >> 6);
      // objdump shows an index that is none by name, unless that is how rsp and constants are written.
      const isPlain = scale === 1 && (low === NO_INDEX || (parts.length === 0 && !this.#isShortAddress));
      if (this.row.operation.startsWith("vgather")) parts.push(`${this.#indexVector(index)}*${scale}`);
      else if (index !== NO_INDEX) parts.push(`${register(index)}*${scale}`);
      else if (!isPlain) parts.push(`${this.#isShortAddress ? "eiz" : "riz"}*${scale}`);
    }
    const segment = this.#segment(parts.length === 0);
    const head = `${this.#pointerOf(size)}${segment}${segment === "" ? "" : ":"}`;
    if (parts.length === 0) return `${head}${hex(BigInt.asUintN(64, displacement))}`;
    // Relative to rip it is printed as the unsigned number it stands for.
    const isRelative = mod === 0 && low === 5 && !hasSib;
    const offset = isRelative ? `+${hex(BigInt.asUintN(64, displacement))}` : signed(displacement);
    return `${head}[${parts.join("+")}${hasDisplacement ? offset : ""}]`;
  }
}
