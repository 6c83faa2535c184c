/** clock_gettime(2) and its relatives. */
import { Errno } from "../abi/errno.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

const NS_PER_S = 1_000_000_000n;

/** The clock's time in nanoseconds; undefined for a clock there is not (time.h, linux/time.h). */
export function clockNs(task: Task, clock: number): bigint | undefined {
  switch (clock) {
    case 0: // CLOCK_REALTIME
    case 5: // CLOCK_REALTIME_COARSE
    case 11: // CLOCK_TAI
      return task.kernel.realtimeNs();
    case 1: // CLOCK_MONOTONIC
    case 4: // CLOCK_MONOTONIC_RAW
    case 6: // CLOCK_MONOTONIC_COARSE
    case 7: // CLOCK_BOOTTIME
      return BigInt(task.kernel.monotonicNs());
    case 2: // CLOCK_PROCESS_CPUTIME_ID
      return BigInt(Math.round(task.process.cpuNs));
    case 3: // CLOCK_THREAD_CPUTIME_ID
      return BigInt(Math.round(task.cpuNs));
    default:
      return undefined;
  }
}

export function writeTimespec(task: Task, address: number, ns: bigint): void {
  task.memory.writeU64(address, ns / NS_PER_S);
  task.memory.writeU64(address + 8, ns % NS_PER_S);
}

function sysClockGettime(task: Task, clock: number, address: number): Result {
  const ns = clockNs(task, clock);
  if (ns === undefined) return -Errno.EINVAL;
  writeTimespec(task, address, ns);
  return 0;
}

export const TIME_CALLS: readonly SyscallRow[] = [call(228, "clock_gettime", "clock, timespec", sysClockGettime)];
