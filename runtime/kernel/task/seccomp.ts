/**
 * What seccomp does to a call before it is made (kernel/seccomp.c: __seccomp_filter). One hard idea: filters
 * form a chain from the newest to the oldest, shared by whoever inherited it; all of them run, and the
 * strictest verdict counts. A call that every filter allows by its number alone is remembered
 * (seccomp_cache_prepare), so that a filter costs common calls one look into a table.
 */
import type { BpfInstruction } from "../abi/bpf.ts";
import { Errno } from "../abi/errno.ts";
import * as abi from "../abi/seccomp.ts";
import { Signal } from "../abi/signal.ts";
import { convertedLength, runFilter } from "./bpf.ts";
import { exitTask } from "./exit.ts";
import { endProcess, forceSignal } from "./send-signal.ts";
import type { Task } from "./task.ts";

/** MAX_ERRNO. */
const ERRNO_MAX = 4095;
/** Numbers whose verdict is remembered; calls above are rare. */
const CACHED_CALLS = 512;
const WORDS = abi.SECCOMP_DATA_BYTES / 4;
const ARGUMENTS = [7, 6, 2, 10, 8, 9] as const;
/** read, write, exit, rt_sigreturn. */
const STRICT_CALLS: readonly number[] = [0, 1, 60, 15];
/** WCOREDUMP in a wait status. */
const CORE_DUMPED = 0x80;
const RLIMIT_CORE = 4;

export class SeccompFilter {
  readonly previous: SeccompFilter | undefined;
  readonly #program: readonly BpfInstruction[];
  /** 0 not known, 1 allowed by its number, 2 to be asked. */
  readonly #known = new Uint8Array(CACHED_CALLS);

  /** Preconditions: isValidFilter(program). */
  constructor(program: readonly BpfInstruction[], previous: SeccompFilter | undefined) {
    this.#program = program;
    this.previous = previous;
  }

  /** As MAX_INSNS_PER_PATH counts. */
  get length(): number {
    return convertedLength(this.#program);
  }

  /** How many filters there are. */
  get depth(): number {
    return 1 + (this.previous?.depth ?? 0);
  }

  isAncestorOf(other: SeccompFilter | undefined): boolean {
    for (let at = other; at !== undefined; at = at.previous) if (at === this) return true;
    return false;
  }

  /** Whether all filters allow `number` whatever else the call is. */
  allowsAlways(number: number): boolean {
    if (number < 0 || number >= CACHED_CALLS) return false;
    const known = this.#known[number] ?? 0;
    if (known !== 0) return known === 1;
    const data = new Uint32Array(WORDS);
    data[0] = number;
    data[1] = abi.AUDIT_ARCH_X86_64;
    const looked = new Set<number>();
    const verdict = runFilter(this.#program, data, (word) => looked.add(word));
    const isByNumber = [...looked].every((word) => word <= 1);
    const isAllowed =
      isByNumber && verdict === abi.SECCOMP_RET_ALLOW && this.previous?.allowsAlways(number) !== false;
    this.#known[number] = isAllowed ? 1 : 2;
    return isAllowed;
  }

  /** The strictest answer of all filters: actions compare as signed numbers. */
  verdict(data: Uint32Array): number {
    let strictest = runFilter(this.#program, data);
    for (let at = this.previous; at !== undefined; at = at.previous) {
      const answer = runFilter(at.#program, data);
      if (actionOf(answer) < actionOf(strictest)) strictest = answer;
    }
    return strictest;
  }
}

/** prctl(PR_SET_SECCOMP) or seccomp(2): strict, or filters; inherited by children, kept by exec. */
export type SeccompState = "strict" | SeccompFilter | undefined;

export function seccompMode(state: SeccompState): number {
  if (state === undefined) return abi.SECCOMP_MODE_DISABLED;
  return state === "strict" ? abi.SECCOMP_MODE_STRICT : abi.SECCOMP_MODE_FILTER;
}

/** The answer instead of the call; undefined when the call is to be made, "killed" when there is nobody to answer. */
export function seccompVerdict(
  task: Task,
  state: "strict" | SeccompFilter,
  number: number,
): number | "killed" | undefined {
  if (state === "strict") return STRICT_CALLS.includes(number) ? undefined : kill(task, Signal.SIGKILL);
  if (state.allowsAlways(number)) return undefined;
  const verdict = state.verdict(dataOf(task, number));
  const data = verdict & abi.SECCOMP_RET_DATA;
  switch ((verdict & abi.SECCOMP_RET_ACTION_FULL) >>> 0) {
    case abi.SECCOMP_RET_ALLOW:
    case abi.SECCOMP_RET_LOG:
      return undefined;
    case abi.SECCOMP_RET_ERRNO:
      return -Math.min(data, ERRNO_MAX);
    case abi.SECCOMP_RET_TRAP:
      forceSignal(task, sigsys(task, number, data));
      return number;
    case abi.SECCOMP_RET_TRACE: // There is no tracer.
    case abi.SECCOMP_RET_USER_NOTIF: // There is no listener.
      return -Errno.ENOSYS;
    case abi.SECCOMP_RET_KILL_THREAD:
      if (task.process.tasks.size > 1) return kill(task, Signal.SIGSYS);
      break;
    default:
  }
  const hasCore = task.process.limit(RLIMIT_CORE).soft > 0;
  endProcess(task.process, Signal.SIGSYS | (hasCore ? CORE_DUMPED : 0));
  return "killed";
}

/** do_exit: the thread alone. */
function kill(task: Task, status: number): "killed" {
  exitTask(task, status);
  return "killed";
}

function actionOf(verdict: number): number {
  return verdict & abi.SECCOMP_RET_ACTION_FULL;
}

function sigsys(task: Task, number: number, data: number): Parameters<typeof forceSignal>[1] {
  const { rip } = task.context;
  return { signal: Signal.SIGSYS, code: abi.SYS_SECCOMP, errno: data, address: BigInt(rip), syscall: number };
}

/** struct seccomp_data of the call the task stands at, as 32-bit words. */
function dataOf({ context }: Task, number: number): Uint32Array {
  const view = new DataView(new ArrayBuffer(abi.SECCOMP_DATA_BYTES));
  view.setInt32(0, number, true);
  view.setUint32(abi.SECCOMP_DATA_ARCH, abi.AUDIT_ARCH_X86_64, true);
  view.setBigUint64(abi.SECCOMP_DATA_IP, BigInt(context.rip), true);
  ARGUMENTS.forEach((register, index) =>
    view.setBigUint64(
      abi.SECCOMP_DATA_ARGS + index * 8,
      BigInt.asUintN(64, context.register(register)),
      true,
    ),
  );
  return new Uint32Array(view.buffer);
}
