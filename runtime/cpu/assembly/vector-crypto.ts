/**
 * crc32, pclmulqdq and the AES rounds. The hard idea: the AES tables are worked out on first use from
 * the field's definition (FIPS 197) instead of being written down. Not constant in time: what runs here
 * is a guest in its own tab.
 */

const SBOX: usize = memory.data(256, 16);
const INVERSE: usize = memory.data(256, 16);
const BLOCK: usize = memory.data(16, 16);
const RESULT: usize = memory.data(16, 16);
let hasTables = false;

/** Times x in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1. */
@inline
function double(value: u32): u32 {
  return (value << 1 ^ (value & 0x80 ? 0x11b : 0)) & 0xff;
}

function multiply(a: u32, b: u32): u32 {
  let product: u32 = 0;
  for (; b != 0; b >>= 1) {
    if (b & 1) product ^= a;
    a = double(a);
  }
  return product;
}

/** p runs through all powers of 3, q through their inverses. */
function makeTables(): void {
  let p: u32 = 1;
  let q: u32 = 1;
  do {
    p ^= double(p);
    q ^= q << 1;
    q ^= q << 2;
    q ^= q << 4;
    q &= 0xff;
    if (q & 0x80) q ^= 9;
    const rotated = q ^ q << 1 ^ q << 2 ^ q << 3 ^ q << 4;
    setPair(p, (rotated ^ rotated >> 8) & 0xff ^ 0x63);
  } while (p != 1);
  setPair(0, 0x63);
  hasTables = true;
}

@inline
function setPair(value: u32, substitute: u32): void {
  store<u8>(SBOX + <usize>value, <u8>substitute);
  store<u8>(INVERSE + <usize>substitute, <u8>value);
}

/** ShiftRows (`turn` 1) or its inverse (3, the same turn backwards), and SubBytes by `table`. */
function shiftAndSubstitute(a: v128, table: usize, turn: u32): void {
  if (!hasTables) makeTables();
  v128.store(BLOCK, a);
  for (let index: u32 = 0; index < 16; index++) {
    const row = index & 3;
    const source = (index + row * 4 * turn) & 15;
    store<u8>(RESULT + <usize>index, load<u8>(table + <usize>load<u8>(BLOCK + <usize>source)));
  }
}

function mixColumns(source: usize, c0: u32, c1: u32, c2: u32, c3: u32): v128 {
  for (let column: usize = 0; column < 16; column += 4) {
    for (let row: usize = 0; row < 4; row++) {
      const value = multiply(<u32>load<u8>(source + column + row), c0)
        ^ multiply(<u32>load<u8>(source + column + (row + 1 & 3)), c1)
        ^ multiply(<u32>load<u8>(source + column + (row + 2 & 3)), c2)
        ^ multiply(<u32>load<u8>(source + column + (row + 3 & 3)), c3);
      store<u8>(BLOCK + column + row, <u8>value);
    }
  }
  return v128.load(BLOCK);
}

export function aesenc(a: v128, b: v128): v128 {
  shiftAndSubstitute(a, SBOX, 1);
  return v128.xor(mixColumns(RESULT, 2, 3, 1, 1), b);
}

export function aesenclast(a: v128, b: v128): v128 {
  shiftAndSubstitute(a, SBOX, 1);
  return v128.xor(v128.load(RESULT), b);
}

export function aesdec(a: v128, b: v128): v128 {
  shiftAndSubstitute(a, INVERSE, 3);
  return v128.xor(mixColumns(RESULT, 14, 11, 13, 9), b);
}

export function aesdeclast(a: v128, b: v128): v128 {
  shiftAndSubstitute(a, INVERSE, 3);
  return v128.xor(v128.load(RESULT), b);
}

export function aesimc(a: v128): v128 {
  v128.store(RESULT, a);
  return mixColumns(RESULT, 14, 11, 13, 9);
}

function substituteWord(word: u32): u32 {
  return <u32>load<u8>(SBOX + <usize>(word & 0xff)) | <u32>load<u8>(SBOX + <usize>(word >> 8 & 0xff)) << 8
    | <u32>load<u8>(SBOX + <usize>(word >> 16 & 0xff)) << 16 | <u32>load<u8>(SBOX + <usize>(word >> 24)) << 24;
}

export function aeskeygenassist(a: v128, imm: u32): v128 {
  if (!hasTables) makeTables();
  const low = substituteWord(i32x4.extract_lane(a, 1));
  const high = substituteWord(i32x4.extract_lane(a, 3));
  let result = i32x4.splat(low);
  result = i32x4.replace_lane(result, 1, rotr(low, 8) ^ imm);
  result = i32x4.replace_lane(result, 2, high);
  return i32x4.replace_lane(result, 3, rotr(high, 8) ^ imm);
}

export function pclmulqdq(a: v128, b: v128, imm: u32): v128 {
  const x: u64 = imm & 1 ? i64x2.extract_lane(a, 1) : i64x2.extract_lane(a, 0);
  let y: u64 = imm & 16 ? i64x2.extract_lane(b, 1) : i64x2.extract_lane(b, 0);
  let low: u64 = 0;
  let high: u64 = 0;
  while (y != 0) {
    const shift = ctz(y);
    y &= y - 1;
    low ^= x << shift;
    if (shift != 0) high ^= x >> (64 - shift);
  }
  return i64x2.replace_lane(i64x2.splat(low), 1, high);
}

/** CRC-32C of one nibble after another, polynomial 0x11edc6f41 reflected. */
const NIBBLES: usize = memory.data<u32>([
  0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
  0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
]);

/** `bytes` (1, 2, 4, 8) of value. */
export function crc32(crc: u32, value: u64, bytes: u32): u32 {
  for (let index: u32 = 0; index < bytes; index++) {
    crc ^= <u32>value & 0xff;
    value >>= 8;
    crc = crc >> 4 ^ load<u32>(NIBBLES + <usize>((crc & 15) << 2));
    crc = crc >> 4 ^ load<u32>(NIBBLES + <usize>((crc & 15) << 2));
  }
  return crc;
}
