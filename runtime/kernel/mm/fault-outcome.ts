/** What a fault means for the task: mended, or a signal, or the end of memory. Made once, given often. */
import { BUS_ADRERR, SEGV_ACCERR, SEGV_MAPERR, Signal } from "../abi/signal.ts";

export type FaultOutcome =
  | { readonly kind: "mended" }
  | { readonly kind: "signal"; readonly signal: number; readonly code: number }
  | { readonly kind: "outOfMemory" };

export const MENDED: FaultOutcome = { kind: "mended" };
export const OUT_OF_MEMORY: FaultOutcome = { kind: "outOfMemory" };
export const NOT_MAPPED: FaultOutcome = { kind: "signal", signal: Signal.SIGSEGV, code: SEGV_MAPERR };
export const NOT_ALLOWED: FaultOutcome = { kind: "signal", signal: Signal.SIGSEGV, code: SEGV_ACCERR };
/** A page of a file mapping behind the end of the file. */
export const BEYOND_END: FaultOutcome = { kind: "signal", signal: Signal.SIGBUS, code: BUS_ADRERR };
