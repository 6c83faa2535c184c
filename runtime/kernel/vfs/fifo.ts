/**
 * Named pipes (fifo(7)): opening one end waits for the other. The wait is the caller's: `openFifo` answers
 * the end at once, and `isFifoConnected` says whether open may return.
 */
import type { NodeId } from "../../../layers/fs/filesystem.ts";
import { Errno } from "../abi/errno.ts";
import { O_ACCMODE, O_NONBLOCK, O_WRONLY } from "../abi/fcntl.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { Location, Superblock } from "./mount.ts";
import { Pipe, PipeEnd } from "./pipe.ts";

const fifos = new WeakMap<Superblock, Map<NodeId, Pipe>>();

/** ENXIO for a non-blocking writer that nobody reads. */
export function openFifo(task: Task, location: Location, statusFlags: number): PipeEnd {
  const { superblock, node } = location.dentry;
  const pipes = fifos.get(superblock) ?? new Map<NodeId, Pipe>();
  fifos.set(superblock, pipes);
  let pipe = pipes.get(node);
  if (pipe === undefined || (pipe.readers === 0 && pipe.writers === 0 && pipe.queue.isEmpty)) {
    pipes.set(node, (pipe = new Pipe()));
  }
  const isLonely = (statusFlags & (O_ACCMODE | O_NONBLOCK)) === (O_WRONLY | O_NONBLOCK) && pipe.readers === 0;
  if (isLonely) throw new SyscallError(Errno.ENXIO);
  return new PipeEnd(pipe, statusFlags, location, task.kernel.realtimeNs());
}

/** Whether a blocking open of this end is done waiting: the other end is there. */
export function isFifoConnected(end: PipeEnd): boolean {
  if (end.isNonBlocking) return true;
  return end.isReadable ? end.pipe.writers > 0 : end.pipe.readers > 0;
}
