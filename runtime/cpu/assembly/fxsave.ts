/**
 * The fxsave image, 512 bytes: x87 state, MXCSR, xmm registers. One hard idea: bytes 416..511 are not the
 * processor's (the kernel keeps its own things there), so they are never written.
 */
import { MXCSR, X87, XMM } from "./layout";
import { MXCSR_EXACT } from "./vector";
import { f80RestoreImage, f80SaveImage } from "./f80-state";

/** What of MXCSR exists: flags, DAZ, masks, rounding, FTZ. */
export const MXCSR_MASK: u32 = 0xffff;
export const FXSAVE_BYTES: u32 = 512;
/** Of which this much is written. */
export const FXSAVE_WRITTEN: u32 = 416;

/** The sticky flags that the fast paths of arithmetic forget: DE, UE, PE. */
const FORGOTTEN: u32 = 0x32;

/** As ldmxcsr: a program that clears these flags may look at them later, so from now on they are exact. */
export function setMxcsr(value: u32): void {
  let isSet = (value & FORGOTTEN) == FORGOTTEN;
  store<u32>(MXCSR, isSet ? value : value | MXCSR_EXACT);
}

/** As fxsave64. */
export function saveImage(image: usize): void {
  f80SaveImage(X87, image);
  store<u32>(image, load<u32>(MXCSR) & MXCSR_MASK, 24);
  store<u32>(image, MXCSR_MASK, 28);
  memory.copy(image + 160, XMM, 256);
}

/** As fxrstor64; false when reserved MXCSR bits are set. */
export function restoreImage(image: usize): bool {
  if (load<u32>(image, 24) & ~MXCSR_MASK) return false;
  f80RestoreImage(X87, image);
  // Who asked for exact flags (see setMxcsr) still does.
  store<u32>(MXCSR, load<u32>(image, 24) | (load<u32>(MXCSR) & MXCSR_EXACT));
  memory.copy(XMM, image + 160, 256);
  return true;
}
