/**
 * Operations of one 16-byte lane that came with AVX and AVX2: shuffles and shifts by the lanes of a second
 * vector. One hard idea: a count or an index is masked first, so that no lane needs a branch.
 */

const A: usize = memory.data(16, 16);
const B: usize = memory.data(16, 16);

/** vpermilps by a vector: the lowest two bits of each lane pick. */
export function pshufv(a: v128, b: v128): v128 {
  v128.store(A, a);
  v128.store(B, b);
  for (let at: usize = 0; at < 16; at += 4) store<u32>(B + at, load<u32>(A + (<usize>(load<u32>(B + at) & 3) << 2)));
  return v128.load(B);
}

/** vpermilpd by a vector: bit 1 of each lane picks. */
export function pshufvd(a: v128, b: v128): v128 {
  v128.store(A, a);
  v128.store(B, b);
  for (let at: usize = 0; at < 16; at += 8) store<u64>(B + at, load<u64>(A + (<usize>(load<u32>(B + at) & 2) << 2)));
  return v128.load(B);
}

export function psllvd(a: v128, b: v128): v128 {
  v128.store(A, a);
  v128.store(B, b);
  for (let at: usize = 0; at < 16; at += 4) {
    let count = load<u32>(B + at);
    store<u32>(A + at, count < 32 ? load<u32>(A + at) << count : 0);
  }
  return v128.load(A);
}

export function psrlvd(a: v128, b: v128): v128 {
  v128.store(A, a);
  v128.store(B, b);
  for (let at: usize = 0; at < 16; at += 4) {
    let count = load<u32>(B + at);
    store<u32>(A + at, count < 32 ? load<u32>(A + at) >> count : 0);
  }
  return v128.load(A);
}

export function psravd(a: v128, b: v128): v128 {
  v128.store(A, a);
  v128.store(B, b);
  for (let at: usize = 0; at < 16; at += 4) {
    store<i32>(A + at, load<i32>(A + at) >> <i32>min<u32>(load<u32>(B + at), 31));
  }
  return v128.load(A);
}

export function psllvq(a: v128, b: v128): v128 {
  v128.store(A, a);
  v128.store(B, b);
  for (let at: usize = 0; at < 16; at += 8) {
    let count = load<u64>(B + at);
    store<u64>(A + at, count < 64 ? load<u64>(A + at) << count : 0);
  }
  return v128.load(A);
}

export function psrlvq(a: v128, b: v128): v128 {
  v128.store(A, a);
  v128.store(B, b);
  for (let at: usize = 0; at < 16; at += 8) {
    let count = load<u64>(B + at);
    store<u64>(A + at, count < 64 ? load<u64>(A + at) >> count : 0);
  }
  return v128.load(A);
}
