/**
 * Classic BPF as seccomp takes it (net/core/filter.c: bpf_check_classic; kernel/seccomp.c:
 * seccomp_check_filter). One hard idea: a program is checked once, so that running it needs no checks:
 * jumps go forward and inside, the last instruction returns, a memory word is stored before it is loaded,
 * and the only input is struct seccomp_data in aligned 32-bit words.
 */
import * as bpf from "../abi/bpf.ts";
import type { BpfInstruction } from "../abi/bpf.ts";
import { SECCOMP_DATA_BYTES } from "../abi/seccomp.ts";

const LAST_SHIFT = 31;
const ALL_WORDS = 0xffff;

/** Operations of BPF_ALU that take an operand. BPF_MOD is not among seccomp's. */
const ARITHMETIC = [
  bpf.BPF_ADD,
  bpf.BPF_SUB,
  bpf.BPF_MUL,
  bpf.BPF_DIV,
  bpf.BPF_AND,
  bpf.BPF_OR,
  bpf.BPF_XOR,
  bpf.BPF_LSH,
  bpf.BPF_RSH,
] as const;
const COMPARISONS = [bpf.BPF_JEQ, bpf.BPF_JGT, bpf.BPF_JGE, bpf.BPF_JSET] as const;

const [LOAD_WORD, LOAD_LEN, LOAD_IMM, LOAD_MEM] = [0x20, 0x80, 0, 0x60] as const;
const [LOADX_LEN, LOADX_IMM, LOADX_MEM] = [0x81, 1, 0x61] as const;
const [RET_K, RET_A, ST, STX, JA, NEG, TAX, TXA] = [6, 0x16, 2, 3, 5, 0x84, 7, 0x87] as const;

const CODES = new Set<number>([
  LOAD_WORD,
  LOAD_LEN,
  LOAD_IMM,
  LOAD_MEM,
  LOADX_LEN,
  LOADX_IMM,
  LOADX_MEM,
  RET_K,
  RET_A,
  ST,
  STX,
  JA,
  NEG,
  TAX,
  TXA,
  ...ARITHMETIC.flatMap((operation) => [bpf.BPF_ALU | operation, bpf.BPF_ALU | operation | bpf.BPF_X]),
  ...COMPARISONS.flatMap((operation) => [bpf.BPF_JMP | operation, bpf.BPF_JMP | operation | bpf.BPF_X]),
]);

/** Whether Linux would take it as a seccomp filter. */
export function isValidFilter(program: readonly BpfInstruction[]): boolean {
  if (program.length === 0 || program.length > bpf.BPF_MAXINSNS) return false;
  if (!program.every((instruction, at) => isValidInstruction(instruction, program.length - at - 1)))
    return false;
  const last = program[program.length - 1]?.code;
  return (last === RET_K || last === RET_A) && loadsWhatWasStored(program);
}

/** `after`: how many instructions follow. */
function isValidInstruction({ code, jt, jf, k }: BpfInstruction, after: number): boolean {
  if (!CODES.has(code)) return false;
  switch (code) {
    case LOAD_WORD:
      return k < SECCOMP_DATA_BYTES && (k & 3) === 0;
    case LOAD_MEM:
    case LOADX_MEM:
    case ST:
    case STX:
      return k < bpf.BPF_MEMWORDS;
    case bpf.BPF_ALU | bpf.BPF_DIV:
      return k !== 0;
    case bpf.BPF_ALU | bpf.BPF_LSH:
    case bpf.BPF_ALU | bpf.BPF_RSH:
      return k <= LAST_SHIFT;
    case JA:
      return k < after;
    default:
      return (code & 7) !== bpf.BPF_JMP || (jt < after && jf < after);
  }
}

/** On every path to a load, its word was stored (check_load_and_stores): jumps go forward, so one pass. */
function loadsWhatWasStored(program: readonly BpfInstruction[]): boolean {
  const onArrival = program.map(() => ALL_WORDS);
  let stored = 0;
  const arrive = (at: number): void => {
    onArrival[at] = (onArrival[at] ?? ALL_WORDS) & stored;
  };
  for (const [at, { code, jt, jf, k }] of program.entries()) {
    stored &= onArrival[at] ?? ALL_WORDS;
    if (code === ST || code === STX) stored |= 1 << k;
    else if (code === LOAD_MEM || code === LOADX_MEM) {
      if ((stored & (1 << k)) === 0) return false;
    } else if (code === JA) {
      arrive(at + 1 + k);
      stored = ALL_WORDS;
    } else if ((code & 7) === bpf.BPF_JMP) {
      arrive(at + 1 + jt);
      arrive(at + 1 + jf);
      stored = ALL_WORDS;
    }
  }
  return true;
}

/** Instructions once Linux has made extended BPF of it (bpf_convert_filter): what its limit counts. */
export function convertedLength(program: readonly BpfInstruction[]): number {
  const PROLOGUE = 3;
  return program.reduce((sum, instruction) => sum + convertedCount(instruction), PROLOGUE);
}

function convertedCount({ code, jt, jf, k }: BpfInstruction): number {
  if (code === RET_K) return 2;
  if (code === JA || (code & 7) !== bpf.BPF_JMP) return 1;
  const isNegative = (code & bpf.BPF_X) === 0 && (k | 0) < 0;
  const isOne = jf === 0 || (jt === 0 && (code & 0xf0) !== bpf.BPF_JSET);
  return (isOne ? 1 : 2) + (isNegative ? 1 : 0);
}

/**
 * Runs a valid program over the words of a struct seccomp_data. `seen` is told every word that was read: a
 * verdict that rests on the call's number alone can be remembered.
 */
export function runFilter(
  program: readonly BpfInstruction[],
  data: Uint32Array,
  seen?: (word: number) => unknown,
): number {
  const memory = new Uint32Array(bpf.BPF_MEMWORDS);
  let [a, x] = [0, 0];
  for (let at = 0; at < program.length; at++) {
    const instruction = program[at];
    if (instruction === undefined) break;
    const { code, k } = instruction;
    switch (code) {
      case LOAD_WORD:
        a = data[k >> 2] ?? 0;
        seen?.(k >> 2);
        break;
      case LOAD_LEN:
        a = SECCOMP_DATA_BYTES;
        break;
      case LOADX_LEN:
        x = SECCOMP_DATA_BYTES;
        break;
      case LOAD_IMM:
        a = k;
        break;
      case LOADX_IMM:
        x = k;
        break;
      case LOAD_MEM:
        a = memory[k] ?? 0;
        break;
      case LOADX_MEM:
        x = memory[k] ?? 0;
        break;
      case ST:
        memory[k] = a;
        break;
      case STX:
        memory[k] = x;
        break;
      case TAX:
        x = a;
        break;
      case TXA:
        a = x;
        break;
      case RET_K:
        return k;
      case RET_A:
        return a;
      case JA:
        at += k;
        break;
      default: {
        const operand = (code & bpf.BPF_X) === 0 ? k : x;
        if ((code & 7) === bpf.BPF_JMP)
          at += holds(code & 0xf0, a, operand) ? instruction.jt : instruction.jf;
        else if ((code & 0xf0) === bpf.BPF_DIV && operand === 0) return 0;
        else a = calculate(code & 0xf0, a, operand);
      }
    }
  }
  return 0;
}

function holds(comparison: number, a: number, operand: number): boolean {
  switch (comparison) {
    case bpf.BPF_JEQ:
      return a === operand;
    case bpf.BPF_JGT:
      return a > operand;
    case bpf.BPF_JGE:
      return a >= operand;
    default:
      return (a & operand) !== 0;
  }
}

function calculate(operation: number, a: number, operand: number): number {
  switch (operation) {
    case bpf.BPF_ADD:
      return (a + operand) >>> 0;
    case bpf.BPF_SUB:
      return (a - operand) >>> 0;
    case bpf.BPF_MUL:
      return Math.imul(a, operand) >>> 0;
    case bpf.BPF_DIV:
      return Math.floor(a / operand);
    case bpf.BPF_AND:
      return (a & operand) >>> 0;
    case bpf.BPF_OR:
      return (a | operand) >>> 0;
    case bpf.BPF_XOR:
      return (a ^ operand) >>> 0;
    case bpf.BPF_LSH:
      return (a << operand) >>> 0;
    case bpf.BPF_RSH:
      return a >>> operand;
    default:
      return -a >>> 0;
  }
}
