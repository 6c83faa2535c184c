/** The machine as /proc shows it: cpuinfo, meminfo, stat, loadavg and their like (fs/proc/*.c, arch/x86/kernel/cpu/proc.c). */
import type { Kernel } from "../../kernel.ts";
import { loadAverages } from "../../task/load.ts";
import { stateOf } from "./status-text.ts";

const KB = 1024;
const HZ = 1e6;
const NS_PER_TICK = 10_000_000;
const NS_PER_S = 1e9;

/** One processor, as cpuid says. */
export function cpuinfoText({ machine }: Kernel): string {
  const { identity: cpu, features } = machine;
  const rows: [string, string | number][] = [
    ["processor", 0],
    ["vendor_id", cpu.vendor],
    ["cpu family", cpu.family],
    ["model", cpu.model],
    ["model name", cpu.brand],
    ["stepping", cpu.stepping],
    ["cpu MHz", (cpu.counterHz / HZ).toFixed(3)],
    ["physical id", 0],
    ["siblings", 1],
    ["core id", 0],
    ["cpu cores", 1],
    ["apicid", 0],
    ["initial apicid", 0],
    ["fpu", "yes"],
    ["fpu_exception", "yes"],
    ["cpuid level", 13],
    ["wp", "yes"],
    ["flags", features.join(" ")],
    ["bugs", ""],
    ["bogomips", ((2 * cpu.counterHz) / HZ).toFixed(2)],
    ["clflush size", cpu.cacheLineBytes],
    ["cache_alignment", cpu.cacheLineBytes],
    ["address sizes", `${cpu.physicalBits} bits physical, ${cpu.linearBits} bits virtual`],
    ["power management", ""],
  ];
  return `${rows.map(([name, value]) => `${name}${"\t".repeat(name.length < 8 ? 2 : 1)}: ${value}`).join("\n")}\n\n`;
}

/** The machine's memory, not the cgroup's, as Linux shows it inside containers as well. */
export function meminfoText(kernel: Kernel): string {
  const total = kernel.memoryBytes;
  const used = kernel.rootCgroup.memoryBytes;
  const free = Math.max(0, total - used);
  const rows: [string, number][] = [
    ["MemTotal", total],
    ["MemFree", free],
    ["MemAvailable", free],
    ["Buffers", 0],
    ["Cached", 0],
    ["SwapCached", 0],
    ["Active", used],
    ["Inactive", 0],
    ["Active(anon)", used],
    ["Inactive(anon)", 0],
    ["Active(file)", 0],
    ["Inactive(file)", 0],
    ["Unevictable", 0],
    ["Mlocked", 0],
    ["SwapTotal", 0],
    ["SwapFree", 0],
    ["Dirty", 0],
    ["Writeback", 0],
    ["AnonPages", used],
    ["Mapped", 0],
    ["Shmem", 0],
    ["KReclaimable", 0],
    ["Slab", 0],
    ["SReclaimable", 0],
    ["SUnreclaim", 0],
    ["KernelStack", 0],
    ["PageTables", 0],
    ["NFS_Unstable", 0],
    ["Bounce", 0],
    ["WritebackTmp", 0],
    ["CommitLimit", Math.floor(total / 2)],
    ["Committed_AS", used],
    ["VmallocTotal", 34_359_738_367 * KB],
    ["VmallocUsed", 0],
    ["VmallocChunk", 0],
    ["Percpu", 0],
  ];
  const lines = rows.map(
    ([name, bytes]) =>
      `${`${name}:`.padEnd(15)} ${Math.floor(bytes / KB)
        .toString()
        .padStart(8)} kB\n`,
  );
  return `${lines.join("")}HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\nHugePages_Surp:        0\nHugepagesize:       2048 kB\nHugetlb:               0 kB\n`;
}

function busyAndIdleTicks(kernel: Kernel): readonly [busy: number, idle: number] {
  kernel.chargeTurn();
  const busy = Math.floor(kernel.rootCgroup.cpuNs / NS_PER_TICK);
  return [busy, Math.max(0, Math.floor(kernel.monotonicNs() / NS_PER_TICK) - busy)];
}

export function statText(kernel: Kernel): string {
  const [busy, idle] = busyAndIdleTicks(kernel);
  const tasks = kernel.rootPids.tasks();
  const switches = tasks.reduce((sum, task) => sum + task.voluntarySwitches + task.involuntarySwitches, 0);
  const running = tasks.filter((task) => stateOf(task) === "R").length;
  const blocked = tasks.filter((task) => stateOf(task) === "D").length;
  const times = `${busy} 0 0 ${idle} 0 0 0 0 0 0`;
  const bootS = kernel.bootNs / BigInt(NS_PER_S);
  return (
    `cpu  ${times}\ncpu0 ${times}\nintr 0\nctxt ${switches}\nbtime ${bootS}\nprocesses ${kernel.rootPids.lastPid}\n` +
    `procs_running ${running}\nprocs_blocked ${blocked}\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n`
  );
}

export function uptimeText(kernel: Kernel): string {
  const [, idle] = busyAndIdleTicks(kernel);
  return `${kernel.uptimeSeconds().toFixed(2)} ${(idle / 100).toFixed(2)}\n`;
}

export function loadavgText(kernel: Kernel, lastPid: number): string {
  const tasks = kernel.rootPids.tasks();
  const running = tasks.filter((task) => stateOf(task) === "R").length;
  return `${loadAverages(kernel)
    .map((load) => load.toFixed(2))
    .join(" ")} ${running}/${tasks.length} ${lastPid}\n`;
}

export const DEVICES_TEXT =
  "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n128 ptm\n136 pts\n\nBlock devices:\n";

export function vmstatText(kernel: Kernel): string {
  const PAGE = 4096;
  const used = kernel.rootCgroup.memoryBytes / PAGE;
  const faults = kernel.rootPids.tasks().reduce((sum, task) => sum + task.minorFaults, 0);
  const rows: [string, number][] = [
    ["nr_free_pages", Math.floor(kernel.memoryBytes / PAGE) - used],
    ["nr_active_anon", used],
    ["nr_anon_pages", used],
    ["nr_mapped", 0],
    ["nr_file_pages", 0],
    ["nr_dirty", 0],
    ["nr_writeback", 0],
    ["pgpgin", 0],
    ["pgpgout", 0],
    ["pswpin", 0],
    ["pswpout", 0],
    ["pgfault", faults],
    ["pgmajfault", 0],
    ["oom_kill", kernel.rootCgroup.events.oomKill],
  ];
  return rows.map(([name, value]) => `${name} ${value}\n`).join("");
}

/** Version 1's names, by which programs look for what version 2 calls cpu, io, memory, pids and cgroup.freeze. */
const CONTROLLER_NAMES: Readonly<Record<string, boolean>> = {
  cpuset: false,
  cpu: true,
  cpuacct: true,
  blkio: true,
  memory: true,
  devices: false,
  freezer: true,
  net_cls: false,
  perf_event: false,
  net_prio: false,
  hugetlb: false,
  pids: true,
};

/** Hierarchy 0: in the unified one. */
export function cgroupsText({ rootCgroup }: Kernel): string {
  const groups = groupCount(rootCgroup);
  const rows = Object.entries(CONTROLLER_NAMES).map(
    ([name, isThere]) => `${name}\t0\t${isThere ? groups : 1}\t${isThere ? 1 : 0}\n`,
  );
  return `#subsys_name\thierarchy\tnum_cgroups\tenabled\n${rows.join("")}`;
}

function groupCount(group: Kernel["rootCgroup"]): number {
  return [...group.children].reduce((sum, child) => sum + groupCount(child), 1);
}
