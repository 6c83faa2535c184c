/** What uname says: the release programs check features by. */
export const RELEASE = "6.12.0-slipway";
export const VERSION = "#1 SMP PREEMPT_DYNAMIC Slipway";
