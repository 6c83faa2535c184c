/**
 * The columns of ps(1) by the names that `-o` knows (procps: output.c), from the kernel's own tasks. One hard idea:
 * a column's title and what it shows belong together; which columns a format has is in formats.ts.
 */
import { decodeUtf8 } from "../../../../../layers/base/bytes.ts";
import { fail } from "../../../../../layers/base/errors.ts";
import { PROT_READ } from "../../../../kernel/abi/mman.ts";
import type { Kernel } from "../../../../kernel/kernel.ts";
import { stateOf } from "../../../../kernel/fs/proc/status-text.ts";
import type { PidNamespace } from "../../../../kernel/task/pid-namespace.ts";
import { groupIdIn } from "../../../../kernel/task/process.ts";
import type { Task } from "../../../../kernel/task/task.ts";

const NS_PER_S = 1_000_000_000;
const NS_PER_DAY = 86_400n * BigInt(NS_PER_S);
const PAGE_KIB = 4;
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/** PF_FORKNOEXEC and PF_SUPERPRIV as ps shows them. */
const FORKED_NOT_EXECED = 1;
const USED_PRIVILEGE = 4;
const POLICIES = ["TS", "FF", "RR", "B", "ISO", "IDL", "DLN"];

export interface View {
  readonly kernel: Kernel;
  /** The container's own: not those of others in its pid namespace. */
  readonly tasks: readonly Task[];
  readonly pids: PidNamespace;
  readonly userName: (uid: number) => string;
  readonly groupName: (gid: number) => string;
}

export interface Column {
  readonly title: string;
  readonly value: (task: Task, view: View) => string | number;
}

const of = (title: string, value: Column["value"]): Column => ({ title, value });
const user =
  (id: "euid" | "uid" | "suid"): Column["value"] =>
  (task, view) =>
    view.userName(task.credentials[id]);
const group =
  (id: "egid" | "gid" | "sgid"): Column["value"] =>
  (task, view) =>
    view.groupName(task.credentials[id]);
const session: Column["value"] = ({ process }, { pids }) => process.session.leader.leader.tidIn(pids);
const terminal: Column["value"] = (task) => terminalOf(task);
const thread: Column["value"] = (task, { pids }) => task.tidIn(pids);
const leaderOf: Column["value"] = ({ process }, { pids }) => process.leader.tidIn(pids);
const parentOf: Column["value"] = ({ process }, { pids }) => process.parent?.leader.tidIn(pids) ?? 0;

export const COLUMNS: Readonly<Record<string, Column>> = {
  pid: of("PID", leaderOf),
  ppid: of("PPID", parentOf),
  pgid: of("PGID", ({ process }, { pids }) => groupIdIn(process.group, pids)),
  sid: of("SID", session),
  sess: of("SESS", session),
  lwp: of("LWP", thread),
  tid: of("TID", thread),
  tgid: of("TGID", leaderOf),
  tpgid: of("TPGID", ({ process }, { pids }) => {
    const foreground = process.terminal?.foreground;
    return foreground === undefined ? -1 : groupIdIn(foreground, pids);
  }),
  user: of("USER", user("euid")),
  ruser: of("RUSER", user("uid")),
  suser: of("SUSER", user("suid")),
  group: of("GROUP", group("egid")),
  rgroup: of("RGROUP", group("gid")),
  uid: of("UID", ({ credentials }) => credentials.euid),
  gid: of("GID", ({ credentials }) => credentials.egid),
  ruid: of("RUID", ({ credentials }) => credentials.uid),
  rgid: of("RGID", ({ credentials }) => credentials.gid),
  suid: of("SUID", ({ credentials }) => credentials.suid),
  sgid: of("SGID", ({ credentials }) => credentials.sgid),
  comm: of("COMMAND", (task) => (task.process.isZombie ? `${task.comm} <defunct>` : task.comm)),
  args: of("COMMAND", commandOf),
  cmd: of("CMD", commandOf),
  ucmd: of("CMD", (task) => (task.process.isZombie ? `${task.comm} <defunct>` : task.comm)),
  stat: of("STAT", longState),
  s: of("S", stateOf),
  tty: of("TT", terminal),
  tname: of("TTY", terminal),
  time: of("TIME", ({ process }) => clock(process.cpuNs)),
  bsdtime: of("TIME", ({ process }) => minutes(process.cpuNs)),
  times: of("TIME", ({ process }) => Math.floor(process.cpuNs / NS_PER_S)),
  etime: of("ELAPSED", (task, { kernel }) => elapsed(ageNs(kernel, task))),
  etimes: of("ELAPSED", (task, { kernel }) => Math.floor(ageNs(kernel, task) / NS_PER_S)),
  start: of("STARTED", (task, { kernel }) =>
    isOld(kernel, task) ? day(kernel, task) : dayClock(kernel, task, 3),
  ),
  stime: of("STIME", (task, { kernel }) =>
    isOld(kernel, task) ? day(kernel, task) : dayClock(kernel, task, 2),
  ),
  bsdstart: of("START", (task, { kernel }) =>
    isOld(kernel, task) ? day(kernel, task) : dayClock(kernel, task, 2),
  ),
  lstart: of("STARTED", (task, { kernel }) => {
    const date = dateOf(kernel, task);
    const weekday = DAYS[date.getUTCDay()] ?? "";
    return `${weekday} ${day(kernel, task)} ${dayClock(kernel, task, 3)} ${date.getUTCFullYear()}`;
  }),
  c: of("C", (task, { kernel }) => Math.min(99, Math.floor(percentCpu(kernel, task)))),
  pcpu: of("%CPU", (task, { kernel }) => percentCpu(kernel, task).toFixed(1)),
  pmem: of("%MEM", (task, { kernel }) => ((sizesOf(task)[1] * 1024 * 100) / kernel.memoryBytes).toFixed(1)),
  vsz: of("VSZ", (task) => sizesOf(task)[0]),
  rss: of("RSS", (task) => sizesOf(task)[1]),
  sz: of("SZ", (task) => sizesOf(task)[0] / PAGE_KIB),
  size: of("SIZE", (task) => sizesOf(task)[0]),
  nlwp: of("NLWP", ({ process }) => Math.max(1, process.tasks.size)),
  pri: of("PRI", ({ nice }) => 19 - nice),
  opri: of("PRI", ({ nice }) => 80 + nice),
  priority: of("PRI", ({ nice }) => 20 + nice),
  ni: of("NI", ({ nice }) => nice),
  cls: of("CLS", ({ policy }) => POLICIES[policy] ?? "?"),
  rtprio: of("RTPRIO", ({ policy, priority }) => (policy === 1 || policy === 2 ? priority : "-")),
  psr: of("PSR", () => 0),
  wchan: of("WCHAN", (task) => (task.parking?.blocked.options.reason ?? "-").slice(0, 6)),
  f: of(
    "F",
    ({ process, credentials }) =>
      (process.hasExeced ? 0 : FORKED_NOT_EXECED) |
      (credentials.euid === 0 && process.parent === undefined ? USED_PRIVILEGE : 0),
  ),
  addr: of("ADDR", () => "-"),
  label: of("LABEL", () => "-"),
  min_flt: of("MINFLT", ({ minorFaults }) => minorFaults),
  maj_flt: of("MAJFLT", () => 0),
};

const SAME: Readonly<Record<string, string>> = {
  command: "args",
  ucomm: "comm",
  euser: "user",
  uname: "user",
  egroup: "group",
  euid: "uid",
  egid: "gid",
  state: "s",
  tt: "tty",
  cputime: "time",
  cputimes: "times",
  "%cpu": "pcpu",
  "%mem": "pmem",
  vsize: "vsz",
  rssize: "rss",
  rsz: "rss",
  thcount: "nlwp",
  pgrp: "pgid",
  session: "sess",
  spid: "tid",
  nice: "ni",
  class: "cls",
  policy: "cls",
  flag: "f",
  flags: "f",
  start_time: "stime",
};

/** By a name of `-o` or `--sort`. @throws SlipwayError in ps's words. */
export function columnNamed(name: string, unknown?: string): Column {
  const known = COLUMNS[SAME[name.toLowerCase()] ?? name.toLowerCase()];
  if (known !== undefined) return known;
  throw fail(
    "system",
    `ps: error: ${unknown ?? `unknown user-defined format specifier ${JSON.stringify(name)}`}`,
  );
}

export function terminalOf({ process }: Task): string {
  const number = process.terminal?.deviceNumber;
  return number === undefined ? "?" : `pts/${number & 0xff}`;
}

/** KiB of virtual and resident memory. */
function sizesOf(task: Task): readonly [number, number] {
  if (task.state === "dead") return [0, 0];
  return [task.addressSpace.sizeBytes / 1024, task.addressSpace.resident.count * PAGE_KIB];
}

function ageNs(kernel: Kernel, { process }: Task): number {
  return kernel.monotonicNs() - process.startNs;
}

function percentCpu(kernel: Kernel, task: Task): number {
  return (task.process.cpuNs / Math.max(ageNs(kernel, task), 1)) * 100;
}

/** The letter, then < N s l +. */
function longState(task: Task): string {
  const { process, nice } = task;
  const isForeground = process.terminal?.foreground === process.group;
  const marks = [
    nice < 0 ? "<" : nice > 0 ? "N" : "",
    process.session.leader === process ? "s" : "",
    process.tasks.size > 1 ? "l" : "",
    isForeground ? "+" : "",
  ];
  return stateOf(task) + marks.join("");
}

/** The arguments with blanks between; [comm] for what has none. */
export function commandOf(task: Task): string {
  if (task.state === "dead") return `[${task.comm}] <defunct>`;
  const [start, end] = task.addressSpace.argumentsRange;
  const bytes = task.addressSpace.bytes(start, end - start, PROT_READ);
  const text = bytes === undefined ? "" : decodeUtf8(bytes.slice()).split("\0").join(" ").trimEnd();
  return text === "" ? `[${task.comm}]` : text;
}

function startNs(kernel: Kernel, { process }: Task): bigint {
  return kernel.bootNs + BigInt(Math.round(process.startNs));
}

function dateOf(kernel: Kernel, task: Task): Date {
  return new Date(Number(startNs(kernel, task) / 1_000_000n));
}

function isOld(kernel: Kernel, task: Task): boolean {
  return kernel.realtimeNs() - startNs(kernel, task) > NS_PER_DAY;
}

function day(kernel: Kernel, task: Task): string {
  const date = dateOf(kernel, task);
  return `${MONTHS[date.getUTCMonth()] ?? ""} ${two(date.getUTCDate())}`;
}

function dayClock(kernel: Kernel, task: Task, parts: number): string {
  const date = dateOf(kernel, task);
  return [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].slice(0, parts).map(two).join(":");
}

/** [DD-]HH:MM:SS. */
function clock(ns: number): string {
  const seconds = Math.floor(ns / NS_PER_S);
  const days = Math.floor(seconds / 86_400);
  const rest = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60]
    .map(two)
    .join(":");
  return days > 0 ? `${days}-${rest}` : rest;
}

/** [[DD-]HH:]MM:SS. */
function elapsed(ns: number): string {
  return clock(ns).replace(/^00:/, "");
}

function minutes(ns: number): string {
  const seconds = Math.floor(ns / NS_PER_S);
  return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
