/**
 * The machine's one disk: what lies below the filesystems that outlive the container. One hard idea: it holds no
 * bytes. Filesystems do that; the disk knows what passed between them and the kernel, charges the control group of
 * whoever made it pass, and holds a task back that is over its group's io.max.
 */
import type { Direction } from "../io-account.ts";
import type { Kernel } from "../kernel.ts";

export class Disk {
  /** The first SCSI disk, as most machines call theirs (Documentation/admin-guide/devices.txt). */
  readonly name = "sda";
  readonly major = 8;
  readonly minor = 0;
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Bytes have passed. Outside of any task (the host's own tools) nobody is charged. */
  transfer(direction: Direction, bytes: number): void {
    const { current } = this.#kernel;
    if (current === undefined || bytes <= 0) return;
    const { transfers } = current.process;
    if (direction === "read") transfers.diskReadBytes += bytes;
    else transfers.diskWrittenBytes += bytes;
    const nowNs = this.#kernel.monotonicNs();
    const untilNs = current.cgroup.chargeIo(direction, bytes, nowNs);
    if (untilNs <= nowNs) return;
    const task = current;
    task.isWaitingForDisk = true;
    this.#kernel.scheduler.addTimer(untilNs, () => {
      task.isWaitingForDisk = false;
      this.#kernel.makeReady(task);
    });
  }
}
