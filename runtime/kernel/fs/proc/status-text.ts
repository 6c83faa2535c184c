/** What /proc/pid/{status,stat,statm,limits,io} say of a task (fs/proc/array.c, fs/proc/base.c). */
import { PAGE_BYTES } from "../../mm/region.ts";
import type { AddressSpace } from "../../mm/address-space.ts";
import { MAP_GROWSDOWN, MAP_PRIVATE, PROT_EXEC, PROT_WRITE } from "../../abi/mman.ts";
import { SIG_DFL, SIG_IGN } from "../../abi/signal.ts";
import { shownGid, shownUid } from "../../task/credentials.ts";
import type { PidNamespace } from "../../task/pid-namespace.ts";
import { SeccompFilter, seccompMode } from "../../task/seccomp.ts";
import type { Task } from "../../task/task.ts";

const KB = 1024;
/** USER_HZ: what programs divide times by. */
const NS_PER_TICK = 10_000_000;
const SIGNALS = 64;

/** The letter of ps. */
export function stateOf(task: Task): "R" | "S" | "D" | "T" | "t" | "Z" | "X" {
  const { process } = task;
  if (task.state === "dead")
    return process.isZombie && task === process.leader ? "Z" : task === process.leader ? "Z" : "X";
  if (task.ptrace?.stop !== undefined) return "t";
  if (process.isStopped) return "T";
  if (task.isWaitingForDisk) return "D";
  if (task.state === "running" || task.isQueued) return "R";
  return task.parking?.blocked.options.isKillable === true ? "D" : "S";
}

const STATE_NAMES = {
  R: "running",
  S: "sleeping",
  D: "disk sleep",
  T: "stopped",
  t: "tracing stop",
  Z: "zombie",
  X: "dead",
} as const;

/** Memory by kind, in bytes. */
export function memoryOf(
  space: AddressSpace,
): Readonly<Record<"data" | "stack" | "text" | "library" | "file", number>> {
  const sums = { data: 0, stack: 0, text: 0, library: 0, file: 0 };
  const program = space.regions.find(({ backing }) => backing !== undefined)?.backing?.path;
  for (const { start, end, flags, protection, backing } of space.regions) {
    const size = end - start;
    if (backing !== undefined) sums.file += size;
    if ((flags & MAP_GROWSDOWN) !== 0) sums.stack += size;
    else if ((protection & PROT_WRITE) !== 0 && (flags & MAP_PRIVATE) !== 0) sums.data += size;
    else if ((protection & PROT_EXEC) !== 0) sums[backing?.path === program ? "text" : "library"] += size;
  }
  return sums;
}

/** Resident pages by what is behind them; a private mapping that may be written counts as written (anonymous). */
function residentOf(space: AddressSpace): Readonly<Record<"anonymous" | "file" | "memory", number>> {
  const counts = { anonymous: space.resident.count, file: 0, memory: 0 };
  for (const { start, end, flags, protection, backing } of space.regions) {
    if (backing === undefined || ((flags & MAP_PRIVATE) !== 0 && (protection & PROT_WRITE) !== 0)) continue;
    const pages = space.resident.countIn(start, end);
    counts[backing.isMemory ? "memory" : "file"] += pages;
    counts.anonymous -= pages;
  }
  return counts;
}

/** SigIgn and SigCgt. */
function handledSets(task: Task): { readonly ignored: bigint; readonly caught: bigint } {
  let [ignored, caught] = [0n, 0n];
  for (let signal = 1; signal <= SIGNALS; signal++) {
    const { handler } = task.handlers.action(signal);
    if (handler === SIG_IGN) ignored |= 1n << BigInt(signal - 1);
    else if (handler !== SIG_DFL) caught |= 1n << BigInt(signal - 1);
  }
  return { ignored, caught };
}

const hex16 = (set: bigint): string => BigInt.asUintN(64, set).toString(16).padStart(16, "0");

export function statusText(task: Task, reader: Task, pids: PidNamespace): string {
  const { process, credentials: who } = task;
  const state = stateOf(task);
  const levels = levelsFrom(task, pids);
  const numbers = (of: Task): string => levels.map((level) => of.tidIn(level)).join("\t");
  const ids = (kind: "uid" | "gid"): string =>
    (kind === "uid"
      ? [who.uid, who.euid, who.suid, who.fsuid].map((id) => shownUid(reader.credentials, id))
      : [who.gid, who.egid, who.sgid, who.fsgid].map((id) => shownGid(reader.credentials, id))
    ).join("\t");
  const { ignored, caught } = handledSets(task);
  const isEnded = task.state === "dead";
  const rows: [string, string | number][] = [
    ["Name", task.comm.replace(/\\/g, "\\\\").replace(/\n/g, "\\n")],
    ["Umask", task.filesystem.umask.toString(8).padStart(4, "0")],
    ["State", `${state} (${STATE_NAMES[state]})`],
    ["Tgid", process.leader.tidIn(pids)],
    ["Ngid", 0],
    ["Pid", task.tidIn(pids)],
    ["PPid", process.parent?.leader.tidIn(pids) ?? 0],
    ["TracerPid", task.ptrace?.tracer.process.leader.tidIn(pids) ?? 0],
    ["Uid", ids("uid")],
    ["Gid", ids("gid")],
    ["FDSize", isEnded ? 0 : descriptorTableSize(task)],
    ["Groups", `${who.groups.map((gid) => shownGid(reader.credentials, gid)).join(" ")} `],
    ["NStgid", numbers(process.leader)],
    ["NSpid", numbers(task)],
    ["NSpgid", numbers(process.group.founder)],
    ["NSsid", numbers(process.session.leader.leader)],
    ["Kthread", 0],
    ...(isEnded ? [] : memoryRows(task.addressSpace)),
    ["Threads", Math.max(process.tasks.size, 1)],
    ["SigQ", `${task.pending.count() + process.pending.count()}/${process.limit(11).soft}`],
    ["SigPnd", hex16(task.pending.set)],
    ["ShdPnd", hex16(process.pending.set)],
    ["SigBlk", hex16(task.blockedSignals)],
    ["SigIgn", hex16(ignored)],
    ["SigCgt", hex16(caught)],
    ["CapInh", hex16(who.inheritable)],
    ["CapPrm", hex16(who.permitted)],
    ["CapEff", hex16(who.effective)],
    ["CapBnd", hex16(who.bounding)],
    ["CapAmb", hex16(who.ambient)],
    ["NoNewPrivs", task.hasNoNewPrivileges ? 1 : 0],
    ["Seccomp", seccompMode(task.seccomp)],
    ["Seccomp_filters", task.seccomp instanceof SeccompFilter ? task.seccomp.depth : 0],
    ["Speculation_Store_Bypass", "not vulnerable"],
    ["SpeculationIndirectBranch", "unsupported"],
    ["Cpus_allowed", 1],
    ["Cpus_allowed_list", 0],
    ["Mems_allowed", "00000000,00000001"],
    ["Mems_allowed_list", 0],
    ["voluntary_ctxt_switches", task.voluntarySwitches],
    ["nonvoluntary_ctxt_switches", task.involuntarySwitches],
  ];
  return rows.map(([name, value]) => `${name}:\t${value}\n`).join("");
}

function memoryRows(space: AddressSpace): [string, string | number][] {
  const sums = memoryOf(space);
  const resident = space.resident.count * PAGE_BYTES;
  const { anonymous, file, memory } = residentOf(space);
  const kb = (bytes: number): string =>
    `${Math.floor(bytes / KB)
      .toString()
      .padStart(8)} kB`;
  return [
    ["VmPeak", kb(space.sizeBytes)],
    ["VmSize", kb(space.sizeBytes)],
    ["VmLck", kb(space.lockedBytes)],
    ["VmPin", kb(0)],
    ["VmHWM", kb(space.resident.countMax * PAGE_BYTES)],
    ["VmRSS", kb(resident)],
    ["RssAnon", kb(anonymous * PAGE_BYTES)],
    ["RssFile", kb(file * PAGE_BYTES)],
    ["RssShmem", kb(memory * PAGE_BYTES)],
    ["VmData", kb(sums.data)],
    ["VmStk", kb(sums.stack)],
    ["VmExe", kb(sums.text)],
    ["VmLib", kb(sums.library)],
    ["VmPTE", kb(Math.ceil(space.resident.count / 512) * PAGE_BYTES)],
    ["VmSwap", kb(0)],
    ["HugetlbPages", kb(0)],
    ["CoreDumping", 0],
    ["THP_enabled", 0],
    ["untag_mask", "0xffffffffffffffff"],
  ];
}

/** From the reader's namespace down to the task's own. */
function levelsFrom(task: Task, pids: PidNamespace): readonly PidNamespace[] {
  const levels: PidNamespace[] = [];
  for (
    let at: PidNamespace | undefined = task.pidNamespace;
    at !== undefined && at.level >= pids.level;
    at = at.parent
  )
    levels.unshift(at);
  return levels;
}

/** Room for descriptors, in steps of 64 as Linux makes it. */
function descriptorTableSize(task: Task): number {
  const highest = task.files.numbers().at(-1) ?? 0;
  return Math.max(64, 2 ** Math.ceil(Math.log2(highest + 1)));
}

/** One line of 52 fields: proc_pid_stat(5). */
export function statText(task: Task, pids: PidNamespace, isWhole: boolean, mayLook: boolean): string {
  const { process } = task;
  const isEnded = task.state === "dead";
  const space = isEnded ? undefined : task.addressSpace;
  const { ignored, caught } = handledSets(task);
  const ticks = (ns: number): number => Math.floor(ns / NS_PER_TICK);
  const low31 = (set: bigint): bigint => set & 0x7fff_ffffn;
  const { terminal } = process;
  const [argStart, argEnd] = space?.argumentsRange ?? [0, 0];
  const [envStart, envEnd] = space?.environmentRange ?? [0, 0];
  const seen = (value: number): number => (mayLook ? value : 0);
  const mayStacks = space !== undefined && mayLook;
  return (
    [
      task.tidIn(pids),
      `(${task.comm})`,
      stateOf(task),
      process.parent?.leader.tidIn(pids) ?? 0,
      process.group.founder.tidIn(pids),
      process.session.leader.leader.tidIn(pids),
      terminal?.deviceNumber ?? 0,
      terminal?.foreground?.founder.tidIn(pids) ?? -1,
      0x40_0000,
      task.minorFaults,
      process.childrenUsage.minorFaults,
      0,
      0,
      ticks(isWhole ? process.cpuNs : task.cpuNs),
      0,
      ticks(process.childrenUsage.cpuNs),
      0,
      20 + task.nice,
      task.nice,
      Math.max(process.tasks.size, 1),
      0,
      ticks(isWhole ? process.startNs : task.startNs),
      space?.sizeBytes ?? 0,
      space?.resident.count ?? 0,
      "18446744073709551615",
      ...(mayStacks ? [space.regions[0]?.start ?? 0, space.heapStart] : [0, 0]),
      seen(argStart),
      0,
      0,
      low31(task.pending.set | process.pending.set),
      low31(task.blockedSignals),
      low31(ignored),
      low31(caught),
      task.state === "blocked" ? 1 : 0,
      0,
      0,
      isWhole ? process.exitSignal : -1,
      0,
      0,
      0,
      0,
      0,
      0,
      seen(space?.heapStart ?? 0),
      seen(space?.heapStart ?? 0),
      seen(space?.heapStart ?? 0),
      seen(argStart),
      seen(argEnd),
      seen(envStart),
      seen(envEnd),
      seen(process.exitStatus ?? 0),
    ].join(" ") + "\n"
  );
}

export function statmText(task: Task): string {
  if (task.state === "dead") return "0 0 0 0 0 0 0\n";
  const space = task.addressSpace;
  const { text, data, stack } = memoryOf(space);
  const { file, memory } = residentOf(space);
  const pages = (bytes: number): number => Math.floor(bytes / PAGE_BYTES);
  return `${pages(space.sizeBytes)} ${space.resident.count} ${file + memory} ${pages(text)} 0 ${pages(data + stack)} 0\n`;
}

const LIMIT_ROWS: readonly (readonly [name: string, unit: string])[] = [
  ["Max cpu time", "seconds"],
  ["Max file size", "bytes"],
  ["Max data size", "bytes"],
  ["Max stack size", "bytes"],
  ["Max core file size", "bytes"],
  ["Max resident set", "bytes"],
  ["Max processes", "processes"],
  ["Max open files", "files"],
  ["Max locked memory", "bytes"],
  ["Max address space", "bytes"],
  ["Max file locks", "locks"],
  ["Max pending signals", "signals"],
  ["Max msgqueue size", "bytes"],
  ["Max nice priority", ""],
  ["Max realtime priority", ""],
  ["Max realtime timeout", "us"],
];

export function limitsText(task: Task): string {
  const shown = (value: number): string =>
    (value === Number.POSITIVE_INFINITY ? "unlimited" : String(value)).padEnd(20);
  const line = (name: string, soft: string, hard: string, unit: string): string =>
    `${name.padEnd(25)} ${soft} ${hard} ${unit === "" ? "" : unit.padEnd(10)}\n`;
  const rows = LIMIT_ROWS.map(([name, unit], resource) => {
    const { soft, hard } = task.process.limit(resource);
    return line(name, shown(soft), shown(hard), unit);
  });
  return line("Limit", "Soft Limit".padEnd(20), "Hard Limit".padEnd(20), "Units") + rows.join("");
}
