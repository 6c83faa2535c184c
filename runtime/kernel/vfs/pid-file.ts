/** pidfd_open(2), CLONE_PIDFD: a process as a file, readable when it has ended. */
import { Errno } from "../abi/errno.ts";
import { POLLHUP, POLLIN, POLLRDNORM } from "../abi/poll.ts";
import type { Process } from "../task/process.ts";
import type { WaitQueue } from "../task/wait.ts";
import { AnonymousFile } from "./anonymous-file.ts";

export class PidFile extends AnonymousFile {
  readonly label = "anon_inode:[pidfd]";
  override readonly queue: WaitQueue;
  readonly process: Process;

  constructor(process: Process, statusFlags: number) {
    super(statusFlags);
    this.process = process;
    this.queue = process.exitQueue;
  }

  override get pidfdProcess(): Process {
    return this.process;
  }

  override poll(): number {
    if (!this.process.isZombie) return 0;
    return POLLIN | POLLRDNORM | (this.process.isReaped ? POLLHUP : 0);
  }

  override read(): number {
    return -Errno.EINVAL;
  }
}
