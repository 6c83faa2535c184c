/**
 * The way to an operation's general form: find the operands, check a memory operand for the row's
 * access, then call. One hard idea: after the check an operand is just a pointer, to a register, to the
 * immediate in the uop or to guest memory.
 */
import { PENDING, UOP_D, UOP_IMM, UOP_MODE, UOP_ROW, UOP_S } from "./layout";
import { check, GENERAL_PROTECTION, raise } from "./memory";
import { dispatch } from "./dispatch";
import { effectiveAddress, widthOf } from "./uop";
import { KIND_1, KIND_I, ROWS } from "./tables";

const ACCESS_NONE: u32 = 0;
const ACCESS_READ: u32 = 1;
const ACCESS_OWN: u32 = 4;

/** Of a row's first byte: x is 32 bytes. */
const IS_WIDE: u32 = 0x40;

/** Bytes of an operand with size code `size` (sizeNumber in row.ts). */
function bytesOf(size: u32, u: usize, row: usize): u32 {
  if (size < 4) return 1 << size;
  if (size == 6) return 16;
  return size == 4 ? (load<u8>(row) & IS_WIDE ? 32 : 16) : 1 << widthOf(u);
}

/** Runs the operation of `u`; answers PENDING (memory.ts), 0 when it went well. */
export function cold(u: usize): u32 {
  let row = ROWS + (<usize>load<u16>(u, UOP_ROW) << 4);
  let first = <u32>load<u8>(row, 4);
  let second = <u32>load<u8>(row, 5);
  let d = <usize>load<u16>(u, UOP_D);
  let s = <usize>load<u16>(u, UOP_S);
  if (first >> 3 == KIND_I) d = u + UOP_IMM;
  if (second >> 3 == KIND_I || second >> 3 == KIND_1) s = u + UOP_IMM;
  let access = <u32>load<u8>(row, 10) & 7;
  if ((load<u8>(u, UOP_MODE) & 0x80) != 0 && access != ACCESS_NONE && access != ACCESS_OWN) {
    let address = effectiveAddress(u);
    let isFirst = d == 0;
    let bytes = bytesOf((isFirst ? first : second) & 7, u, row);
    if ((load<u8>(row, 3) & 0x80) != 0 && (address & <u64>(bytes - 1)) != 0) {
      raise(GENERAL_PROTECTION);
      return 1;
    }
    let place = check(address, bytes, isFirst && access != ACCESS_READ);
    if (!place) return 1;
    if (isFirst) d = place;
    else s = place;
  }
  dispatch(<u32>load<u16>(row, 8), u, d, s);
  return load<u32>(PENDING);
}
