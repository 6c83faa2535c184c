/**
 * What the TypeScript side calls. Everything else it reads and writes in the layout's cells.
 */
import { HIGH, MXCSR, X87, XMM, ZERO } from "./layout";
import { f80RestoreImage, f80SaveImage } from "./f80-state";
import { flush, invalidate, FORCE_COLD } from "./blocks";
import { decode } from "./decode";
import { rflags, setRflags } from "./flags";

export { run } from "./run";
export { rflags, setRflags, invalidate, flush, decode };

/** Once for a new memory (a clone's is a copy that is ready). */
export function initialize(): void {
  store<u64>(ZERO, 0);
  store<u64>(HIGH, 0x1_0000_0000);
  flush();
}

export function forceCold(isForced: bool): void {
  store<u32>(FORCE_COLD, isForced);
  flush();
}

/** What of MXCSR exists: flags, DAZ, masks, rounding, FTZ. */
export const MXCSR_MASK: u32 = 0xffff;

/** An fxsave64 image at \`image\`. */
export function saveImage(image: usize): void {
  memory.fill(image, 0, 512);
  f80SaveImage(X87, image);
  store<u32>(image, load<u32>(MXCSR), 24);
  store<u32>(image, MXCSR_MASK, 28);
  memory.copy(image + 160, XMM, 256);
}

/** As fxrstor64; false when reserved MXCSR bits are set. */
export function restoreImage(image: usize): bool {
  if (load<u32>(image, 24) & ~MXCSR_MASK) return false;
  f80RestoreImage(X87, image);
  store<u32>(MXCSR, load<u32>(image, 24));
  memory.copy(XMM, image + 160, 256);
  return true;
}
