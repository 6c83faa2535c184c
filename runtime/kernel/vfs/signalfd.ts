/**
 * signalfd(2): reads as the pending signals of whoever reads, so that an inherited one shows the child's.
 * Its queue is the signal queue of the process that made it, as Linux's is of its sighand.
 */
import { Errno } from "../abi/errno.ts";
import { POLLIN } from "../abi/poll.ts";
import { SI_TIMER, Signal } from "../abi/signal.ts";
import type { SignalInfo } from "../task/signal-state.ts";
import { takeSignal } from "../task/take-signal.ts";
import type { Task } from "../task/task.ts";
import type { WaitQueue } from "../task/wait.ts";
import { AnonymousFile, littleEndian } from "./anonymous-file.ts";

/** struct signalfd_siginfo, linux/signalfd.h. */
const INFO_BYTES = 128;

export class SignalFile extends AnonymousFile {
  readonly label = "anon_inode:[signalfd]";
  override readonly queue: WaitQueue;
  readonly #maker: Task;
  mask: bigint;

  constructor(maker: Task, statusFlags: number, mask: bigint) {
    super(statusFlags);
    this.#maker = maker;
    this.queue = maker.process.signalQueue;
    this.mask = mask;
  }

  override poll(): number {
    const task = this.#maker.kernel.current ?? this.#maker;
    return ((task.pending.set | task.process.pending.set) & this.mask) !== 0n ? POLLIN : 0;
  }

  override read(target: Uint8Array, task: Task): number {
    if (target.length < INFO_BYTES) return -Errno.EINVAL;
    let count = 0;
    while (count + INFO_BYTES <= target.length) {
      const info = takeSignal(task, ~this.mask);
      if (info === undefined) break;
      encodeInfo(target.subarray(count, count + INFO_BYTES), info);
      count += INFO_BYTES;
    }
    return count === 0 ? -Errno.EAGAIN : count;
  }
}

function encodeInfo(target: Uint8Array, info: SignalInfo): void {
  target.fill(0);
  const view = littleEndian(target);
  view.setUint32(0, info.signal, true);
  view.setInt32(4, info.errno ?? 0, true);
  view.setInt32(8, info.code, true);
  view.setUint32(12, info.pid ?? 0, true);
  view.setUint32(16, info.uid ?? 0, true);
  view.setInt32(20, info.fd ?? 0, true);
  if (info.code === SI_TIMER) view.setUint32(24, info.timerId ?? 0, true);
  view.setUint32(28, info.band ?? 0, true);
  view.setUint32(32, info.overrun ?? 0, true);
  if (info.signal === Signal.SIGCHLD && info.code > 0) view.setInt32(40, info.status ?? 0, true);
  view.setInt32(44, Number(BigInt.asIntN(32, info.value ?? 0n)), true);
  view.setBigUint64(48, BigInt.asUintN(64, info.value ?? 0n), true);
  view.setBigUint64(72, BigInt.asUintN(64, info.address ?? 0n), true);
}
