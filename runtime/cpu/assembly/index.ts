/**
 * What the TypeScript side calls. Everything else it reads and writes in the layout's cells.
 */
import { HIGH, ZERO } from "./layout";
import { restoreImage, saveImage } from "./fxsave";
import { EXACT_FLAGS, flush, HAS_AVX, invalidate, FORCE_COLD, ONE_BY_ONE } from "./blocks";
import { decode } from "./decode";
import { rflags, setRflags } from "./flags";

export { run } from "./run";
export { rflags, setRflags, invalidate, flush, decode, saveImage, restoreImage };

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

/** Whether flags are exact behind a fault too: every translation is made anew. */
export function exactFlags(isExact: bool): void {
  store<u8>(EXACT_FLAGS, isExact);
  flush();
}

/** Whether instructions of AVX exist; else they raise #UD, as with CR4.OSXSAVE clear. */
export function enableAvx(isThere: bool): void {
  store<u8>(HAS_AVX, isThere);
  flush();
}

/** Whether a block is one instruction, so that a run without fuel is one: every translation is made anew. */
export function oneByOne(isSingle: bool): void {
  store<u32>(ONE_BY_ONE, isSingle);
  flush();
}

/** Where the module's static data ends: to be at most DATA_END. */
export function dataEnd(): usize {
  return __heap_base;
}
