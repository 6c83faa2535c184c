/**
 * The SHA extensions: four rounds of SHA-1 or two of SHA-256 as one instruction. One hard idea: the state's
 * words lie in the vectors from the top down (A is the highest lane), as the manual's pseudocode has them.
 */

@inline function word(a: v128, lane: u32): u32 {
  switch (lane) {
    case 0: return <u32>i32x4.extract_lane(a, 0);
    case 1: return <u32>i32x4.extract_lane(a, 1);
    case 2: return <u32>i32x4.extract_lane(a, 2);
    default: return <u32>i32x4.extract_lane(a, 3);
  }
}

/** Lanes from the highest to the lowest. */
@inline function vector(w3: u32, w2: u32, w1: u32, w0: u32): v128 {
  let r = i32x4.splat(<i32>w0);
  r = i32x4.replace_lane(r, 1, <i32>w1);
  r = i32x4.replace_lane(r, 2, <i32>w2);
  return i32x4.replace_lane(r, 3, <i32>w3);
}

@inline function majority(b: u32, c: u32, d: u32): u32 {
  return (b & c) ^ (b & d) ^ (c & d);
}

@inline function choice(b: u32, c: u32, d: u32): u32 {
  return (b & c) ^ (~b & d);
}

// ---------------------------------------------------------------- SHA-1

@inline function mix(b: u32, c: u32, d: u32, which: u32): u32 {
  switch (which) {
    case 0: return choice(b, c, d) + 0x5a82_7999;
    case 1: return (b ^ c ^ d) + 0x6ed9_eba1;
    case 2: return majority(b, c, d) + 0x8f1b_bcdc;
    default: return (b ^ c ^ d) + 0xca62_c1d6;
  }
}

export function sha1rnds4(state: v128, words: v128, imm: u32): v128 {
  let a = word(state, 3);
  let b = word(state, 2);
  let c = word(state, 1);
  let d = word(state, 0);
  // E is in the first word already.
  let e: u32 = 0;
  for (let round: u32 = 0; round < 4; round++) {
    let next = mix(b, c, d, imm & 3) + rotl<u32>(a, 5) + word(words, 3 - round) + e;
    e = d;
    d = c;
    c = rotl<u32>(b, 30);
    b = a;
    a = next;
  }
  return vector(a, b, c, d);
}

export function sha1nexte(state: v128, words: v128): v128 {
  return i32x4.replace_lane(words, 3, <i32>(word(words, 3) + rotl<u32>(word(state, 3), 30)));
}

export function sha1msg1(a: v128, b: v128): v128 {
  // The two lower words of `a` and the two upper ones of `b`.
  return v128.xor(a, i8x16.shuffle(b, a, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23));
}

export function sha1msg2(a: v128, b: v128): v128 {
  let w16 = rotl<u32>(word(a, 3) ^ word(b, 2), 1);
  let w17 = rotl<u32>(word(a, 2) ^ word(b, 1), 1);
  let w18 = rotl<u32>(word(a, 1) ^ word(b, 0), 1);
  return vector(w16, w17, w18, rotl<u32>(word(a, 0) ^ w16, 1));
}

// ---------------------------------------------------------------- SHA-256

/** `cdgh` and `abef` as the instruction has them; `keys` are the two words with their constants added. */
export function sha256rnds2(cdgh: v128, abef: v128, keys: v128): v128 {
  let a = word(abef, 3);
  let b = word(abef, 2);
  let c = word(cdgh, 3);
  let d = word(cdgh, 2);
  let e = word(abef, 1);
  let f = word(abef, 0);
  let g = word(cdgh, 1);
  let h = word(cdgh, 0);
  for (let round: u32 = 0; round < 2; round++) {
    let sum = choice(e, f, g) + (rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)) + word(keys, round) + h;
    h = g;
    g = f;
    f = e;
    e = sum + d;
    d = c;
    let next = sum + majority(a, b, c) + (rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22));
    c = b;
    b = a;
    a = next;
  }
  return vector(a, b, e, f);
}

@inline function schedule0(a: v128): v128 {
  let by7 = v128.or(i32x4.shr_u(a, 7), i32x4.shl(a, 25));
  let by18 = v128.or(i32x4.shr_u(a, 18), i32x4.shl(a, 14));
  return v128.xor(v128.xor(by7, by18), i32x4.shr_u(a, 3));
}

export function sha256msg1(a: v128, b: v128): v128 {
  return i32x4.add(a, schedule0(i8x16.shuffle(a, b, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19)));
}

@inline function schedule1(w: u32): u32 {
  return rotr<u32>(w, 17) ^ rotr<u32>(w, 19) ^ (w >> 10);
}

export function sha256msg2(a: v128, b: v128): v128 {
  let w16 = word(a, 0) + schedule1(word(b, 2));
  let w17 = word(a, 1) + schedule1(word(b, 3));
  return vector(word(a, 3) + schedule1(w17), word(a, 2) + schedule1(w16), w17, w16);
}
