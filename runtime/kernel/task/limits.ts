/** Resource limits (getrlimit(2)): asm-generic/resource.h, with the defaults Docker's containers have. */

export const Rlimit = {
  RLIMIT_CPU: 0, RLIMIT_FSIZE: 1, RLIMIT_DATA: 2, RLIMIT_STACK: 3, RLIMIT_CORE: 4, RLIMIT_RSS: 5, RLIMIT_NPROC: 6,
  RLIMIT_NOFILE: 7, RLIMIT_MEMLOCK: 8, RLIMIT_AS: 9, RLIMIT_LOCKS: 10, RLIMIT_SIGPENDING: 11,
  RLIMIT_MSGQUEUE: 12, RLIMIT_NICE: 13, RLIMIT_RTPRIO: 14, RLIMIT_RTTIME: 15,
} as const;
export const RLIMITS = 16;
/** RLIM_INFINITY as this kernel keeps it; the ABI's is all ones. */
export const UNLIMITED = Number.POSITIVE_INFINITY;

export interface Limit {
  readonly soft: number;
  readonly hard: number;
}

const both = (value: number): Limit => ({ soft: value, hard: value });

export function defaultLimits(): Limit[] {
  const limits = Array.from({ length: RLIMITS }, () => both(UNLIMITED));
  limits[Rlimit.RLIMIT_STACK] = { soft: 8 * 1024 * 1024, hard: UNLIMITED };
  limits[Rlimit.RLIMIT_CORE] = { soft: 0, hard: UNLIMITED };
  limits[Rlimit.RLIMIT_NOFILE] = both(1_048_576);
  limits[Rlimit.RLIMIT_MEMLOCK] = both(8 * 1024 * 1024);
  limits[Rlimit.RLIMIT_SIGPENDING] = both(32_768);
  limits[Rlimit.RLIMIT_MSGQUEUE] = both(819_200);
  limits[Rlimit.RLIMIT_NICE] = both(0);
  limits[Rlimit.RLIMIT_RTPRIO] = both(0);
  return limits;
}
