/**
 * Packed and scalar float arithmetic of SSE..SSE4.1. The hard idea: wasm's arithmetic is right for every
 * finite result in round-to-nearest, and nothing else of it can be trusted (NaN payloads differ by
 * engine), so a result with any infinity or NaN, or an MXCSR that is not plain, goes lane by lane through
 * vector-soft.ts.
 */
import {
  Operation, begin, binaryLane, commit, extremeLane, isPlain, rootLane,
} from "./vector-soft";

const A: usize = memory.data(16, 16);
const B: usize = memory.data(16, 16);

@inline
function allFinite32(a: v128): bool {
  const exponent = i32x4.splat(0x7f80_0000);
  return i32x4.all_true(v128.xor(v128.and(a, exponent), exponent));
}

@inline
function allFinite64(a: v128): bool {
  const exponent = i64x2.splat(0x7ff0_0000_0000_0000);
  return i64x2.all_true(v128.xor(v128.and(a, exponent), exponent));
}

/** `second` is the operation of the odd lanes (addsub). */
function softPs(first: u32, second: u32, a: v128, b: v128, mxcsr: usize): v128 {
  v128.store(A, a);
  v128.store(B, b);
  begin();
  const control = load<u32>(mxcsr);
  for (let at: usize = 0; at < 16; at += 4) {
    const operation = at & 4 ? second : first;
    store<u32>(A + at, <u32>binaryLane(operation, <u64>load<u32>(A + at), <u64>load<u32>(B + at), 24, 8, control));
  }
  commit(mxcsr);
  return v128.load(A);
}

function softPd(first: u32, second: u32, a: v128, b: v128, mxcsr: usize): v128 {
  begin();
  const control = load<u32>(mxcsr);
  const low = binaryLane(first, i64x2.extract_lane(a, 0), i64x2.extract_lane(b, 0), 53, 11, control);
  const high = binaryLane(second, i64x2.extract_lane(a, 1), i64x2.extract_lane(b, 1), 53, 11, control);
  commit(mxcsr);
  return i64x2.replace_lane(i64x2.splat(low), 1, high);
}

function softSs(operation: u32, a: f32, b: f32, mxcsr: usize): f32 {
  begin();
  const bits = binaryLane(operation, <u64>reinterpret<u32>(a), <u64>reinterpret<u32>(b), 24, 8, load<u32>(mxcsr));
  commit(mxcsr);
  return reinterpret<f32>(<u32>bits);
}

function softSd(operation: u32, a: f64, b: f64, mxcsr: usize): f64 {
  begin();
  const bits = binaryLane(operation, reinterpret<u64>(a), reinterpret<u64>(b), 53, 11, load<u32>(mxcsr));
  commit(mxcsr);
  return reinterpret<f64>(bits);
}

export function addps(a: v128, b: v128, mxcsr: usize): v128 {
  const result = f32x4.add(a, b);
  if (allFinite32(result) && isPlain(mxcsr)) return result;
  return softPs(Operation.add, Operation.add, a, b, mxcsr);
}

export function addpd(a: v128, b: v128, mxcsr: usize): v128 {
  const result = f64x2.add(a, b);
  if (allFinite64(result) && isPlain(mxcsr)) return result;
  return softPd(Operation.add, Operation.add, a, b, mxcsr);
}

export function addss(a: f32, b: f32, mxcsr: usize): f32 {
  const result = a + b;
  if (abs(result) < <f32>Infinity && isPlain(mxcsr)) return result;
  return softSs(Operation.add, a, b, mxcsr);
}

export function addsd(a: f64, b: f64, mxcsr: usize): f64 {
  const result = a + b;
  if (abs(result) < Infinity && isPlain(mxcsr)) return result;
  return softSd(Operation.add, a, b, mxcsr);
}

export function subps(a: v128, b: v128, mxcsr: usize): v128 {
  const result = f32x4.sub(a, b);
  if (allFinite32(result) && isPlain(mxcsr)) return result;
  return softPs(Operation.subtract, Operation.subtract, a, b, mxcsr);
}

export function subpd(a: v128, b: v128, mxcsr: usize): v128 {
  const result = f64x2.sub(a, b);
  if (allFinite64(result) && isPlain(mxcsr)) return result;
  return softPd(Operation.subtract, Operation.subtract, a, b, mxcsr);
}

export function subss(a: f32, b: f32, mxcsr: usize): f32 {
  const result = a - b;
  if (abs(result) < <f32>Infinity && isPlain(mxcsr)) return result;
  return softSs(Operation.subtract, a, b, mxcsr);
}

export function subsd(a: f64, b: f64, mxcsr: usize): f64 {
  const result = a - b;
  if (abs(result) < Infinity && isPlain(mxcsr)) return result;
  return softSd(Operation.subtract, a, b, mxcsr);
}

export function mulps(a: v128, b: v128, mxcsr: usize): v128 {
  const result = f32x4.mul(a, b);
  if (allFinite32(result) && isPlain(mxcsr)) return result;
  return softPs(Operation.multiply, Operation.multiply, a, b, mxcsr);
}

export function mulpd(a: v128, b: v128, mxcsr: usize): v128 {
  const result = f64x2.mul(a, b);
  if (allFinite64(result) && isPlain(mxcsr)) return result;
  return softPd(Operation.multiply, Operation.multiply, a, b, mxcsr);
}

export function mulss(a: f32, b: f32, mxcsr: usize): f32 {
  const result = a * b;
  if (abs(result) < <f32>Infinity && isPlain(mxcsr)) return result;
  return softSs(Operation.multiply, a, b, mxcsr);
}

export function mulsd(a: f64, b: f64, mxcsr: usize): f64 {
  const result = a * b;
  if (abs(result) < Infinity && isPlain(mxcsr)) return result;
  return softSd(Operation.multiply, a, b, mxcsr);
}

export function divps(a: v128, b: v128, mxcsr: usize): v128 {
  const result = f32x4.div(a, b);
  if (allFinite32(result) && isPlain(mxcsr)) return result;
  return softPs(Operation.divide, Operation.divide, a, b, mxcsr);
}

export function divpd(a: v128, b: v128, mxcsr: usize): v128 {
  const result = f64x2.div(a, b);
  if (allFinite64(result) && isPlain(mxcsr)) return result;
  return softPd(Operation.divide, Operation.divide, a, b, mxcsr);
}

export function divss(a: f32, b: f32, mxcsr: usize): f32 {
  const result = a / b;
  if (abs(result) < <f32>Infinity && isPlain(mxcsr)) return result;
  return softSs(Operation.divide, a, b, mxcsr);
}

export function divsd(a: f64, b: f64, mxcsr: usize): f64 {
  const result = a / b;
  if (abs(result) < Infinity && isPlain(mxcsr)) return result;
  return softSd(Operation.divide, a, b, mxcsr);
}

export function addsubps(a: v128, b: v128, mxcsr: usize): v128 {
  const odd = i32x4(0, -1, 0, -1);
  const result = v128.bitselect(f32x4.add(a, b), f32x4.sub(a, b), odd);
  if (allFinite32(result) && isPlain(mxcsr)) return result;
  return softPs(Operation.subtract, Operation.add, a, b, mxcsr);
}

export function addsubpd(a: v128, b: v128, mxcsr: usize): v128 {
  const result = v128.shuffle<i64>(f64x2.sub(a, b), f64x2.add(a, b), 0, 3);
  if (allFinite64(result) && isPlain(mxcsr)) return result;
  return softPd(Operation.subtract, Operation.add, a, b, mxcsr);
}

export function haddps(a: v128, b: v128, mxcsr: usize): v128 {
  return addps(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7), mxcsr);
}

export function hsubps(a: v128, b: v128, mxcsr: usize): v128 {
  return subps(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7), mxcsr);
}

export function haddpd(a: v128, b: v128, mxcsr: usize): v128 {
  return addpd(v128.shuffle<i64>(a, b, 0, 2), v128.shuffle<i64>(a, b, 1, 3), mxcsr);
}

export function hsubpd(a: v128, b: v128, mxcsr: usize): v128 {
  return subpd(v128.shuffle<i64>(a, b, 0, 2), v128.shuffle<i64>(a, b, 1, 3), mxcsr);
}

export function sqrtps(a: v128, mxcsr: usize): v128 {
  const result = f32x4.sqrt(a);
  if (allFinite32(result) && isPlain(mxcsr)) return result;
  v128.store(A, a);
  begin();
  const control = load<u32>(mxcsr);
  for (let at: usize = 0; at < 16; at += 4) store<u32>(A + at, <u32>rootLane(<u64>load<u32>(A + at), 24, 8, control));
  commit(mxcsr);
  return v128.load(A);
}

export function sqrtpd(a: v128, mxcsr: usize): v128 {
  const result = f64x2.sqrt(a);
  if (allFinite64(result) && isPlain(mxcsr)) return result;
  begin();
  const control = load<u32>(mxcsr);
  const low = rootLane(i64x2.extract_lane(a, 0), 53, 11, control);
  const high = rootLane(i64x2.extract_lane(a, 1), 53, 11, control);
  commit(mxcsr);
  return i64x2.replace_lane(i64x2.splat(low), 1, high);
}

export function sqrtss(a: f32, mxcsr: usize): f32 {
  const result = sqrt<f32>(a);
  if (abs(result) < <f32>Infinity && isPlain(mxcsr)) return result;
  begin();
  const bits = rootLane(<u64>reinterpret<u32>(a), 24, 8, load<u32>(mxcsr));
  commit(mxcsr);
  return reinterpret<f32>(<u32>bits);
}

export function sqrtsd(a: f64, mxcsr: usize): f64 {
  const result = sqrt<f64>(a);
  if (abs(result) < Infinity && isPlain(mxcsr)) return result;
  begin();
  const bits = rootLane(reinterpret<u64>(a), 53, 11, load<u32>(mxcsr));
  commit(mxcsr);
  return reinterpret<f64>(bits);
}

export function minps(a: v128, b: v128, mxcsr: usize): v128 {
  // A lane that is not equal to itself is a NaN, of which only the slow path raises IE.
  const ordered = v128.and(f32x4.eq(a, a), f32x4.eq(b, b));
  if (i32x4.all_true(ordered) && isPlain(mxcsr)) return f32x4.pmin(b, a);
  v128.store(A, a);
  v128.store(B, b);
  begin();
  const control = load<u32>(mxcsr);
  for (let at: usize = 0; at < 16; at += 4) {
    store<u32>(A + at, <u32>extremeLane(false, <u64>load<u32>(A + at), <u64>load<u32>(B + at), 24, 8, control));
  }
  commit(mxcsr);
  return v128.load(A);
}

export function minpd(a: v128, b: v128, mxcsr: usize): v128 {
  const ordered = v128.and(f64x2.eq(a, a), f64x2.eq(b, b));
  if (i64x2.all_true(ordered) && isPlain(mxcsr)) return f64x2.pmin(b, a);
  begin();
  const control = load<u32>(mxcsr);
  const low = extremeLane(false, i64x2.extract_lane(a, 0), i64x2.extract_lane(b, 0), 53, 11, control);
  const high = extremeLane(false, i64x2.extract_lane(a, 1), i64x2.extract_lane(b, 1), 53, 11, control);
  commit(mxcsr);
  return i64x2.replace_lane(i64x2.splat(low), 1, high);
}

export function minss(a: f32, b: f32, mxcsr: usize): f32 {
  if (a == a && b == b && isPlain(mxcsr)) return a < b ? a : b;
  begin();
  const bits = extremeLane(false, <u64>reinterpret<u32>(a), <u64>reinterpret<u32>(b), 24, 8, load<u32>(mxcsr));
  commit(mxcsr);
  return reinterpret<f32>(<u32>bits);
}

export function minsd(a: f64, b: f64, mxcsr: usize): f64 {
  if (a == a && b == b && isPlain(mxcsr)) return a < b ? a : b;
  begin();
  const bits = extremeLane(false, reinterpret<u64>(a), reinterpret<u64>(b), 53, 11, load<u32>(mxcsr));
  commit(mxcsr);
  return reinterpret<f64>(bits);
}

export function maxps(a: v128, b: v128, mxcsr: usize): v128 {
  // A lane that is not equal to itself is a NaN, of which only the slow path raises IE.
  const ordered = v128.and(f32x4.eq(a, a), f32x4.eq(b, b));
  if (i32x4.all_true(ordered) && isPlain(mxcsr)) return f32x4.pmax(b, a);
  v128.store(A, a);
  v128.store(B, b);
  begin();
  const control = load<u32>(mxcsr);
  for (let at: usize = 0; at < 16; at += 4) {
    store<u32>(A + at, <u32>extremeLane(true, <u64>load<u32>(A + at), <u64>load<u32>(B + at), 24, 8, control));
  }
  commit(mxcsr);
  return v128.load(A);
}

export function maxpd(a: v128, b: v128, mxcsr: usize): v128 {
  const ordered = v128.and(f64x2.eq(a, a), f64x2.eq(b, b));
  if (i64x2.all_true(ordered) && isPlain(mxcsr)) return f64x2.pmax(b, a);
  begin();
  const control = load<u32>(mxcsr);
  const low = extremeLane(true, i64x2.extract_lane(a, 0), i64x2.extract_lane(b, 0), 53, 11, control);
  const high = extremeLane(true, i64x2.extract_lane(a, 1), i64x2.extract_lane(b, 1), 53, 11, control);
  commit(mxcsr);
  return i64x2.replace_lane(i64x2.splat(low), 1, high);
}

export function maxss(a: f32, b: f32, mxcsr: usize): f32 {
  if (a == a && b == b && isPlain(mxcsr)) return a > b ? a : b;
  begin();
  const bits = extremeLane(true, <u64>reinterpret<u32>(a), <u64>reinterpret<u32>(b), 24, 8, load<u32>(mxcsr));
  commit(mxcsr);
  return reinterpret<f32>(<u32>bits);
}

export function maxsd(a: f64, b: f64, mxcsr: usize): f64 {
  if (a == a && b == b && isPlain(mxcsr)) return a > b ? a : b;
  begin();
  const bits = extremeLane(true, reinterpret<u64>(a), reinterpret<u64>(b), 53, 11, load<u32>(mxcsr));
  commit(mxcsr);
  return reinterpret<f64>(bits);
}
