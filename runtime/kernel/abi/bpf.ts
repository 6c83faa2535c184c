/** Classic BPF: linux/bpf_common.h, linux/filter.h. */

export const [BPF_LD, BPF_LDX, BPF_ST, BPF_STX, BPF_ALU, BPF_JMP, BPF_RET, BPF_MISC] = [
  0, 1, 2, 3, 4, 5, 6, 7,
] as const;
export const [BPF_W, BPF_H, BPF_B] = [0, 8, 16] as const;
export const [BPF_IMM, BPF_ABS, BPF_IND, BPF_MEM, BPF_LEN, BPF_MSH] = [
  0, 0x20, 0x40, 0x60, 0x80, 0xa0,
] as const;
export const [BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV] = [0, 0x10, 0x20, 0x30] as const;
export const [BPF_OR, BPF_AND, BPF_LSH, BPF_RSH, BPF_NEG] = [0x40, 0x50, 0x60, 0x70, 0x80] as const;
export const [BPF_MOD, BPF_XOR] = [0x90, 0xa0] as const;
export const [BPF_JA, BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET] = [0, 0x10, 0x20, 0x30, 0x40] as const;
export const [BPF_K, BPF_X, BPF_A] = [0, 8, 0x10] as const;
export const [BPF_TAX, BPF_TXA] = [0, 0x80] as const;

export const BPF_MAXINSNS = 4096;
export const BPF_MEMWORDS = 16;
/** struct sock_filter. */
export const SOCK_FILTER_BYTES = 8;

/** struct sock_filter: code, jump offsets when true and false, operand. */
export interface BpfInstruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}
