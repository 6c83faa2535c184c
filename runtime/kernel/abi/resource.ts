/** Resource usage and limits: linux/resource.h, asm-generic/resource.h. */

export const RUSAGE_SELF = 0;
export const RUSAGE_CHILDREN = -1;
export const RUSAGE_THREAD = 1;
/** struct rusage: two timevals and fourteen longs. */
export const RUSAGE_BYTES = 144;
/** RLIM_INFINITY: struct rlimit and rlimit64 are two words. */
export const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;
export const RLIMIT_BYTES = 16;

export const PRIO_PROCESS = 0;
export const PRIO_PGRP = 1;
export const PRIO_USER = 2;

/** linux/ioprio.h. */
export const IOPRIO_WHO_PROCESS = 1;
export const IOPRIO_WHO_PGRP = 2;
export const IOPRIO_WHO_USER = 3;
export const IOPRIO_CLASS_SHIFT = 13;
export const IOPRIO_CLASS_NONE = 0;
export const IOPRIO_CLASS_RT = 1;
export const IOPRIO_CLASS_BE = 2;
export const IOPRIO_CLASS_IDLE = 3;
export const IOPRIO_LEVELS = 8;
