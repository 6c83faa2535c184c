/** `docker top`: the columns of `ps -ef`, `aux` and `-o`, from the kernel's own tasks. Numbers are the container's. */
import { decodeUtf8 } from "../../../../layers/base/bytes.ts";
import { fail } from "../../../../layers/base/errors.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import { PROT_READ } from "../../../kernel/abi/mman.ts";
import type { PidNamespace } from "../../../kernel/task/pid-namespace.ts";
import type { Task } from "../../../kernel/task/task.ts";
import type { ProcessTable } from "../../backend.ts";

const NS_PER_S = 1_000_000_000;
const PAGE_KIB = 4;

interface View {
  readonly kernel: Kernel;
  /** The container's own: not those of others in its pid namespace. */
  readonly tasks: readonly Task[];
  readonly pids: PidNamespace;
  readonly userName: (uid: number) => string;
}

interface Column {
  readonly title: string;
  readonly value: (task: Task, view: View) => string;
}

const column = (title: string, value: Column["value"]): Column => ({ title, value });
const number = (title: string, value: (task: Task, view: View) => number): Column =>
  column(title, (task, view) => String(value(task, view)));
const user: Column["value"] = (task, { userName }) => userName(task.credentials.euid);
const started: Column["value"] = ({ process }, { kernel }) =>
  clockOfDay(kernel.bootNs + BigInt(Math.round(process.startNs)));

/** By the names that `ps -o` knows (ps(1), standard format specifiers). */
const COLUMNS: Readonly<Record<string, Column>> = {
  pid: number("PID", (task, { pids }) => task.tidIn(pids)),
  ppid: number("PPID", ({ process }, { pids }) => process.parent?.leader.tidIn(pids) ?? 0),
  pgid: number("PGID", ({ process }, { pids }) => process.group.founder.tidIn(pids)),
  user: column("USER", user),
  uid: number("UID", ({ credentials }) => credentials.euid),
  gid: number("GID", ({ credentials }) => credentials.egid),
  comm: column("COMMAND", (task) => (task.process.isZombie ? `${task.comm} <defunct>` : task.comm)),
  args: column("COMMAND", commandOf),
  stat: column("STAT", stateOf),
  s: column("S", (task) => stateOf(task).charAt(0)),
  tty: column("TT", terminalOf),
  time: column("TIME", ({ process }) => hours(process.cpuNs)),
  pcpu: column("%CPU", (task, { kernel }) => percentCpu(kernel, task).toFixed(1)),
  pmem: column("%MEM", (task, { kernel }) =>
    ((sizesOf(task)[1] * 1024 * 100) / kernel.memoryBytes).toFixed(1),
  ),
  vsz: number("VSZ", (task) => sizesOf(task)[0]),
  rss: number("RSS", (task) => sizesOf(task)[1]),
  nlwp: number("NLWP", ({ process }) => process.tasks.size),
  start: column("STARTED", started),
};
const SAME: Readonly<Record<string, string>> = {
  cmd: "args",
  command: "args",
  ucmd: "comm",
  ucomm: "comm",
  euser: "user",
  uname: "user",
  euid: "uid",
  egid: "gid",
  state: "s",
  tt: "tty",
  tname: "tty",
  cputime: "time",
  "%cpu": "pcpu",
  "%mem": "pmem",
  vsize: "vsz",
  rssize: "rss",
  thcount: "nlwp",
  pgrp: "pgid",
};

/** `ps -ef`. */
const FULL: readonly Column[] = [
  column("UID", user),
  ...named(["pid", "ppid"]),
  number("C", (task, { kernel }) => Math.floor(percentCpu(kernel, task))),
  column("STIME", started),
  column("TTY", terminalOf),
  ...named(["time"]),
  column("CMD", commandOf),
];
/** `ps aux`. */
const BY_USER: readonly Column[] = [
  ...named(["user", "pid", "pcpu", "pmem", "vsz", "rss"]),
  column("TTY", terminalOf),
  ...named(["stat"]),
  column("START", started),
  column("TIME", ({ process }) => minutes(process.cpuNs)),
  ...named(["args"]),
];

/** @throws SlipwayError `system`, in ps's words, for a column nobody knows. */
export function processTable(view: View, psArguments: readonly string[]): ProcessTable {
  const columns = columnsOf(psArguments);
  if (!columns.some(({ title }) => title === "PID"))
    throw fail("system", "Couldn't find PID field in ps output");
  const leaders = view.tasks.filter((task) => task.isLeader);
  return {
    titles: columns.map(({ title }) => title),
    rows: leaders.map((task) => columns.map(({ value }) => value(task, view))),
  };
}

/** `-o`, `-eo` and `o` take a list, in the same word or the next; else `u` and the rest. */
function columnsOf(psArguments: readonly string[]): readonly Column[] {
  const lists: string[] = [];
  psArguments.forEach((word, index) => {
    const [, list] = /^-?[a-zA-Z]*o(.*)$/.exec(word) ?? [];
    const isList =
      /^-?[a-zA-Z]*o/.test(psArguments[index - 1] ?? "") && psArguments[index - 1]?.endsWith("o") === true;
    if (list !== undefined && !isList) lists.push(list === "" ? (psArguments[index + 1] ?? "") : list);
  });
  if (lists.length > 0) return named(lists.join(",").split(/[, ]+/));
  const isBsd = psArguments.some((argument) => !argument.startsWith("-") && argument.includes("u"));
  return isBsd ? BY_USER : FULL;
}

/** "pid" or, with a title of its own, "pid=NUMBER". */
function named(specifiers: readonly string[]): readonly Column[] {
  return specifiers.map((specifier) => {
    const [name = "", title] = specifier.split("=", 2);
    const known = COLUMNS[SAME[name.toLowerCase()] ?? name.toLowerCase()];
    if (known === undefined) {
      throw fail("system", `ps: error: unknown user-defined format specifier ${JSON.stringify(name)}`);
    }
    return title === undefined ? known : { ...known, title };
  });
}

/** KiB of virtual and resident memory. */
function sizesOf(task: Task): readonly [number, number] {
  if (task.process.isZombie) return [0, 0];
  return [task.addressSpace.sizeBytes / 1024, task.addressSpace.residentPages * PAGE_KIB];
}

function percentCpu(kernel: Kernel, { process }: Task): number {
  const aliveNs = Math.max(kernel.monotonicNs() - process.startNs, 1);
  return (process.cpuNs / aliveNs) * 100;
}

function terminalOf({ process }: Task): string {
  const number = process.terminal?.deviceNumber;
  return number === undefined ? "?" : `pts/${number & 0xff}`;
}

function stateOf(task: Task): string {
  const { process } = task;
  const state = process.isZombie ? "Z" : process.isStopped ? "T" : task.state === "blocked" ? "S" : "R";
  return process.session.leader === process ? `${state}s` : state;
}

/** The arguments with blanks between; [comm] for what has none. */
function commandOf(task: Task): string {
  if (task.process.isZombie) return `[${task.comm}] <defunct>`;
  const [start, end] = task.addressSpace.argumentsRange;
  const bytes = task.addressSpace.bytes(start, end - start, PROT_READ);
  const text = bytes === undefined ? "" : decodeUtf8(bytes.slice()).split("\0").join(" ").trimEnd();
  return text === "" ? `[${task.comm}]` : text;
}

function clockOfDay(ns: bigint): string {
  const minutesOfDay = Number((ns / 60_000_000_000n) % 1440n);
  return `${two(Math.floor(minutesOfDay / 60))}:${two(minutesOfDay % 60)}`;
}

function hours(ns: number): string {
  const seconds = Math.floor(ns / NS_PER_S);
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(":");
}

function minutes(ns: number): string {
  const seconds = Math.floor(ns / NS_PER_S);
  return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
