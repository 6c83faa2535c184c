/**
 * Float comparisons of SSE: cmpps and its kin with all 32 predicates of AVX, comiss, ucomiss. The hard
 * idea: every predicate is a set of the four orders (less, equal, greater, unordered) plus whether quiet
 * NaNs are invalid, so a table of 32 nibbles answers all.
 */
import { begin, commit, compareLane, isPlain } from "./vector-soft";

const A: usize = memory.data(16, 16);
const B: usize = memory.data(16, 16);

/** Orders that make predicate 0..15 true: less 1, equal 2, greater 4, unordered 8; 16..31 repeat them. */
const TRUE_FOR: u64 = 0xf465_0b9a_7ced_8312;
/** Predicates 0..31 that raise IE of quiet NaNs. */
const SIGNALS: u32 = 0x9999_6666;

@inline
function trueFor(predicate: u32): u32 {
  return <u32>(TRUE_FOR >> <u64>((predicate & 15) << 2)) & 15;
}

@inline
function signals(predicate: u32): bool { return (SIGNALS >> (predicate & 31) & 1) != 0; }

export function cmpps(a: v128, b: v128, predicate: u32, mxcsr: usize): v128 {
  const unordered = v128.or(f32x4.ne(a, a), f32x4.ne(b, b));
  const wanted = trueFor(predicate);
  if (!v128.any_true(unordered) && isPlain(mxcsr)) {
    let result = i32x4.splat(0);
    if (wanted & 1) result = f32x4.lt(a, b);
    if (wanted & 2) result = v128.or(result, f32x4.eq(a, b));
    if (wanted & 4) result = v128.or(result, f32x4.gt(a, b));
    return result;
  }
  v128.store(A, a);
  v128.store(B, b);
  begin();
  const control = load<u32>(mxcsr);
  for (let at: usize = 0; at < 16; at += 4) {
    const order = compareLane(<u64>load<u32>(A + at), <u64>load<u32>(B + at), signals(predicate), 24, 8, control);
    store<u32>(A + at, order & wanted ? 0xffff_ffff : 0);
  }
  commit(mxcsr);
  return v128.load(A);
}

export function cmppd(a: v128, b: v128, predicate: u32, mxcsr: usize): v128 {
  const unordered = v128.or(f64x2.ne(a, a), f64x2.ne(b, b));
  const wanted = trueFor(predicate);
  if (!v128.any_true(unordered) && isPlain(mxcsr)) {
    let result = i64x2.splat(0);
    if (wanted & 1) result = f64x2.lt(a, b);
    if (wanted & 2) result = v128.or(result, f64x2.eq(a, b));
    if (wanted & 4) result = v128.or(result, f64x2.gt(a, b));
    return result;
  }
  begin();
  const control = load<u32>(mxcsr);
  const low = compareLane(i64x2.extract_lane(a, 0), i64x2.extract_lane(b, 0), signals(predicate), 53, 11, control);
  const high = compareLane(i64x2.extract_lane(a, 1), i64x2.extract_lane(b, 1), signals(predicate), 53, 11, control);
  commit(mxcsr);
  return i64x2.replace_lane(i64x2.splat(low & wanted ? -1 : 0), 1, high & wanted ? -1 : 0);
}

function order32(a: f32, b: f32, isSignaling: bool, mxcsr: usize): u32 {
  if (a == a && b == b && isPlain(mxcsr)) return a < b ? 1 : a == b ? 2 : 4;
  begin();
  const order = compareLane(<u64>reinterpret<u32>(a), <u64>reinterpret<u32>(b), isSignaling, 24, 8, load<u32>(mxcsr));
  commit(mxcsr);
  return order;
}

function order64(a: f64, b: f64, isSignaling: bool, mxcsr: usize): u32 {
  if (a == a && b == b && isPlain(mxcsr)) return a < b ? 1 : a == b ? 2 : 4;
  begin();
  const order = compareLane(reinterpret<u64>(a), reinterpret<u64>(b), isSignaling, 53, 11, load<u32>(mxcsr));
  commit(mxcsr);
  return order;
}

export function cmpss(a: f32, b: f32, predicate: u32, mxcsr: usize): u32 {
  return order32(a, b, signals(predicate), mxcsr) & trueFor(predicate) ? 0xffff_ffff : 0;
}

export function cmpsd(a: f64, b: f64, predicate: u32, mxcsr: usize): u64 {
  return order64(a, b, signals(predicate), mxcsr) & trueFor(predicate) ? u64.MAX_VALUE : 0;
}

/** Less is CF, equal is ZF, unordered is ZF, PF and CF. */
@inline
function flagsOf(order: u32): u32 {
  return order == 1 ? 1 : order == 2 ? 0x40 : order == 4 ? 0 : 0x45;
}

export function comiss(a: f32, b: f32, mxcsr: usize): u32 { return flagsOf(order32(a, b, true, mxcsr)); }
export function ucomiss(a: f32, b: f32, mxcsr: usize): u32 { return flagsOf(order32(a, b, false, mxcsr)); }
export function comisd(a: f64, b: f64, mxcsr: usize): u32 { return flagsOf(order64(a, b, true, mxcsr)); }
export function ucomisd(a: f64, b: f64, mxcsr: usize): u32 { return flagsOf(order64(a, b, false, mxcsr)); }
