/**
 * What tasks have used (getrusage(2), wait4(2)): time, faults, switches, the largest resident set. One hard
 * idea: a process adds up its living tasks when asked; what ended is kept as one sum, so that a process
 * that starts a million threads holds nothing for them.
 */
import { RUSAGE_BYTES } from "../abi/resource.ts";
import { PAGE_BYTES } from "../mm/region.ts";
import type { Process } from "./process.ts";
import type { Task } from "./task.ts";

const NS_PER_US = 1000;
const US_PER_S = 1_000_000;
const BYTES_PER_KB = 1024;
/** Words of struct rusage behind the two timevals. */
const [MAXRSS, MINFLT, MAJFLT, NVCSW, NIVCSW] = [32, 64, 72, 128, 136] as const;

export interface Usage {
  cpuNs: number;
  minorFaults: number;
  majorFaults: number;
  voluntarySwitches: number;
  involuntarySwitches: number;
  residentPagesMax: number;
}

export function noUsage(): Usage {
  return {
    cpuNs: 0, minorFaults: 0, majorFaults: 0, voluntarySwitches: 0, involuntarySwitches: 0, residentPagesMax: 0,
  };
}

export function addUsage(sum: Usage, more: Readonly<Usage>): void {
  sum.cpuNs += more.cpuNs;
  sum.minorFaults += more.minorFaults;
  sum.majorFaults += more.majorFaults;
  sum.voluntarySwitches += more.voluntarySwitches;
  sum.involuntarySwitches += more.involuntarySwitches;
  sum.residentPagesMax = Math.max(sum.residentPagesMax, more.residentPagesMax);
}

export function taskUsage(task: Task): Usage {
  const { cpuNs, minorFaults, voluntarySwitches, involuntarySwitches } = task;
  const residentPagesMax = task.state === "dead" ? 0 : task.addressSpace.resident.countMax;
  return { ...noUsage(), cpuNs, minorFaults, voluntarySwitches, involuntarySwitches, residentPagesMax };
}

/** All its tasks, those that ended too. */
export function processUsage(process: Process): Usage {
  const sum = { ...process.endedUsage };
  for (const task of process.tasks) addUsage(sum, taskUsage(task));
  return sum;
}

/** Its children that were waited for, and theirs. */
export function childrenUsage(process: Process): Usage {
  return { ...process.childrenUsage };
}

/** struct rusage. */
export function encodeUsage(usage: Readonly<Usage>): Uint8Array {
  const view = new DataView(new ArrayBuffer(RUSAGE_BYTES));
  const word = (at: number, value: number): void => view.setBigInt64(at, BigInt(Math.floor(value)), true);
  const time = (at: number, ns: number): void => {
    const us = Math.floor(ns / NS_PER_US);
    word(at, us / US_PER_S);
    word(at + 8, us % US_PER_S);
  };
  time(0, usage.cpuNs);
  word(MAXRSS, (usage.residentPagesMax * PAGE_BYTES) / BYTES_PER_KB);
  word(MINFLT, usage.minorFaults);
  word(MAJFLT, usage.majorFaults);
  word(NVCSW, usage.voluntarySwitches);
  word(NIVCSW, usage.involuntarySwitches);
  return new Uint8Array(view.buffer);
}
