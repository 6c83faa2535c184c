/**
 * proc(5): the root directory, for one pid namespace. Numbers are those of that namespace, so a container
 * sees its own processes only; "self" is whoever asks.
 */
import { FsError } from "../../../../layers/fs/errors.ts";
import type { Kernel } from "../../kernel.ts";
import { RELEASE, VERSION } from "../../abi/release.ts";
import type { PidNamespace } from "../../task/pid-namespace.ts";
import type { Process } from "../../task/process.ts";
import type { Task } from "../../task/task.ts";
import { GeneratedFilesystem } from "../generated.ts";
import type { GeneratedDirectory, GeneratedLink, GeneratedNode } from "../generated.ts";
import { directory, link, text } from "../nodes.ts";
import {
  cgroupsText,
  cpuinfoText,
  DEVICES_TEXT,
  loadavgText,
  meminfoText,
  statText,
  uptimeText,
  vmstatText,
} from "./machine-text.ts";
import { taskDirectory, threadsDirectory } from "./process-directory.ts";
import { sysDirectory } from "./sysctl.ts";
import { sysvipcDirectory } from "./sysvipc.ts";

export function procFilesystem(kernel: Kernel, pids: PidNamespace): GeneratedFilesystem {
  return new GeneratedFilesystem(kernel, "proc", rootDirectory(kernel, pids));
}

function rootDirectory(kernel: Kernel, pids: PidNamespace): GeneratedDirectory {
  const fixed = new Map(Object.entries(fixedEntries(kernel, pids)));
  const known = new WeakMap<Task, GeneratedDirectory>();
  const processDirectory = (task: Task): GeneratedDirectory => {
    let node = known.get(task);
    if (node === undefined) {
      node = taskDirectory({ task, pids, isWhole: true }, threadsDirectory(task.process, pids));
      known.set(task, node);
    }
    return node;
  };
  const leaders = (): readonly Task[] => pids.tasks().filter((task) => task === task.process.leader);
  return {
    type: "directory",
    mode: 0o555,
    links: () => leaders().length + 4,
    names: () => [...fixed.keys(), ...leaders().map((task) => String(task.tidIn(pids)))],
    lookup: (name) => {
      const entry = fixed.get(name);
      if (entry !== undefined) return entry;
      // A thread has a directory too, though it is not listed: it shows the thread, with the process around it.
      const task = /^[1-9]\d*$/.test(name) ? pids.task(Number(name)) : undefined;
      return task === undefined ? undefined : processDirectory(task);
    },
  };
}

function fixedEntries(kernel: Kernel, pids: PidNamespace): Readonly<Record<string, GeneratedNode>> {
  return {
    self: selfLink(pids, ({ process }) => String(process.leader.tidIn(pids))),
    "thread-self": selfLink(pids, (task) => `${task.process.leader.tidIn(pids)}/task/${task.tidIn(pids)}`),
    cgroups: text(() => cgroupsText(kernel)),
    cmdline: text(() => "console=none\n"),
    cpuinfo: text(() => cpuinfoText(kernel)),
    devices: text(() => DEVICES_TEXT),
    diskstats: text(() => ""),
    execdomains: text(() => "0-0\tLinux           \t[kernel]\n"),
    filesystems: text(() => [...kernel.filesystemTypes.keys()].map((name) => `nodev\t${name}\n`).join("")),
    interrupts: text(() => "           CPU0       \n"),
    loadavg: text(() => loadavgText(kernel, pids.lastPid)),
    meminfo: text(() => meminfoText(kernel)),
    misc: text(() => ""),
    modules: text(() => ""),
    mounts: link(() => "self/mounts"),
    net: link(() => "self/net"),
    partitions: text(() => "major minor  #blocks  name\n\n"),
    softirqs: text(() => "                    CPU0       \n"),
    stat: text(() => statText(kernel)),
    swaps: text(() => "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"),
    uptime: text(() => uptimeText(kernel)),
    version: text(() => `Linux version ${RELEASE} (slipway) ${VERSION}\n`),
    vmstat: text(() => vmstatText(kernel)),
    // Docker masks or write-protects these; they exist so that it can.
    bus: directory({}),
    fs: directory({}),
    irq: directory({}),
    keys: text(() => ""),
    kcore: { type: "file", mode: 0o400 },
    "sysrq-trigger": { type: "file", mode: 0o200 },
    timer_list: text(() => "", 0o400),
    sys: sysDirectory(kernel),
    sysvipc: sysvipcDirectory(),
    tty: directory({
      drivers: text(
        () =>
          "pty_slave            /dev/pts      136 0-1048575 pty:slave\npty_master           /dev/ptm      128 0-1048575 pty:master\n",
      ),
    }),
  };
}

function selfLink(pids: PidNamespace, name: (task: Task) => string): GeneratedLink {
  return link((task) => {
    if (task === undefined || task.tidIn(pids) === 0) throw new FsError("ENOENT");
    return name(task);
  });
}

/** A process as `proc` shows it to somebody outside (docker top). */
export function processesOf(pids: PidNamespace): readonly Process[] {
  return pids
    .tasks()
    .filter((task) => task === task.process.leader)
    .map((task) => task.process);
}
