/** The files of the controllers: memory.*, pids.*, cpu.*, io.*. Numbers are the accountant's own. */
import { Errno } from "../../abi/errno.ts";
import type { Cgroup } from "../../cgroup.ts";
import type { Kernel } from "../../kernel.ts";
import { PAGE_BYTES } from "../../mm/region.ts";
import { SyscallError } from "../../task/syscall-error.ts";
import type { GeneratedText } from "../generated.ts";
import { parseNumber } from "../nodes.ts";
import { ioFiles } from "./io-files.ts";

const NS_PER_US = 1000;
const PERIOD_US_MIN = 1000;
const PERIOD_US_MAX = 1_000_000;
const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

type Files = Readonly<Record<string, GeneratedText>>;

export function limitFiles(kernel: Kernel, group: Cgroup): Files {
  return {
    "cpu.stat": told(() => cpuStat(kernel, group)),
    ...cpuFiles(group),
    ...cpusetFiles(group),
    ...memoryFiles(group),
    ...pidsFiles(group),
    ...ioFiles(kernel, group),
  };
}

const told = (text: () => string): GeneratedText => ({ type: "file", mode: 0o444, text });
const kept = (text: () => string, write: (written: string) => void): GeneratedText => ({
  type: "file",
  mode: 0o644,
  text,
  write,
});
const orMax = (value: number): string => `${value === Number.POSITIVE_INFINITY ? "max" : value}\n`;

/** "max", or bytes with a unit, in whole pages. */
function parseBytes(written: string): number {
  const word = written.trim().toLowerCase();
  if (word === "max") return Number.POSITIVE_INFINITY;
  const [, digits, unit] = /^(\d+)([kmgt]?)$/.exec(word) ?? [];
  if (digits === undefined || unit === undefined) throw new SyscallError(Errno.EINVAL);
  const bytes = Number(digits) * (UNITS[unit] ?? 1);
  return bytes - (bytes % PAGE_BYTES);
}

function memoryFiles(group: Cgroup): Files {
  const { events } = group;
  return {
    "memory.current": told(() => `${group.memoryBytes}\n`),
    "memory.peak": told(() => `${group.memoryPeakBytes}\n`),
    "memory.max": kept(
      () => orMax(group.memoryMax),
      (written) => (group.memoryMax = parseBytes(written)),
    ),
    "memory.high": kept(
      () => orMax(group.memoryHigh),
      (written) => (group.memoryHigh = parseBytes(written)),
    ),
    "memory.low": kept(
      () => orMax(group.memoryLow),
      (written) => (group.memoryLow = parseBytes(written)),
    ),
    "memory.min": kept(
      () => orMax(group.memoryMin),
      (written) => (group.memoryMin = parseBytes(written)),
    ),
    "memory.swap.current": told(() => "0\n"),
    "memory.swap.events": told(() => "high 0\nmax 0\nfail 0\n"),
    "memory.swap.max": kept(
      () => orMax(group.swapMax),
      (written) => (group.swapMax = parseBytes(written)),
    ),
    "memory.events": told(
      () =>
        `low 0\nhigh 0\nmax ${events.max}\noom ${events.oom}\noom_kill ${events.oomKill}\noom_group_kill 0\n`,
    ),
    "memory.oom.group": kept(
      () => `${group.isKilledTogether ? 1 : 0}\n`,
      (written) => {
        group.isKilledTogether = parseNumber(written, 0, 1) === 1;
      },
    ),
    "memory.stat": told(() => memoryStat(group)),
  };
}

function memoryStat(group: Cgroup): string {
  const zeros = [
    "file",
    "kernel",
    "kernel_stack",
    "pagetables",
    "percpu",
    "sock",
    "vmalloc",
    "shmem",
    "file_mapped",
    "file_dirty",
    "file_writeback",
    "swapcached",
    "anon_thp",
    "inactive_anon",
  ];
  const rest = [
    "inactive_file",
    "active_file",
    "unevictable",
    "slab_reclaimable",
    "slab_unreclaimable",
    "slab",
    "pgfault",
    "pgmajfault",
  ];
  const zero = (name: string): string => `${name} 0\n`;
  return `anon ${group.memoryBytes}\n${zeros.map(zero).join("")}active_anon ${group.memoryBytes}\n${rest.map(zero).join("")}`;
}

function pidsFiles(group: Cgroup): Files {
  return {
    "pids.current": told(() => `${group.pids}\n`),
    "pids.peak": told(() => `${group.pidsPeak}\n`),
    "pids.events": told(() => `max ${group.pidsRefused}\n`),
    "pids.max": kept(
      () => orMax(group.pidsMax),
      (written) => {
        group.pidsMax =
          written.trim() === "max" ? Number.POSITIVE_INFINITY : parseNumber(written, 0, 4_194_304);
      },
    ),
  };
}

function cpuStat(kernel: Kernel, group: Cgroup): string {
  kernel.chargeTurn();
  const us = (ns: number): number => Math.floor(ns / NS_PER_US);
  return (
    `usage_usec ${us(group.cpuNs)}\nuser_usec ${us(group.cpuNs)}\nsystem_usec 0\n` +
    `nr_periods ${group.periods}\nnr_throttled ${group.throttledPeriods}\nthrottled_usec ${us(group.throttledNs)}\nnr_bursts 0\nburst_usec 0\n`
  );
}

function cpuFiles(group: Cgroup): Files {
  const us = (ns: number): number => Math.round(ns / NS_PER_US);
  return {
    "cpu.max": kept(
      () => `${orMax(us(group.cpuQuotaNs)).trim()} ${us(group.cpuPeriodNs)}\n`,
      (written) => setCpuMax(group, written),
    ),
    "cpu.weight": kept(
      () => `${group.cpuWeight}\n`,
      (written) => (group.cpuWeight = parseNumber(written, 1, 10_000)),
    ),
  };
}

/** One processor and one node of memory: they are in effect whatever else was asked for, as in cpusets that match nothing. */
function cpusetFiles(group: Cgroup): Files {
  return {
    "cpuset.cpus": kept(
      () => `${group.cpus}\n`,
      (written) => (group.cpus = parseList(written)),
    ),
    "cpuset.cpus.effective": told(() => "0\n"),
    "cpuset.mems": kept(
      () => `${group.memoryNodes}\n`,
      (written) => (group.memoryNodes = parseList(written)),
    ),
    "cpuset.mems.effective": told(() => "0\n"),
  };
}

/** bitmap_parselist: "0-2,4". */
function parseList(written: string): string {
  const list = written.trim();
  if (list !== "" && !/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(list)) throw new SyscallError(Errno.EINVAL);
  return list;
}

function setCpuMax(group: Cgroup, written: string): void {
  const [quota = "", period] = written.trim().split(/\s+/);
  const periodUs =
    period === undefined ? group.cpuPeriodNs / NS_PER_US : parseNumber(period, PERIOD_US_MIN, PERIOD_US_MAX);
  group.cpuQuotaNs =
    quota === "max"
      ? Number.POSITIVE_INFINITY
      : parseNumber(quota, PERIOD_US_MIN, Number.MAX_SAFE_INTEGER) * NS_PER_US;
  group.cpuPeriodNs = periodUs * NS_PER_US;
}
