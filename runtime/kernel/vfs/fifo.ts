/**
 * Named pipes (fifo(7)): opening one end waits for the other. The wait is the caller's: `openFifo` answers
 * the end at once, and `PipeEnd.isConnected` says whether open may return.
 */
import { Errno } from "../abi/errno.ts";
import { O_ACCMODE, O_NONBLOCK, O_WRONLY } from "../abi/fcntl.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { Location } from "./mount.ts";
import { Pipe, PipeEnd } from "./pipe.ts";

/** ENXIO for a non-blocking writer that nobody reads. */
export function openFifo(task: Task, location: Location, statusFlags: number): PipeEnd {
  const { superblock, node } = location.dentry;
  const isLonely = (statusFlags & (O_ACCMODE | O_NONBLOCK)) === (O_WRONLY | O_NONBLOCK);
  if (isLonely && (superblock.knownInode(node)?.pipe?.readers ?? 0) === 0) throw new SyscallError(Errno.ENXIO);
  const pipe = (superblock.inode(node).pipe ??= new Pipe());
  return new PipeEnd(pipe, statusFlags, location, task.kernel.realtimeNs());
}
