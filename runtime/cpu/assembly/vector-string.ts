/**
 * SSE4.2 string comparison: pcmpestri, pcmpestrm, pcmpistri, pcmpistrm. The hard idea: all four are one
 * intermediate result (IntRes2, a bit per element) plus flags; index and mask are read off it. Intel SDM
 * volume 2, chapter 4.1.
 */

const FIRST: usize = memory.data(16, 16);
const SECOND: usize = memory.data(16, 16);
const CF: u32 = 1;
const ZF: u32 = 0x40;
const SF: u32 = 0x80;
const OF: u32 = 0x800;

@inline
function elementAt(base: usize, index: u32, imm: u32): i32 {
  switch (imm & 3) {
    case 0: return <i32>load<u8>(base + <usize>index);
    case 1: return <i32>load<u16>(base + <usize>(index << 1));
    case 2: return <i32>load<i8>(base + <usize>index);
    default: return <i32>load<i16>(base + <usize>(index << 1));
  }
}

/** Elements before the first zero. */
function implicitLength(base: usize, imm: u32, count: u32): u32 {
  for (let index: u32 = 0; index < count; index++) if (elementAt(base, index, imm) == 0) return index;
  return count;
}

/** |length|, at most as many as fit. */
@inline
function explicitLength(length: i64, count: u32): u32 {
  const magnitude: u64 = length < 0 ? 0 - <u64>length : <u64>length;
  return magnitude < <u64>count ? <u32>magnitude : count;
}

export function pcmpistr(a: v128, b: v128, imm: u32): u32 {
  v128.store(FIRST, a);
  v128.store(SECOND, b);
  const count: u32 = imm & 1 ? 8 : 16;
  return compareStrings(implicitLength(FIRST, imm, count), implicitLength(SECOND, imm, count), count, imm);
}

export function pcmpestr(a: v128, lengthA: i64, b: v128, lengthB: i64, imm: u32): u32 {
  v128.store(FIRST, a);
  v128.store(SECOND, b);
  const count: u32 = imm & 1 ? 8 : 16;
  return compareStrings(explicitLength(lengthA, count), explicitLength(lengthB, count), count, imm);
}

function compareStrings(lengthA: u32, lengthB: u32, count: u32, imm: u32): u32 {
  const all: u32 = (1 << count) - 1;
  let bits: u32 = 0;
  switch (imm >> 2 & 3) {
    case 0: bits = equalAny(lengthA, lengthB, imm); break;
    case 1: bits = ranges(lengthA, lengthB, imm); break;
    case 2: bits = equalEach(lengthA, lengthB, count, imm); break;
    default: bits = equalOrdered(lengthA, lengthB, count, imm);
  }
  if (imm & 0x10) bits ^= imm & 0x20 ? (1 << lengthB) - 1 : all;
  const flags = (bits != 0 ? CF : 0) | (lengthB < count ? ZF : 0) | (lengthA < count ? SF : 0) | (bits & 1 ? OF : 0);
  return bits | flags << 16;
}

function equalAny(lengthA: u32, lengthB: u32, imm: u32): u32 {
  let bits: u32 = 0;
  for (let j: u32 = 0; j < lengthB; j++) {
    const element = elementAt(SECOND, j, imm);
    for (let i: u32 = 0; i < lengthA; i++) {
      if (elementAt(FIRST, i, imm) == element) {
        bits |= 1 << j;
        break;
      }
    }
  }
  return bits;
}

/** a holds pairs of bounds. An odd one at the end has no upper bound and matches nothing. */
function ranges(lengthA: u32, lengthB: u32, imm: u32): u32 {
  let bits: u32 = 0;
  for (let j: u32 = 0; j < lengthB; j++) {
    const element = elementAt(SECOND, j, imm);
    for (let i: u32 = 0; i + 1 < lengthA; i += 2) {
      if (elementAt(FIRST, i, imm) <= element && element <= elementAt(FIRST, i + 1, imm)) {
        bits |= 1 << j;
        break;
      }
    }
  }
  return bits;
}

/** Behind the end of both strings elements are equal. */
function equalEach(lengthA: u32, lengthB: u32, count: u32, imm: u32): u32 {
  let bits: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const isEqual = i < lengthA && i < lengthB
      ? elementAt(FIRST, i, imm) == elementAt(SECOND, i, imm) : i >= lengthA && i >= lengthB;
    if (isEqual) bits |= 1 << i;
  }
  return bits;
}

/** Where a occurs in b, also cut off by the end of the register (not of the string). */
function equalOrdered(lengthA: u32, lengthB: u32, count: u32, imm: u32): u32 {
  let bits: u32 = 0;
  for (let start: u32 = 0; start < count; start++) {
    let matches = true;
    for (let i: u32 = 0; i < lengthA && start + i < count; i++) {
      if (start + i >= lengthB || elementAt(FIRST, i, imm) != elementAt(SECOND, start + i, imm)) {
        matches = false;
        break;
      }
    }
    if (matches) bits |= 1 << start;
  }
  return bits;
}

/** ecx of the index forms. */
export function pcmpstrIndex(result: u32, imm: u32): u32 {
  const bits = result & 0xffff;
  if (bits == 0) return imm & 1 ? 8 : 16;
  return imm & 0x40 ? 31 - clz(bits) : ctz(bits);
}

/** xmm0 of the mask forms: a bit, or all ones, for each element. */
export function pcmpstrMask(result: u32, imm: u32): v128 {
  const bits = result & 0xffff;
  if (!(imm & 0x40)) return i64x2.replace_lane(i64x2.splat(0), 0, <i64>bits);
  if (imm & 1) {
    const lanes = i16x8(1, 2, 4, 8, 16, 32, 64, 128);
    return i16x8.eq(v128.and(i16x8.splat(<i16>bits), lanes), lanes);
  }
  const spread = v128.shuffle<i64>(i8x16.splat(<i8>bits), i8x16.splat(<i8>(bits >> 8)), 0, 2);
  const lanes = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128);
  return i8x16.eq(v128.and(spread, lanes), lanes);
}
