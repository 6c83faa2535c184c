/**
 * Packed integer operations of SSE2..SSE4.2 that wasm lacks, in a few wasm operations each. The hard
 * idea: where lanes must be widened, paired or picked by an immediate, either a shuffle does it, or a
 * store into SCRATCH and loads at computed offsets. Intel SDM volume 2, by mnemonic.
 */

/** 64 bytes that an operation may use until it returns; the last 32 stay zero. */
const SCRATCH: usize = memory.data(64, 16);
const SECOND: usize = memory.data(16, 16);

@inline
function evenWords(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
}

@inline
function oddWords(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
}

@inline
function evenDwords(a: v128, b: v128): v128 { return v128.shuffle<i32>(a, b, 0, 2, 4, 6); }

@inline
function oddDwords(a: v128, b: v128): v128 { return v128.shuffle<i32>(a, b, 1, 3, 5, 7); }

@inline
export function pshufb(a: v128, b: v128): v128 {
  return i8x16.swizzle(a, v128.and(b, i8x16.splat(<i8>0x8f)));
}

/** Unsigned bytes of a times signed bytes of b. */
export function pmaddubsw(a: v128, b: v128): v128 {
  const even = i16x8.mul(v128.and(a, i16x8.splat(0xff)), i16x8.shr_s(i16x8.shl(b, 8), 8));
  const odd = i16x8.mul(i16x8.shr_u(a, 8), i16x8.shr_s(b, 8));
  return i16x8.add_sat_s(even, odd);
}

export function phaddw(a: v128, b: v128): v128 { return i16x8.add(evenWords(a, b), oddWords(a, b)); }
export function phaddd(a: v128, b: v128): v128 { return i32x4.add(evenDwords(a, b), oddDwords(a, b)); }
export function phaddsw(a: v128, b: v128): v128 { return i16x8.add_sat_s(evenWords(a, b), oddWords(a, b)); }
export function phsubw(a: v128, b: v128): v128 { return i16x8.sub(evenWords(a, b), oddWords(a, b)); }
export function phsubd(a: v128, b: v128): v128 { return i32x4.sub(evenDwords(a, b), oddDwords(a, b)); }
export function phsubsw(a: v128, b: v128): v128 { return i16x8.sub_sat_s(evenWords(a, b), oddWords(a, b)); }

export function psignb(a: v128, b: v128): v128 {
  const mask = i8x16.shr_s(b, 7);
  return v128.andnot(i8x16.sub(v128.xor(a, mask), mask), i8x16.eq(b, i8x16.splat(0)));
}

export function psignw(a: v128, b: v128): v128 {
  const mask = i16x8.shr_s(b, 15);
  return v128.andnot(i16x8.sub(v128.xor(a, mask), mask), i16x8.eq(b, i16x8.splat(0)));
}

export function psignd(a: v128, b: v128): v128 {
  const mask = i32x4.shr_s(b, 31);
  return v128.andnot(i32x4.sub(v128.xor(a, mask), mask), i32x4.eq(b, i32x4.splat(0)));
}

/** wasm's saturates where x86 wraps: -1 * -1 is 0x8000 here. */
export function pmulhrsw(a: v128, b: v128): v128 {
  const product = i16x8.q15mulr_sat_s(a, b);
  const minimum = i16x8.splat(-0x8000);
  const wraps = v128.and(i16x8.eq(a, minimum), i16x8.eq(b, minimum));
  return v128.bitselect(minimum, product, wraps);
}

export function pmulhw(a: v128, b: v128): v128 {
  return oddWords(i32x4.extmul_low_i16x8_s(a, b), i32x4.extmul_high_i16x8_s(a, b));
}

export function pmulhuw(a: v128, b: v128): v128 {
  return oddWords(i32x4.extmul_low_i16x8_u(a, b), i32x4.extmul_high_i16x8_u(a, b));
}

@inline export function pmuludq(a: v128, b: v128): v128 {
  return i64x2.extmul_low_i32x4_u(evenDwords(a, a), evenDwords(b, b));
}

export function pmuldq(a: v128, b: v128): v128 {
  return i64x2.extmul_low_i32x4_s(evenDwords(a, a), evenDwords(b, b));
}

export function psadbw(a: v128, b: v128): v128 {
  const difference = v128.or(i8x16.sub_sat_u(a, b), i8x16.sub_sat_u(b, a));
  const quads = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(difference));
  return i64x2.add(v128.and(quads, i64x2.splat(0xffff_ffff)), i64x2.shr_u(quads, 32));
}

/** Bytes imm.. of (a above b). */
@inline export function palignr(a: v128, b: v128, imm: u32): v128 {
  if (imm >= 32) return i64x2.splat(0);
  v128.store(SCRATCH, b);
  v128.store(SCRATCH, a, 16);
  return v128.load(SCRATCH + imm);
}

@inline export function pslldq(a: v128, imm: u32): v128 {
  if (imm >= 16) return i64x2.splat(0);
  return palignr(a, i64x2.splat(0), 16 - imm);
}

@inline export function psrldq(a: v128, imm: u32): v128 {
  return palignr(i64x2.splat(0), a, imm < 16 ? imm : 32);
}

export function mpsadbw(a: v128, b: v128, imm: u32): v128 {
  v128.store(SCRATCH, a);
  v128.store(SCRATCH, b, 16);
  const first = SCRATCH + <usize>(imm & 4);
  const block = SCRATCH + 16 + <usize>((imm & 3) << 2);
  for (let index: usize = 0; index < 8; index++) {
    let sum: i32 = 0;
    for (let byte: usize = 0; byte < 4; byte++) {
      sum += abs(<i32>load<u8>(first + index + byte) - <i32>load<u8>(block + byte));
    }
    store<u16>(SCRATCH + 32 + index * 2, <u16>sum);
  }
  const result = v128.load(SCRATCH, 32);
  v128.store(SCRATCH, i64x2.splat(0), 32);
  return result;
}

export function phminposuw(a: v128): v128 {
  v128.store(SCRATCH, a);
  let least: u32 = 0x10000;
  let position: u32 = 0;
  for (let index: u32 = 0; index < 8; index++) {
    const value = <u32>load<u16>(SCRATCH + <usize>(index << 1));
    if (value < least) {
      least = value;
      position = index;
    }
  }
  return i64x2.replace_lane(i64x2.splat(0), 0, <i64>(position << 16 | least));
}

/** All ones in word i where bit i of imm is set. */
@inline
function wordMask(imm: u32): v128 {
  const bits = i16x8(1, 2, 4, 8, 16, 32, 64, 128);
  return i16x8.eq(v128.and(i16x8.splat(<i16>imm), bits), bits);
}

export function pblendw(a: v128, b: v128, imm: u32): v128 {
  return v128.bitselect(b, a, wordMask(imm));
}

export function blendps(a: v128, b: v128, imm: u32): v128 {
  const bits = i32x4(1, 2, 4, 8);
  return v128.bitselect(b, a, i32x4.eq(v128.and(i32x4.splat(imm), bits), bits));
}

export function blendpd(a: v128, b: v128, imm: u32): v128 {
  const bits = i64x2(1, 2);
  return v128.bitselect(b, a, i64x2.eq(v128.and(i64x2.splat(<i64>imm), bits), bits));
}

export function pblendvb(a: v128, b: v128, mask: v128): v128 { return v128.bitselect(b, a, i8x16.shr_s(mask, 7)); }
export function blendvps(a: v128, b: v128, mask: v128): v128 { return v128.bitselect(b, a, i32x4.shr_s(mask, 31)); }
export function blendvpd(a: v128, b: v128, mask: v128): v128 { return v128.bitselect(b, a, i64x2.shr_s(mask, 63)); }

export function insertps(a: v128, b: v128, imm: u32): v128 {
  v128.store(SECOND, b);
  return insertpsValue(a, load<u32>(SECOND + <usize>(imm >> 6 << 2)), imm);
}

/** The form with a memory operand: the source lane is not chosen. */
export function insertpsValue(a: v128, bits: u32, imm: u32): v128 {
  const inserted = pinsrd(a, bits, imm >> 4);
  return blendps(inserted, i64x2.splat(0), imm & 15);
}

/** The byte indices of four lanes picked by two bits of imm each. */
@inline
function dwordIndices(imm: u32): v128 {
  let lanes = i32x4.splat(imm & 3);
  lanes = i32x4.replace_lane(lanes, 1, imm >> 2 & 3);
  lanes = i32x4.replace_lane(lanes, 2, imm >> 4 & 3);
  lanes = i32x4.replace_lane(lanes, 3, imm >> 6 & 3);
  return i32x4.add(i32x4.mul(lanes, i32x4.splat(0x04040404)), i32x4.splat(0x03020100));
}

@inline export function pshufd(a: v128, imm: u32): v128 { return i8x16.swizzle(a, dwordIndices(imm)); }

/** As pshufd on words: byte indices of four words, in the low half. */
@inline
function wordIndices(imm: u32): v128 {
  const lanes = i64x2.splat(<i64>(imm & 3) | <i64>(imm >> 2 & 3) << 16 | <i64>(imm >> 4 & 3) << 32 | <i64>(imm >> 6 & 3) << 48);
  return i16x8.add(i16x8.mul(lanes, i16x8.splat(0x0202)), i16x8.splat(0x0100));
}

export function pshuflw(a: v128, imm: u32): v128 {
  const moved = i8x16.swizzle(a, wordIndices(imm));
  return v128.shuffle<i64>(moved, a, 0, 3);
}

export function pshufhw(a: v128, imm: u32): v128 {
  const moved = i8x16.swizzle(a, i8x16.add(wordIndices(imm), i8x16.splat(8)));
  return v128.shuffle<i64>(a, moved, 0, 3);
}

@inline export function shufps(a: v128, b: v128, imm: u32): v128 {
  const indices = dwordIndices(imm);
  return v128.shuffle<i64>(i8x16.swizzle(a, indices), i8x16.swizzle(b, indices), 0, 3);
}

@inline export function shufpd(a: v128, b: v128, imm: u32): v128 {
  const low = imm & 1 ? i64x2.extract_lane(a, 1) : i64x2.extract_lane(a, 0);
  const high = imm & 2 ? i64x2.extract_lane(b, 1) : i64x2.extract_lane(b, 0);
  return i64x2.replace_lane(i64x2.splat(low), 1, high);
}

export function psllw(a: v128, count: u64): v128 { return count > 15 ? i64x2.splat(0) : i16x8.shl(a, <i32>count); }
@inline export function pslld(a: v128, count: u64): v128 { return count > 31 ? i64x2.splat(0) : i32x4.shl(a, <i32>count); }
@inline export function psllq(a: v128, count: u64): v128 { return count > 63 ? i64x2.splat(0) : i64x2.shl(a, <i32>count); }
export function psrlw(a: v128, count: u64): v128 { return count > 15 ? i64x2.splat(0) : i16x8.shr_u(a, <i32>count); }
@inline export function psrld(a: v128, count: u64): v128 { return count > 31 ? i64x2.splat(0) : i32x4.shr_u(a, <i32>count); }
@inline export function psrlq(a: v128, count: u64): v128 { return count > 63 ? i64x2.splat(0) : i64x2.shr_u(a, <i32>count); }
export function psraw(a: v128, count: u64): v128 { return i16x8.shr_s(a, count > 15 ? 15 : <i32>count); }
@inline export function psrad(a: v128, count: u64): v128 { return i32x4.shr_s(a, count > 31 ? 31 : <i32>count); }

export function pinsrb(a: v128, value: u32, imm: u32): v128 {
  v128.store(SCRATCH, a);
  store<u8>(SCRATCH + <usize>(imm & 15), <u8>value);
  return v128.load(SCRATCH);
}

export function pinsrw(a: v128, value: u32, imm: u32): v128 {
  v128.store(SCRATCH, a);
  store<u16>(SCRATCH + <usize>((imm & 7) << 1), <u16>value);
  return v128.load(SCRATCH);
}

export function pinsrd(a: v128, value: u32, imm: u32): v128 {
  v128.store(SCRATCH, a);
  store<u32>(SCRATCH + <usize>((imm & 3) << 2), value);
  return v128.load(SCRATCH);
}

export function pinsrq(a: v128, value: u64, imm: u32): v128 {
  v128.store(SCRATCH, a);
  store<u64>(SCRATCH + <usize>((imm & 1) << 3), value);
  return v128.load(SCRATCH);
}

export function pextrb(a: v128, imm: u32): u32 {
  v128.store(SCRATCH, a);
  return <u32>load<u8>(SCRATCH + <usize>(imm & 15));
}

export function pextrw(a: v128, imm: u32): u32 {
  v128.store(SCRATCH, a);
  return <u32>load<u16>(SCRATCH + <usize>((imm & 7) << 1));
}

export function pextrd(a: v128, imm: u32): u32 {
  v128.store(SCRATCH, a);
  return load<u32>(SCRATCH + <usize>((imm & 3) << 2));
}

export function pextrq(a: v128, imm: u32): u64 {
  v128.store(SCRATCH, a);
  return load<u64>(SCRATCH + <usize>((imm & 1) << 3));
}

/** ZF (0x40) and CF (1); the other status flags are cleared. */
export function ptest(a: v128, b: v128): u32 {
  return (v128.any_true(v128.and(a, b)) ? 0 : 0x40) | (v128.any_true(v128.andnot(b, a)) ? 0 : 1);
}
