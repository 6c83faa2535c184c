/** /proc/<pid> and /proc/<pid>/task/<tid>: the table of what a task shows of itself (tgid_base_stuff, fs/proc/base.c). */
import { FsError } from "../../../../layers/fs/errors.ts";
import { Errno } from "../../abi/errno.ts";
import { Capability, hasCapability } from "../../task/credentials.ts";
import { commOf } from "../../task/exec.ts";
import { mayLookInto } from "../../task/ptrace-access.ts";
import type { PidNamespace } from "../../task/pid-namespace.ts";
import { SyscallError } from "../../task/syscall-error.ts";
import type { Task } from "../../task/task.ts";
import { mapText, writeMap, writeSetgroups } from "../../ns/id-maps.ts";
import { mountInfoText, mountStatsText, mountsText } from "../../ns/mount-text.ts";
import { cgroupPath } from "../cgroup/path.ts";
import type { GeneratedDirectory, GeneratedNode, GeneratedText, Owner } from "../generated.ts";
import { directory, parseNumber } from "../nodes.ts";
import { fdDirectory, fdinfoDirectory, nsDirectory, placeLink } from "./links.ts";
import { setLoginUid } from "./login-files.ts";
import {
  cmdlineBytes,
  environBytes,
  mapsText,
  MemoryFile,
  smapsRollupText,
  smapsText,
} from "./memory-text.ts";
import { netDirectory } from "./net.ts";
import { limitsText, statmText, statText, statusText } from "./status-text.ts";

const OOM_MAX = 1000;
/** oom_adj, what there was before oom_score_adj. */
const OOM_ADJUST_MAX = 17;

interface Subject {
  readonly task: Task;
  readonly pids: PidNamespace;
  /** A process, not one of its threads. */
  readonly isWhole: boolean;
}

type Entries = Readonly<Record<string, GeneratedNode>>;

/** The directory of a task, the same object as long as it lives. */
export function taskDirectory(subject: Subject, threads?: GeneratedDirectory): GeneratedDirectory {
  const { task } = subject;
  const entries: Entries = {
    ...identityEntries(subject),
    ...memoryEntries(task),
    ...placeEntries(task),
    ...mountEntries(task),
    ...ruleEntries(task),
    ...accountEntries(task),
    ...(threads === undefined ? {} : { task: owned(task, threads) }),
  };
  const byName = new Map(Object.entries(entries));
  const isGone = (): boolean => task.tidIn(subject.pids) === 0;
  return {
    type: "directory",
    mode: 0o555,
    owner: () => ({ uid: task.credentials.euid, gid: task.credentials.egid }),
    links: () => (subject.isWhole ? 9 : 7),
    ...(subject.isWhole ? { process: task.process } : {}),
    isGone,
    names: () => [...byName.keys()],
    lookup: (name) => (isGone() ? undefined : byName.get(name)),
  };
}

/** Files of a process that may not be looked into belong to root. */
function ownerOf(task: Task): Owner {
  return task.process.isDumpable
    ? { uid: task.credentials.euid, gid: task.credentials.egid }
    : { uid: 0, gid: 0 };
}

function owned<Node extends GeneratedNode>(task: Task, node: Node): Node {
  return { ...node, owner: () => ownerOf(task), isGone: () => task.tidIn(task.kernel.rootPids) === 0 };
}

function shown(task: Task, text: (reader: Task) => string | Uint8Array, mode = 0o444): GeneratedText {
  return owned(task, { type: "file", mode, text });
}

/** Only for who may look into the task; empty when it has ended. */
function secret(task: Task, text: (reader: Task) => string | Uint8Array, mode = 0o400): GeneratedText {
  const node: GeneratedText = {
    type: "file",
    mode,
    text: (reader) => (task.state === "dead" ? "" : text(reader)),
    check: (reader) => (mayLookInto(reader, task) ? 0 : -Errno.EACCES),
  };
  return owned(task, node);
}

function writable(
  task: Task,
  text: (reader: Task) => string,
  write: (written: string, writer: Task) => void,
): GeneratedText {
  return owned(task, { type: "file", mode: 0o644, text, write });
}

function identityEntries({ task, pids, isWhole }: Subject): Entries {
  return {
    status: shown(task, (reader) => statusText(task, reader, pids)),
    stat: shown(task, (reader) => statText(task, pids, isWhole, mayLookInto(reader, task))),
    statm: shown(task, () => statmText(task)),
    comm: writable(
      task,
      () => `${task.comm}\n`,
      (written, writer) => {
        if (writer.process !== task.process) throw new SyscallError(Errno.EINVAL);
        task.comm = commOf(written.replace(/\n[^]*$/, ""));
      },
    ),
    cmdline: shown(task, () => (task.state === "dead" ? "" : cmdlineBytes(task))),
    wchan: shown(task, (reader) =>
      mayLookInto(reader, task) ? (task.parking?.blocked.options.reason ?? "0") : "0",
    ),
    syscall: secret(task, () => syscallText(task)),
    personality: secret(task, () => `${task.personality.toString(16).padStart(8, "0")}\n`),
    cgroup: shown(task, (reader) => `0::${cgroupPath(task.cgroup, reader)}\n`),
    cpuset: shown(task, (reader) => `${cgroupPath(task.cgroup, reader)}\n`),
  };
}

function syscallText(task: Task): string {
  if (task.parking === undefined) return "running\n";
  const registers = [7, 6, 2, 10, 8, 9].map(
    (register) => `0x${task.context.register(register).toString(16)}`,
  );
  return `${task.syscallNumber} ${registers.join(" ")} 0x${task.context.register(4).toString(16)} 0x${task.context.rip.toString(16)}\n`;
}

function memoryEntries(task: Task): Entries {
  const mem: GeneratedText = owned(task, {
    type: "file",
    mode: 0o600,
    check: (reader) => (mayLookInto(reader, task) ? 0 : -Errno.EACCES),
    open: (flags) => {
      if (task.state === "dead") return -Errno.ESRCH;
      const timeNs = task.kernel.bootNs;
      return new MemoryFile(task.addressSpace, flags, () => ({
        ino: task.tid,
        type: "file",
        mode: 0o600,
        nlink: 1,
        ...ownerOf(task),
        rdev: { major: 0, minor: 0 },
        sizeBytes: 0,
        allocatedBytes: 0,
        atimeNs: timeNs,
        mtimeNs: timeNs,
        ctimeNs: timeNs,
      }));
    },
  });
  return {
    maps: secret(task, () => mapsText(task.addressSpace), 0o444),
    smaps: secret(task, () => smapsText(task.addressSpace), 0o444),
    smaps_rollup: secret(task, () => smapsRollupText(task.addressSpace), 0o444),
    environ: secret(task, () => environBytes(task)),
    auxv: secret(task, () => task.addressSpace.auxiliaryVector),
    mem,
  };
}

function placeEntries(task: Task): Entries {
  const living =
    <Place>(find: () => Place): (() => Place | undefined) =>
    () =>
      task.state === "dead" ? undefined : find();
  return {
    cwd: owned(
      task,
      placeLink(
        task,
        living(() => task.filesystem.workingDirectory),
      ),
    ),
    root: owned(
      task,
      placeLink(
        task,
        living(() => task.filesystem.root),
      ),
    ),
    exe: owned(
      task,
      placeLink(
        task,
        living(() => task.process.executable),
      ),
    ),
    fd: owned(task, fdDirectory(task)),
    fdinfo: owned(task, fdinfoDirectory(task)),
    ns: owned(task, nsDirectory(task)),
    net: owned(task, netDirectory(task)),
  };
}

function mountEntries(task: Task): Entries {
  return {
    mounts: shown(task, () => mountsText(task.namespaces.mount, task.filesystem.root)),
    mountinfo: shown(task, () => mountInfoText(task.namespaces.mount, task.filesystem.root)),
    mountstats: shown(task, () => mountStatsText(task.namespaces.mount, task.filesystem.root), 0o400),
  };
}

function ruleEntries(task: Task): Entries {
  const { process } = task;
  return {
    limits: shown(task, () => limitsText(task)),
    oom_score: shown(task, () => `${Math.max(0, oomScore(task))}\n`),
    oom_score_adj: writable(
      task,
      () => `${process.oomScoreAdjustment}\n`,
      (written, writer) => {
        const value = parseNumber(written, -OOM_MAX, OOM_MAX);
        const isAllowed =
          value >= process.oomScoreAdjustment ||
          hasCapability(writer.credentials, Capability.CAP_SYS_RESOURCE);
        if (!isAllowed) throw new SyscallError(Errno.EACCES);
        process.oomScoreAdjustment = value;
      },
    ),
    loginuid: writable(
      task,
      () => String(task.login.uid),
      (written, writer) => setLoginUid(task, writer, written),
    ),
    sessionid: shown(task, () => String(task.login.session)),
    uid_map: writable(
      task,
      (reader) => mapText(task, reader, "uid"),
      (written, writer) => writeMap(task, writer, "uid", written),
    ),
    gid_map: writable(
      task,
      (reader) => mapText(task, reader, "gid"),
      (written, writer) => writeMap(task, writer, "gid", written),
    ),
    setgroups: writable(
      task,
      () => ((task.credentials.user?.isSetgroupsAllowed ?? true) ? "allow\n" : "deny\n"),
      (written, writer) => writeSetgroups(task, writer, written),
    ),
  };
}

function accountEntries(task: Task): Entries {
  const { process } = task;
  return {
    io: secret(task, () => ioText(task)),
    // Run time, and how often it was its turn; nobody measures how long it waited for one.
    schedstat: shown(task, () => `${task.cpuNs} 0 ${task.voluntarySwitches + task.involuntarySwitches}\n`),
    timerslack_ns: writable(
      task,
      () => `${task.timerSlackNs}\n`,
      (written) => {
        const slack = parseNumber(written, 0, Number.MAX_SAFE_INTEGER);
        task.timerSlackNs = slack === 0 ? task.defaultTimerSlackNs : slack;
      },
    ),
    oom_adj: shown(task, () => `${Math.trunc((process.oomScoreAdjustment * OOM_ADJUST_MAX) / OOM_MAX)}\n`),
    attr: owned(task, securityAttributes()),
  };
}

/** What a security module would say: there is none (EINVAL). */
function securityAttributes(): GeneratedDirectory {
  const nothing: GeneratedText = {
    type: "file",
    mode: 0o666,
    text: () => {
      throw new SyscallError(Errno.EINVAL);
    },
    write: () => {
      throw new SyscallError(Errno.EINVAL);
    },
  };
  const names = ["current", "exec", "fscreate", "keycreate", "prev", "sockcreate"];
  return directory(Object.fromEntries(names.map((name) => [name, nothing])));
}

/** task_io_accounting: what passed through calls, and what reached the disk. */
function ioText({ process }: Task): string {
  const { readBytes, writtenBytes, reads, writes, diskReadBytes, diskWrittenBytes } = process.transfers;
  return (
    `rchar: ${readBytes}\nwchar: ${writtenBytes}\nsyscr: ${reads}\nsyscw: ${writes}\n` +
    `read_bytes: ${diskReadBytes}\nwrite_bytes: ${diskWrittenBytes}\ncancelled_write_bytes: 0\n`
  );
}

/** Resident memory in thousandths of the machine's, with the adjustment (oom_badness). */
function oomScore(task: Task): number {
  if (task.state === "dead") return 0;
  const share = (task.addressSpace.resident.count * 4096 * OOM_MAX) / task.kernel.memoryBytes;
  return Math.floor(((OOM_MAX + share + task.process.oomScoreAdjustment) * 2) / 3);
}

/** task/: one directory for each thread. */
export function threadsDirectory(process: Task["process"], pids: PidNamespace): GeneratedDirectory {
  const known = new WeakMap<Task, GeneratedDirectory>();
  const find = (name: string): Task | undefined =>
    [...process.tasks, process.leader].find(
      (task) => String(task.tidIn(pids)) === name && task.tidIn(pids) !== 0,
    );
  return {
    type: "directory",
    mode: 0o555,
    names: () => {
      if (process.tasks.size === 0 && !process.isZombie) throw new FsError("ENOENT");
      return [...new Set([process.leader, ...process.tasks])].map((task) => String(task.tidIn(pids)));
    },
    lookup: (name) => {
      const task = find(name);
      if (task === undefined) return undefined;
      let node = known.get(task);
      if (node === undefined) known.set(task, (node = taskDirectory({ task, pids, isWhole: false })));
      return node;
    },
  };
}
