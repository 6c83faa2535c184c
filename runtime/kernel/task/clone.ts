/**
 * fork, vfork, clone, clone3 (kernel/fork.c: copy_process). Everything that can be refused is refused
 * before anything is made.
 */
import { Errno } from "../abi/errno.ts";
import { O_RDWR } from "../abi/fcntl.ts";
import * as flag from "../abi/clone.ts";
import { cloneNamespaces } from "../ns/clone-namespaces.ts";
import {
  PTRACE_EVENT_CLONE, PTRACE_EVENT_FORK, PTRACE_EVENT_VFORK, PTRACE_EVENT_VFORK_DONE, PTRACE_O_TRACEVFORKDONE,
} from "../abi/ptrace.ts";
import { Signal } from "../abi/signal.ts";
import { inheritTracer, stopForEvent } from "./ptrace.ts";
import { createTask } from "./birth.ts";
import { Process } from "./process.ts";
import { Rlimit } from "./limits.ts";
import type { Task, TaskParts } from "./task.ts";
import type { Result } from "./wait.ts";
import { Blocked, WaitQueue } from "./wait.ts";
import { PidFile } from "../vfs/pid-file.ts";
import { Capability, hasCapability } from "./credentials.ts";

const RAX = 0;
const RSP = 4;

export interface CloneRequest {
  readonly flags: number;
  readonly exitSignal: number;
  /** Lowest usable stack pointer's top: 0 keeps the parent's. */
  readonly stack: number;
  readonly tls: number;
  readonly parentTid: number;
  readonly childTid: number;
  /** Where CLONE_PIDFD puts its descriptor: of clone(2) the same as `parentTid`. */
  readonly pidfd: number;
  /** CLONE_CLEAR_SIGHAND: handlers become SIG_DFL. */
  readonly clearsHandlers?: boolean;
}

const SHARED_HANDLERS = flag.CLONE_SIGHAND | flag.CLONE_VM;

/** The child's number in the caller's namespace, or -errno. */
export function cloneTask(task: Task, request: CloneRequest): Result {
  const { kernel } = task;
  const has = (bit: number): boolean => (request.flags & bit) !== 0;
  const refusal = checkFlags(task, request.flags);
  if (refusal !== 0) return refusal;
  if (has(flag.CLONE_PIDFD) && has(flag.CLONE_PARENT_SETTID) && request.pidfd === request.parentTid) return -Errno.EINVAL;
  const fdLimit = task.process.limit(Rlimit.RLIMIT_NOFILE).soft;
  if (has(flag.CLONE_PIDFD) && task.files.lowestFree() >= fdLimit) return -Errno.EMFILE;
  const fresh = cloneNamespaces(task, request.flags);
  if (typeof fresh === "number") return fresh;
  const { namespaces, credentials } = fresh;
  // Asked before the memory is copied: a fork bomb at its limit should cost little.
  if (!task.cgroup.chargeTask()) return -Errno.EAGAIN;
  task.cgroup.unchargeTask();
  const addressSpace = has(flag.CLONE_VM) ? task.addressSpace.acquire() : task.addressSpace.fork(task.cgroup);
  if (addressSpace === undefined) return -Errno.ENOMEM;
  const parts: TaskParts = {
    addressSpace,
    files: has(flag.CLONE_FILES) ? task.files.acquire() : task.files.clone(),
    filesystem: has(flag.CLONE_FS) ? task.filesystem.acquire() : task.filesystem.clone(),
    handlers: has(flag.CLONE_SIGHAND) ? task.handlers.acquire() : task.handlers.clone(),
    credentials,
    namespaces,
    cgroup: task.cgroup,
  };
  if (has(flag.CLONE_NEWNS)) parts.filesystem.translate(fresh.translate);
  const context = task.context.clone(addressSpace.space);
  const child = createTask(kernel, namespaces.pidForChildren, parts, context, task.comm);
  if (typeof child === "number") {
    parts.files.release(task);
    parts.filesystem.release();
    parts.handlers.release();
    context.dispose();
    addressSpace.release();
    return child;
  }
  if (request.clearsHandlers === true) child.handlers.resetForExec();
  inherit(task, child, request);
  join(task, child, request);
  context.setInteger(RAX, 0);
  if (request.stack !== 0) context.setInteger(RSP, request.stack);
  if (has(flag.CLONE_SETTLS)) context.fsBase = BigInt.asUintN(64, BigInt(request.tls));
  const tid = child.tidIn(task.pidNamespace);
  if (has(flag.CLONE_PIDFD)) givePidfd(task, child, request.pidfd);
  if (has(flag.CLONE_PARENT_SETTID)) task.memory.writeU32(request.parentTid, tid);
  if (has(flag.CLONE_CHILD_SETTID)) child.memory.writeU32(request.childTid, child.ownTid);
  if (has(flag.CLONE_CHILD_CLEARTID)) child.clearChildTid = request.childTid;
  if (task.ptrace !== undefined) tellTracer(task, child, request);
  kernel.makeReady(child);
  return has(flag.CLONE_VFORK) ? waitForVfork(task, child, tid) : tid;
}

/** PTRACE_EVENT_FORK, VFORK or CLONE; CLONE_UNTRACED asks for none. */
function tellTracer(task: Task, child: Task, { flags, exitSignal }: CloneRequest): void {
  if ((flags & flag.CLONE_UNTRACED) !== 0) return;
  const isVfork = (flags & flag.CLONE_VFORK) !== 0;
  const other = exitSignal === Signal.SIGCHLD ? PTRACE_EVENT_FORK : PTRACE_EVENT_CLONE;
  const event = isVfork ? PTRACE_EVENT_VFORK : other;
  inheritTracer(task, child, event);
  if (task.ptrace?.has(1 << event) === true) {
    stopForEvent(task, event, child.tidIn(task.ptrace.tracer.pidNamespace));
  }
}

function givePidfd(task: Task, child: Task, address: number): void {
  const file = new PidFile(child.process, O_RDWR);
  task.memory.writeU32(address, task.files.open(file, Number.POSITIVE_INFINITY, { isClosedOnExec: true }));
}

function checkFlags(task: Task, flags: number): number {
  const has = (bit: number): boolean => (flags & bit) !== 0;
  if (has(flag.CLONE_PIDFD) && (has(flag.CLONE_DETACHED) || has(flag.CLONE_THREAD))) return -Errno.EINVAL;
  if (has(flag.CLONE_THREAD) && !has(flag.CLONE_SIGHAND)) return -Errno.EINVAL;
  if ((flags & SHARED_HANDLERS) === flag.CLONE_SIGHAND) return -Errno.EINVAL;
  if (has(flag.CLONE_FS) && (has(flag.CLONE_NEWNS) || has(flag.CLONE_NEWUSER))) return -Errno.EINVAL;
  if (has(flag.CLONE_THREAD) && (has(flag.CLONE_NEWPID) || has(flag.CLONE_NEWUSER))) return -Errno.EINVAL;
  const limit = task.process.limit(Rlimit.RLIMIT_NPROC).soft;
  if (limit === Number.POSITIVE_INFINITY || hasCapability(task.credentials, Capability.CAP_SYS_RESOURCE)) return 0;
  const own = task.kernel.rootPids.tasks().filter((other) => other.credentials.uid === task.credentials.uid);
  return own.length >= limit ? -Errno.EAGAIN : 0;
}

function inherit(task: Task, child: Task, { flags }: CloneRequest): void {
  child.blockedSignals = task.blockedSignals;
  child.hasNoNewPrivileges = task.hasNoNewPrivileges;
  child.nice = task.resetsPolicyOnFork ? Math.max(0, task.nice) : task.nice;
  if (!task.resetsPolicyOnFork) [child.policy, child.priority] = [task.policy, task.priority];
  child.ioPriority = task.ioPriority;
  child.personality = task.personality;
  child.login = task.login;
  child.timerSlackNs = child.defaultTimerSlackNs = task.timerSlackNs;
  if ((flags & flag.CLONE_VM) === 0) child.rseq = { ...task.rseq };
  child.seccomp = task.seccomp;
  child.tracer = task.tracer;
  const keepsStack = (flags & flag.CLONE_VM) === 0 || (flags & flag.CLONE_VFORK) !== 0;
  if (keepsStack) child.alternateStack = task.alternateStack;
}

function join(task: Task, child: Task, { flags, exitSignal }: CloneRequest): void {
  const { process, kernel } = task;
  if ((flags & flag.CLONE_THREAD) !== 0) {
    child.process = process;
    process.tasks.add(child);
    return;
  }
  const parent = (flags & flag.CLONE_PARENT) !== 0 ? process.parent : process;
  child.process = new Process(child, parent, process.group, kernel.monotonicNs());
  child.process.limits = [...process.limits];
  child.process.executable = process.executable;
  child.process.exitSignal = (flags & flag.CLONE_PARENT) !== 0 ? process.exitSignal : exitSignal;
  child.process.isDumpable = process.isDumpable;
  child.process.terminal = process.terminal;
  child.process.oomScoreAdjustment = process.oomScoreAdjustment;
}

function waitForVfork(task: Task, child: Task, tid: number): Result {
  const queue = new WaitQueue();
  let isDone = false;
  child.vforkDone = () => {
    isDone = true;
    queue.wake();
  };
  const done = (): number => {
    if (task.ptrace?.has(PTRACE_O_TRACEVFORKDONE) === true) stopForEvent(task, PTRACE_EVENT_VFORK_DONE, tid);
    return tid;
  };
  const blocked: Blocked = new Blocked({
    queues: [queue],
    retry: () => (isDone ? done() : blocked),
    isKillable: true,
    reason: "kernel_clone",
  });
  return blocked;
}
