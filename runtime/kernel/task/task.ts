/**
 * One thread (struct task_struct). It owns its registers and signal mask and points to what it may share:
 * address space, files, filesystem context, signal handlers, process, namespaces.
 *
 * Life: "running" (ready or on the processor), "blocked" in a call, "dead". Being stopped by a signal belongs to
 * the process, being frozen to the cgroup: whatever the state, such a task does not run.
 */
import { must } from "../../../layers/base/assert.ts";
import type { Context } from "../../cpu/machine.ts";
import type { Cgroup } from "../cgroup.ts";
import type { Kernel } from "../kernel.ts";
import type { AddressSpace } from "../mm/address-space.ts";
import { UserMemory } from "../mm/user-memory.ts";
import type { Namespaces } from "../ns/namespaces.ts";
import type { FdTable } from "../vfs/fd-table.ts";
import type { Credentials } from "./credentials.ts";
import type { FilesystemContext } from "./filesystem-context.ts";
import type { PidNamespace } from "./pid-namespace.ts";
import type { Process } from "./process.ts";
import type { Ptrace } from "./ptrace.ts";
import type { Timer } from "./scheduler.ts";
import type { SeccompState } from "./seccomp.ts";
import type { AlternateStack, SignalHandlers } from "./signal-state.ts";
import { PendingSignals } from "./signal-state.ts";
import type { Tracer } from "./tracer.ts";
import type { Blocked, Result, Waiter } from "./wait.ts";

/** AUDIT_UID_UNSET, AUDIT_SID_UNSET (linux/audit.h). */
export const LOGGED_OUT = 0xffff_ffff;

export type TaskState = "running" | "blocked" | "dead";

/** What clone(2) can share. */
export interface TaskParts {
  readonly addressSpace: AddressSpace;
  readonly files: FdTable;
  readonly filesystem: FilesystemContext;
  readonly handlers: SignalHandlers;
  readonly credentials: Credentials;
  readonly namespaces: Namespaces;
  readonly cgroup: Cgroup;
}

/** A call that waits: what `Blocked` said, the timer of its deadline, and whether that has passed. */
export interface Parking {
  readonly blocked: Blocked;
  readonly waiter: Waiter;
  timer: Timer | undefined;
  isTimedOut: boolean;
}

/** An exception of the processor, as its handler in the kernel keeps it. */
export interface Trap {
  readonly number: number;
  readonly errorCode: number;
  /** CR2: the last page fault's. */
  readonly address: number;
}

export class Task {
  readonly kernel: Kernel;
  /** Numbers by namespace level; [0] is the global one. */
  pids: readonly number[];
  readonly pidNamespace: PidNamespace;
  readonly #process: { value: Process | undefined } = { value: undefined };
  /** Guest memory, through whatever address space it has now. */
  readonly memory = new UserMemory(this);
  readonly pending = new PendingSignals();
  addressSpace: AddressSpace;
  context: Context;
  files: FdTable;
  filesystem: FilesystemContext;
  handlers: SignalHandlers;
  credentials: Credentials;
  namespaces: Namespaces;
  cgroup: Cgroup;
  state: TaskState = "running";
  /** In the scheduler's round. */
  isQueued = false;
  parking: Parking | undefined;
  /** Number of the call under way: for restarts and seccomp. */
  syscallNumber = -1;
  /** rt_sigreturn(2) has set all registers: rax is no answer. */
  keepsRegisters = false;
  /** How restart_syscall(2) goes on with a call that was cut short: a sleep through what is left. */
  restart: (() => Result) | undefined;
  /** The call under way was cut short by a signal: it may have to be made again. */
  isInterrupted = false;
  /** What the processor raised last (thread.trap_nr, error_code, cr2): every later signal frame shows it. */
  trap: Trap = { number: 0, errorCode: 0, address: 0 };
  blockedSignals = 0n;
  /** Mask to go back to after sigsuspend, pselect, ppoll. */
  savedMask: bigint | undefined;
  alternateStack: AlternateStack = { address: 0, sizeBytes: 0, flags: 2 };
  /** Cleared, with a futex wake, when the task ends (set_tid_address). */
  clearChildTid = 0;
  robustList = 0;
  /** As in /proc/pid/comm: at most 15 bytes. */
  comm: string;
  /** execve is refused more rights for ever (PR_SET_NO_NEW_PRIVS). */
  hasNoNewPrivileges = false;
  /** PR_SET_PDEATHSIG. */
  parentDeathSignal = 0;
  nice = 0;
  /** sched_setscheduler(2) and ioprio_set(2): kept and answered, not acted on. */
  policy = 0;
  priority = 0;
  resetsPolicyOnFork = false;
  ioPriority = 0;
  personality = 0;
  /** audit's loginuid and sessionid. */
  login = { uid: LOGGED_OUT, session: LOGGED_OUT };
  timerSlackNs = 50_000;
  defaultTimerSlackNs = 50_000;
  /** rseq(2): where struct rseq is registered, or 0; its size and signature. */
  rseq = { address: 0, sizeBytes: 0, signature: 0 };
  /** CLONE_VFORK: whom to wake when this task lets go of the borrowed memory. */
  vforkDone: (() => void) | undefined;
  seccomp: SeccompState;
  /** Being traced by a program: ptrace(2). */
  ptrace: Ptrace | undefined;
  /** Hears of its calls; given to what it brings forth. */
  tracer: Tracer | undefined;
  cpuNs = 0;
  /** Over its cgroup's io.max: it does not run until the disk says so. */
  isWaitingForDisk = false;
  exitStatus = 0;
  minorFaults = 0;
  voluntarySwitches = 0;
  involuntarySwitches = 0;
  readonly startNs: number;

  constructor(
    kernel: Kernel,
    pids: readonly number[],
    pidNamespace: PidNamespace,
    parts: TaskParts,
    context: Context,
    comm: string,
  ) {
    this.kernel = kernel;
    this.pids = pids;
    this.pidNamespace = pidNamespace;
    this.addressSpace = parts.addressSpace;
    this.files = parts.files;
    this.filesystem = parts.filesystem;
    this.handlers = parts.handlers;
    this.credentials = parts.credentials;
    this.namespaces = parts.namespaces;
    this.cgroup = parts.cgroup;
    this.context = context;
    this.comm = comm;
    this.startNs = kernel.monotonicNs();
  }

  get process(): Process {
    return must(this.#process.value, "a task has a process from its birth");
  }

  set process(process: Process) {
    this.#process.value = process;
  }

  /** Number in the root namespace. */
  get tid(): number {
    return this.pids[0] ?? 0;
  }

  get isLeader(): boolean {
    return this.process.leader === this;
  }

  /** Its number as seen from `namespace`; 0 when it cannot be seen from there. */
  tidIn(namespace: PidNamespace): number {
    const pid = this.pids[namespace.level];
    return pid !== undefined && namespace.task(pid) === this ? pid : 0;
  }

  /** What gettid answers. */
  get ownTid(): number {
    return this.pids[this.pids.length - 1] ?? 0;
  }

  /** The set of signals it would take now. */
  get deliverable(): bigint {
    return (this.pending.set | this.process.pending.set) & ~this.blockedSignals;
  }
}
