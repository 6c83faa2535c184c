/** Pairs of times as utimensat(2) and utimes(2) take them: given, now, or left as they are. */
import { Errno } from "../abi/errno.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";

/** Nanoseconds since the epoch, or what linux/stat.h calls UTIME_NOW and UTIME_OMIT. */
export type SetTime = bigint | "now" | "omit";

const UTIME_NOW = 0x3fff_ffffn;
const UTIME_OMIT = 0x3fff_fffen;
const NS_PER_S = 1_000_000_000n;
const NS_PER_US = 1000n;
const US_PER_S = 1_000_000n;
const PAIR_BYTES = 16;

/** struct timespec. */
export function fromTimespec(seconds: bigint, nanoseconds: bigint): SetTime {
  if (nanoseconds === UTIME_NOW) return "now";
  if (nanoseconds === UTIME_OMIT) return "omit";
  if (nanoseconds < 0n || nanoseconds >= NS_PER_S) throw new SyscallError(Errno.EINVAL);
  return seconds * NS_PER_S + nanoseconds;
}

/** struct timeval. */
export function fromTimeval(seconds: bigint, microseconds: bigint): SetTime {
  if (microseconds < 0n || microseconds >= US_PER_S) throw new SyscallError(Errno.EINVAL);
  return seconds * NS_PER_S + microseconds * NS_PER_US;
}

/** Access and modification time; a null pointer is now for both. */
export function readTimes(
  task: Task, address: number, decode: (seconds: bigint, fraction: bigint) => SetTime,
): readonly [SetTime, SetTime] {
  if (address === 0) return ["now", "now"];
  const word = (at: number): bigint => BigInt.asIntN(64, task.memory.readU64(at));
  const one = (at: number): SetTime => decode(word(at), word(at + 8));
  return [one(address), one(address + PAIR_BYTES)];
}
