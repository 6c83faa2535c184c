/**
 * A process (thread group, struct signal_struct) with its place in the family: parent and children,
 * process group and session (credentials(7), setsid(2), setpgid(2)).
 */
import type { Location } from "../vfs/mount.ts";
import type { Limit } from "./limits.ts";
import type { PidNamespace } from "./pid-namespace.ts";
import { PendingSignals } from "./signal-state.ts";
import type { Task } from "./task.ts";
import type { CpuAlarm, IntervalTimer, PosixTimer } from "./timers.ts";
import { noUsage } from "./usage.ts";
import { WaitQueue } from "./wait.ts";

/** The terminal a session is controlled by, as far as tasks are concerned (tty/pty.ts). */
export interface ControllingTerminal {
  /** As /proc/pid/stat shows it (new_encode_dev). */
  readonly deviceNumber: number;
  session: Session | undefined;
  foreground: ProcessGroup | undefined;
}

export class Session {
  /** The leader's number in the root namespace. */
  readonly id: number;
  readonly leader: Process;
  readonly groups = new Set<ProcessGroup>();

  constructor(leader: Process) {
    this.id = leader.id;
    this.leader = leader;
  }
}

export class ProcessGroup {
  readonly id: number;
  readonly session: Session;
  /** Task whose number names the group; kept for numbers in other namespaces. */
  readonly founder: Task;
  readonly members = new Set<Process>();

  constructor(founder: Process, session: Session) {
    this.id = founder.id;
    this.founder = founder.leader;
    this.session = session;
    session.groups.add(this);
  }

  add(process: Process): void {
    this.members.add(process);
  }

  remove(process: Process): void {
    this.members.delete(process);
    if (this.members.size === 0) this.session.groups.delete(this);
  }
}

/** The group's number as seen from `namespace`, also when its founder has gone; 0 when it cannot be seen. */
export function groupIdIn({ founder }: ProcessGroup, namespace: PidNamespace): number {
  let at: PidNamespace | undefined = founder.pidNamespace;
  while (at !== undefined && at !== namespace) at = at.parent;
  return at === undefined ? 0 : founder.pids[at.level] ?? 0;
}

/** What wait*(2) reports, once per change. */
export type StateChange = "stopped" | "continued";

export class Process {
  leader: Task;
  readonly tasks = new Set<Task>();
  parent: Process | undefined;
  readonly children = new Set<Process>();
  /** Tasks that one of its own traces, and those of them that have ended and were not waited for. */
  readonly tracees = new Set<Task>();
  /** It ended as somebody else's tracee: what is left to do when that one has waited. */
  onUntraced: (() => void) | undefined;
  group: ProcessGroup;
  /** Its own since its session's leader took one before it was forked: signal->tty. */
  terminal: ControllingTerminal | undefined;
  /** Of a leader whose terminal was hung up: the group in the foreground then. */
  hungUpGroup: ProcessGroup | undefined;
  /** Signals for any of its tasks. */
  readonly pending = new PendingSignals();
  /** Woken when a child ends, stops or continues. */
  readonly childQueue = new WaitQueue();
  limits: Limit[];
  /** Program of the last exec: /proc/pid/exe. */
  executable: Location | undefined;
  /** exit_group was called or a deadly signal came: every task ends with this. */
  exitStatus: number | undefined;
  /** All tasks have ended; waits for its parent. */
  isZombie = false;
  isStopped = false;
  stateChange: StateChange | undefined;
  /** Continued, and the parent has not been told. */
  hasContinued = false;
  stopSignal = 0;
  /** Signal to the parent at the end; 0 for none (clone without SIGCHLD). */
  exitSignal: number;
  /** PR_SET_CHILD_SUBREAPER. */
  isSubreaper = false;
  isDumpable = true;
  /** /proc/pid/oom_score_adj: -1000 to 1000. */
  oomScoreAdjustment = 0;
  hasExeced = false;
  /** /proc/pid/io: bytes and calls of read(2), write(2) and their like. */
  readonly transfers = { readBytes: 0, writtenBytes: 0, reads: 0, writes: 0, diskReadBytes: 0, diskWrittenBytes: 0 };
  /** Of tasks that have ended, and of waited-for children. */
  readonly endedUsage = noUsage();
  readonly childrenUsage = noUsage();
  readonly startNs: number;
  /** By ITIMER_ number, and by timer_t: task/timers.ts. */
  readonly intervalTimers = new Map<number, IntervalTimer>();
  readonly posixTimers = new Map<number, PosixTimer>();
  readonly cpuAlarms = new Set<CpuAlarm>();
  /** Woken when a signal is sent to it or one of its tasks: signalfd. */
  readonly signalQueue = new WaitQueue();
  /** Woken when it has ended: pidfd. */
  readonly exitQueue = new WaitQueue();

  constructor(leader: Task, parent: Process | undefined, group: ProcessGroup | undefined, startNs: number) {
    this.leader = leader;
    this.tasks.add(leader);
    this.parent = parent;
    this.limits = [];
    this.exitSignal = 0;
    this.startNs = startNs;
    this.group = group ?? new ProcessGroup(this, new Session(this));
    this.group.add(this);
    parent?.children.add(this);
  }

  /** Number in the root namespace: the first leader's. */
  get id(): number {
    return this.leader.tid;
  }

  /** Waited for: its number is free again. */
  get isReaped(): boolean {
    return this.leader.tidIn(this.leader.pidNamespace) === 0;
  }

  get session(): Session {
    return this.group.session;
  }

  limit(resource: number): Limit {
    return this.limits[resource] ?? { soft: Number.POSITIVE_INFINITY, hard: Number.POSITIVE_INFINITY };
  }

  /** Processor time of all its tasks. */
  get cpuNs(): number {
    let sum = this.endedUsage.cpuNs;
    for (const task of this.tasks) sum += task.cpuNs;
    return sum;
  }
}
