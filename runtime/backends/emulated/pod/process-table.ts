/** `docker top`: the columns of `ps -ef` (and `aux`), from the kernel's own tasks. Numbers are the container's. */
import { decodeUtf8 } from "../../../../layers/base/bytes.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import { PROT_READ } from "../../../kernel/abi/mman.ts";
import type { PidNamespace } from "../../../kernel/task/pid-namespace.ts";
import type { Task } from "../../../kernel/task/task.ts";
import type { ProcessTable } from "../../backend.ts";

const NS_PER_S = 1_000_000_000;
const PAGE_KIB = 4;

export function processTable(
  kernel: Kernel,
  pids: PidNamespace,
  userName: (uid: number) => string,
  psArguments: readonly string[],
): ProcessTable {
  const leaders = pids.tasks().filter((task) => task.isLeader);
  const isBsd = psArguments.some((argument) => !argument.startsWith("-") && argument.includes("u"));
  const started = (task: Task): string =>
    clockOfDay(kernel.bootNs + BigInt(Math.round(task.process.startNs)));
  if (isBsd) {
    const total = kernel.memoryBytes;
    return {
      titles: ["USER", "PID", "%CPU", "%MEM", "VSZ", "RSS", "TTY", "STAT", "START", "TIME", "COMMAND"],
      rows: leaders.map((task) => {
        const [vsz, rss] = sizesOf(task);
        const share = ((rss * 1024 * 100) / total).toFixed(1);
        return [
          userName(task.credentials.euid),
          String(task.tidIn(pids)),
          percentCpu(kernel, task).toFixed(1),
          share,
          String(vsz),
          String(rss),
          terminalOf(task),
          stateOf(task),
          started(task),
          minutes(task.process.cpuNs),
          commandOf(task),
        ];
      }),
    };
  }
  return {
    titles: ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"],
    rows: leaders.map((task) => [
      userName(task.credentials.euid),
      String(task.tidIn(pids)),
      String(task.process.parent?.leader.tidIn(pids) ?? 0),
      String(Math.floor(percentCpu(kernel, task))),
      started(task),
      terminalOf(task),
      hours(task.process.cpuNs),
      commandOf(task),
    ]),
  };
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
