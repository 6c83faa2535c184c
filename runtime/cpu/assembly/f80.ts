/**
 * x87: 80-bit software floating point, exact as the processor. This file is the door: callers import
 * from "./f80" only. The hard idea: a *number* is ten bytes in linear memory as x87 stores it (u64
 * significand with explicit integer bit, u16 sign and exponent), nothing is allocated, and every
 * operation is `(destination, operands…, control) => status`: the rounding and precision control come
 * in with the control word, and the raised exceptions come out as bits of the status word.
 *
 * Two levels. Instructions (what the interpreter calls; see f80-instructions.ts, f80-state.ts):
 *
 *   F80_STATE_BYTES = 160; the x87 block of a context, at `state` (16-byte aligned):
 *     +0 u16 control word   +2 u16 status word, TOP in bits 11..13   +4 u8 tags: bit r set = physical
 *     register r is in use   +6 u16 last opcode   +8 u64 instruction pointer   +16 u64 data pointer
 *     +32 + 16 * r: physical register r, ten bytes and six zero bytes (mm r is its low 8 bytes)
 *   f80Initialize(state)                          fninit, and the state of a new context
 *   f80Memory(state, op, pointer): u32            an escape (D8..DF) whose modrm names memory:
 *     op = (opcode & 7) << 3 | modrm.reg, plus 64 for a 16-bit operand size (fnstenv, fnsave images);
 *     pointer = linear address of the operand. Returns 0, F80_FAULT (#MF was pending: nothing was
 *     done) or F80_UNDEFINED (#UD). All memory accesses come before the first change of state.
 *   f80OperandBytes(op): u32                      size of that operand, 0 for an undefined op;
 *   f80OperandIsWritten(op): bool                 so that the caller can check access first.
 *   f80Register(state, op, rflags): u32           an escape whose modrm names a register:
 *     op = (opcode & 7) << 6 | modrm & 63. Takes rflags for fcmov, returns them as changed by fcomi;
 *     bit 31 (F80_FAULT) = #MF, bit 30 (F80_UNDEFINED) = #UD, nothing was done. `fnstsw ax` (DF E0) is
 *     done by the caller: ax = load<u16>(state, 2).
 *   f80Wait(state): u32                           fwait: F80_FAULT or 0
 *   f80SaveImage(state, image), f80RestoreImage(state, image)   the first 160 bytes of an fxsave64
 *     image, MXCSR and its mask (bytes 24..31) left alone
 *   f80EnterMmx(state)                            before any MMX instruction but emms: TOP = 0, all in use
 *   f80WriteMmx(state, register, value: u64)      as MMX instructions write: exponent all ones
 *   f80EmptyMmx(state)                            emms
 *   The caller may keep opcode, instruction and data pointer up to date; nothing here reads them but
 *   the images.
 *
 * Numbers (dst, a, b point to ten bytes and may be equal; control = the control word; the result is
 * status bits IE 1, DE 2, ZE 4, OE 8, UE 16, PE 32, C1 0x200; where an unmasked IE, DE or ZE is raised,
 * dst is not written):
 *   f80Add f80Sub f80Mul f80Div (dst, a, b, control)      f80Sqrt f80RoundToInteger (dst, a, control)
 *   f80Scale(dst, a, b, control)                          a * 2^trunc(b)
 *   f80Remainder(dst, a, b, nearest, control)             fprem1 or fprem; C0 C1 C2 C3 in the result
 *   f80Extract(significand, exponent, a, control)         fxtract
 *   f80Compare(a, b, quiet): u32                          C0 C2 C3 and exceptions
 *   f80Examine(a, empty): u32                             C0..C3 as fxam
 *   f80FromF32 f80FromF64 (dst, source, control)          f80FromI64(dst, value: i64)
 *   f80FromBcd(dst, source)                               f80ToBcd(target, a, control)
 *   f80ToF32 f80ToF64 f80ToI16 f80ToI32 f80ToI64 (target, a, control)
 *   f80Constant(dst, index, control)                      fld1, fldl2t, fldl2e, fldpi, fldlg2, fldln2, fldz
 *   f80Exp2Minus1(dst, a, control)   f80YLog2X, f80YLog2XPlus1, f80Atan (dst, x, y, control)
 *   f80Sin f80Cos f80Tan (dst, a, control)                C2 set and dst unwritten when out of range
 */
export {
  F80_FAULT, F80_UNDEFINED, f80Memory, f80OperandBytes, f80OperandIsWritten, f80Register, f80Wait,
} from "./f80-instructions";
export {
  F80_STATE_BYTES, f80EmptyMmx, f80EnterMmx, f80Initialize, f80RestoreImage, f80SaveImage, f80WriteMmx,
} from "./f80-state";
export { f80Add, f80Div, f80Mul, f80Sqrt, f80Sub } from "./f80-arithmetic";
export {
  f80FromBcd, f80FromF32, f80FromF64, f80FromI64, f80ToBcd, f80ToF32, f80ToF64, f80ToI16, f80ToI32, f80ToI64,
} from "./f80-convert";
export {
  f80Compare, f80Constant, f80Examine, f80Extract, f80Remainder, f80RoundToInteger, f80Scale,
} from "./f80-steps";
export {
  f80Atan, f80Cos, f80Exp2Minus1, f80Sin, f80Tan, f80YLog2X, f80YLog2XPlus1,
} from "./f80-transcendental";
