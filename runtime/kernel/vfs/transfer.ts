/**
 * Reading and writing through a descriptor: the one place where "not yet" becomes waiting. Guest memory is
 * looked up again at every try, because the program's memory may have moved meanwhile.
 */
import { Errno } from "../abi/errno.ts";
import { PROT_READ, PROT_WRITE } from "../abi/mman.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { Blocked } from "../task/wait.ts";
import type { FileDescription } from "./file-description.ts";

/** Most bytes one call moves (MAX_RW_COUNT, linux/fs.h). */
const BYTES_MAX = 0x7fff_f000;

export function readInto(task: Task, file: FileDescription, address: number, sizeBytes: number): Result {
  if (!file.isReadable) return -Errno.EBADF;
  const size = Math.min(sizeBytes, BYTES_MAX);
  if (size < 0) return -Errno.EINVAL;
  return waiting(file, "read", () => {
    const reachable = size === 0 ? 0 : task.addressSpace.reachable(address, size, PROT_WRITE);
    if (reachable === 0 && size > 0) return -Errno.EFAULT;
    return file.read(task.memory.writable(address, reachable), task);
  });
}

/** Blocking writes go on until all is written, as pipes and sockets do; a signal answers the part. */
export function writeFrom(task: Task, file: FileDescription, address: number, sizeBytes: number): Result {
  if (!file.isWritable) return -Errno.EBADF;
  const size = Math.min(sizeBytes, BYTES_MAX);
  if (size < 0) return -Errno.EINVAL;
  let done = 0;
  const attempt = (): Result => {
    do {
      const reachable = size === 0 ? 0 : task.addressSpace.reachable(address + done, size - done, PROT_READ);
      if (reachable === 0 && size > 0) return done > 0 ? done : -Errno.EFAULT;
      const count = file.write(task.memory.readable(address + done, reachable), task);
      if (count === -Errno.EAGAIN) {
        if (file.isNonBlocking) return done > 0 ? done : -Errno.EAGAIN;
        return blocked;
      }
      if (count < 0) return done > 0 ? done : count;
      done += count;
      if (count === 0) return done;
    } while (done < size);
    return done;
  };
  const blocked: Blocked = new Blocked({
    queues: [file.queue],
    retry: attempt,
    interrupt: () => (done > 0 ? done : -512),
    reason: "pipe_write",
  });
  return attempt();
}

/** Tries `attempt` until it answers anything but -EAGAIN; only once for non-blocking files. */
export function waiting(file: FileDescription, reason: string, attempt: () => number): Result {
  const first = attempt();
  if (first !== -Errno.EAGAIN || file.isNonBlocking) return first;
  const blocked: Blocked = new Blocked({
    queues: [file.queue],
    retry: () => {
      const again = attempt();
      return again === -Errno.EAGAIN ? blocked : again;
    },
    reason,
  });
  return blocked;
}
