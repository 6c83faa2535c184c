/** timerfd_create(2): reads as the number of expirations since the last read. */
import { Errno } from "../abi/errno.ts";
import { POLLIN } from "../abi/poll.ts";
import type { Kernel } from "../kernel.ts";
import { IntervalTimer, monotonicAxis } from "../task/timers.ts";
import type { TimerSetting } from "../task/timers.ts";
import { AnonymousFile, littleEndian } from "./anonymous-file.ts";

const WORD_BYTES = 8;

export class TimerFile extends AnonymousFile {
  readonly label = "anon_inode:[timerfd]";
  readonly clock: number;
  readonly timer: IntervalTimer;
  #expirations = 0;

  constructor(kernel: Kernel, statusFlags: number, clock: number) {
    super(statusFlags);
    this.clock = clock;
    this.timer = new IntervalTimer(monotonicAxis(kernel), () => {
      this.#expirations += 1 + this.timer.advance();
      this.queue.notify(POLLIN);
    });
  }

  /** After timerfd_settime: what had expired before counts no more. */
  reset(): void {
    this.#expirations = 0;
  }

  get setting(): TimerSetting {
    return this.timer.setting;
  }

  override poll(): number {
    return this.#expirations > 0 ? POLLIN : 0;
  }

  override read(target: Uint8Array): number {
    if (target.length < WORD_BYTES) return -Errno.EINVAL;
    if (this.#expirations === 0) return -Errno.EAGAIN;
    littleEndian(target).setBigUint64(0, BigInt(this.#expirations), true);
    this.#expirations = 0;
    return WORD_BYTES;
  }

  protected override closed(): void {
    this.timer.cancel();
  }
}
