/**
 * dpps, dppd, rcpps, rsqrtps. The hard idea of the dot products is order: products first, then sums of
 * neighbours, then the sum of sums, each rounded, and only lanes the immediate asks for may raise
 * anything. The reciprocals are 12-bit estimates on hardware and differ between makers; here they are
 * the correctly rounded quotient, which is inside the error both promise.
 */
import { addps, addsd, addss, mulpd, mulps } from "./vector-float";
import { blendpd, blendps } from "./vector-integer";
import { MXCSR_TRAP, infinityOf, isDenormal, isNan, quietBit, signBit } from "./vector-soft";

/** An unmasked exception ends the operation where it is. */
@inline
function isTrapped(mxcsr: usize): bool { return (load<u32>(mxcsr) & MXCSR_TRAP) != 0; }

export function dpps(a: v128, b: v128, imm: u32, mxcsr: usize): v128 {
  const zero = i64x2.splat(0);
  const chosen = imm >> 4;
  const products = mulps(blendps(zero, a, chosen), blendps(zero, b, chosen), mxcsr);
  if (isTrapped(mxcsr)) return a;
  // Both sums of neighbours in one step, for their exceptions count together.
  const even = v128.shuffle<i32>(products, zero, 0, 2, 4, 5);
  const odd = v128.shuffle<i32>(products, zero, 1, 3, 4, 5);
  const sums = addps(even, odd, mxcsr);
  if (isTrapped(mxcsr)) return a;
  const total = addss(f32x4.extract_lane(sums, 0), f32x4.extract_lane(sums, 1), mxcsr);
  const sum = i32x4.splat(reinterpret<i32>(total));
  return blendps(zero, sum, imm & 15);
}

export function dppd(a: v128, b: v128, imm: u32, mxcsr: usize): v128 {
  const zero = i64x2.splat(0);
  const chosen = imm >> 4 & 3;
  const products = mulpd(blendpd(zero, a, chosen), blendpd(zero, b, chosen), mxcsr);
  if (isTrapped(mxcsr)) return a;
  const total = addsd(f64x2.extract_lane(products, 0), f64x2.extract_lane(products, 1), mxcsr);
  return blendpd(zero, i64x2.splat(reinterpret<i64>(total)), imm & 3);
}

/** Neither raises anything nor looks at MXCSR; denormals count as zero. */
export function rcpss(a: f32): f32 {
  const bits = <u64>reinterpret<u32>(a);
  if (isNan(bits, 24, 8)) return reinterpret<f32>(<u32>(bits | quietBit(24)));
  const sign = bits & signBit(24, 8);
  const magnitude = bits & ~signBit(24, 8);
  if (magnitude == 0 || isDenormal(bits, 24, 8)) return reinterpret<f32>(<u32>(sign | infinityOf(24, 8)));
  const quotient = reinterpret<u32>(<f32>1.0 / a);
  return reinterpret<f32>(isDenormal(<u64>quotient, 24, 8) ? <u32>sign : quotient);
}

export function rsqrtss(a: f32): f32 {
  const bits = <u64>reinterpret<u32>(a);
  if (isNan(bits, 24, 8)) return reinterpret<f32>(<u32>(bits | quietBit(24)));
  const sign = bits & signBit(24, 8);
  if ((bits & infinityOf(24, 8)) == 0) return reinterpret<f32>(<u32>(sign | infinityOf(24, 8)));
  if (sign) return reinterpret<f32>(0xffc0_0000);
  return <f32>(1.0 / sqrt<f64>(<f64>a));
}

export function rcpps(a: v128): v128 {
  let result = f32x4.splat(rcpss(f32x4.extract_lane(a, 0)));
  result = f32x4.replace_lane(result, 1, rcpss(f32x4.extract_lane(a, 1)));
  result = f32x4.replace_lane(result, 2, rcpss(f32x4.extract_lane(a, 2)));
  return f32x4.replace_lane(result, 3, rcpss(f32x4.extract_lane(a, 3)));
}

export function rsqrtps(a: v128): v128 {
  let result = f32x4.splat(rsqrtss(f32x4.extract_lane(a, 0)));
  result = f32x4.replace_lane(result, 1, rsqrtss(f32x4.extract_lane(a, 1)));
  result = f32x4.replace_lane(result, 2, rsqrtss(f32x4.extract_lane(a, 2)));
  return f32x4.replace_lane(result, 3, rsqrtss(f32x4.extract_lane(a, 3)));
}
