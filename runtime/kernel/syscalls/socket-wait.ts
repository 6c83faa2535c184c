/**
 * Waiting in calls on sockets: what `vfs/transfer.ts` is for files, with what sockets add: MSG_DONTWAIT,
 * SO_RCVTIMEO and SO_SNDTIMEO, and the part already done (socket(7), net/core/sock.c: sock_intr_errno).
 */
import { Errno, ERESTARTSYS } from "../abi/errno.ts";
import type { Socket } from "../net/socket.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { Blocked } from "../task/wait.ts";

export interface SocketWait {
  readonly isRefused: boolean;
  /** SO_RCVTIMEO or SO_SNDTIMEO; 0 waits for ever. */
  readonly timeoutNs: number;
  readonly reason: string;
  /** What has been done so far: answered instead of an error when the wait ends without more. */
  readonly done?: () => number;
  /** Negative; -EAGAIN unless given. */
  readonly timeoutError?: number;
}

/** Tries `attempt` until it answers anything but -EAGAIN. */
export function waitOnSocket(task: Task, socket: Socket, wait: SocketWait, attempt: () => number): Result {
  const first = attempt();
  if (first !== -Errno.EAGAIN) return first;
  const done = wait.done ?? (() => 0);
  if (wait.isRefused) return done() > 0 ? done() : first;
  const hasTimeout = wait.timeoutNs > 0;
  const deadlineNs = hasTimeout ? task.kernel.monotonicNs() + wait.timeoutNs : undefined;
  const blocked = (): Blocked =>
    new Blocked({
      queues: socket.waitQueues(),
      deadlineNs,
      retry: () => {
        const again = attempt();
        return again === -Errno.EAGAIN ? blocked() : again;
      },
      timeout: () => (done() > 0 ? done() : (wait.timeoutError ?? -Errno.EAGAIN)),
      interrupt: () => (done() > 0 ? done() : hasTimeout ? -Errno.EINTR : -ERESTARTSYS),
      reason: wait.reason,
    });
  return blocked();
}
