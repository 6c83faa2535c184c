/**
 * The two halves of a vector of 32 bytes. One hard idea: a pointer below DATA is a register, whose upper half
 * lies with the others' (YMMH); in memory it lies behind the lower.
 */
import { DATA, MXCSR, XMM, YMMH } from "./layout";
import { begin, commit, raise, raised } from "./vector-soft";

/** The register whose address is in field `field` of the uop. */
@inline export function third(u: usize, field: usize): usize {
  return <usize>load<u16>(u + field);
}

/** Where the upper half of what `at` points to is. */
@inline export function other(at: usize): usize {
  return at < DATA ? at + (YMMH - XMM) : at + 16;
}

@inline export function clearUpper(d: usize): void {
  if (d < DATA) v128.store(d + (YMMH - XMM), i64x2.splat(0));
}

/** `q` is zero of a narrow vector. */
@inline export function storeVector(d: usize, r: v128, q: v128, isWide: bool): void {
  v128.store(d, r);
  if (d < DATA) v128.store(d + (YMMH - XMM), q);
  else if (isWide) v128.store(d, q, 16);
}

// ---------------------------------------------------------------- exceptions of both halves

let before: u32 = 0;
let first: u32 = 0;

/** What one half raises unmasked takes back what the other rounded (see vector-soft.ts): both are kept apart. */
export function startHalves(): void {
  before = load<u32>(MXCSR);
  begin();
}

export function nextHalf(): void {
  first = raised;
  begin();
}

export function endHalves(): void {
  store<u32>(MXCSR, before);
  raise(first);
  commit(MXCSR);
}
