/**
 * The gathers of AVX2. One hard idea: they are the one kind of instruction that may fault halfway and show it:
 * each element that is loaded clears its mask at once, so that the instruction goes on where it was.
 */
import { UOP_IMM, UOP_L, UOP_V } from "./layout";
import { check, INVALID_OPCODE, raise } from "./memory";
import { other, third } from "./vex-halves";
import { addressWithOffset, widthOf } from "./uop";

/** Where element `index` of `bytes` bytes of the register at `at` is. */
@inline function element(at: usize, index: usize, bytes: usize): usize {
  let offset = index * bytes;
  return offset < 16 ? at + offset : other(at) + offset - 16;
}

/** `count` elements of `bytes` bytes; an index has `indexBytes`. */
function gather(u: usize, d: usize, bytes: usize, indexBytes: usize): void {
  let mask = third(u, UOP_V);
  let indices = third(u, UOP_L);
  if (d == mask || d == indices || mask == indices) {
    raise(INVALID_OPCODE);
    return;
  }
  let isWide = widthOf(u) != 0;
  let count = (<usize>16 << <usize>isWide) / max<usize>(bytes, indexBytes);
  let scale = <i64>load<u8>(u, UOP_IMM);
  for (let index: usize = 0; index < count; index++) {
    let bits = element(mask, index, bytes);
    // The lowest bits of the mask become all or none first.
    if (load<i8>(bits + bytes - 1) < 0) {
      let at = element(indices, index, indexBytes);
      let offset = (indexBytes == 4 ? <i64>load<i32>(at) : load<i64>(at)) << scale;
      let place = check(addressWithOffset(u, offset), <u32>bytes, false);
      if (!place) return;
      memory.copy(element(d, index, bytes), place, bytes);
    }
    memory.fill(bits, 0, bytes);
  }
  // What is behind the last element is zero, in both.
  let end = count * bytes;
  for (let at: usize = end; at < 32; at += 4) {
    store<u32>(at < 16 ? d + at : other(d) + at - 16, 0);
    store<u32>(at < 16 ? mask + at : other(mask) + at - 16, 0);
  }
}

export function opVgather32by32(u: usize, d: usize, s: usize): void {
  gather(u, d, 4, 4);
}

export function opVgather64by32(u: usize, d: usize, s: usize): void {
  gather(u, d, 8, 4);
}

export function opVgather32by64(u: usize, d: usize, s: usize): void {
  gather(u, d, 4, 8);
}

export function opVgather64by64(u: usize, d: usize, s: usize): void {
  gather(u, d, 8, 8);
}
