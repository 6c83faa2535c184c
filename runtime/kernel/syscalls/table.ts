/** Every system call there is, from the rows of each group. */
import { ASYNC_IO_CALLS } from "./async-io.ts";
import { ATTRIBUTE_CALLS } from "./attributes.ts";
import { DESCRIPTOR_CALLS } from "./descriptors.ts";
import { DIRECTORY_CALLS } from "./directories.ts";
import { EPOLL_CALLS } from "./epoll.ts";
import { EVENT_FILE_CALLS } from "./event-files.ts";
import { FUTEX_CALLS } from "./futex.ts";
import { IDENTITY_CALLS } from "./identity.ts";
import { KILL_CALLS } from "./kill.ts";
import { LINK_CALLS } from "./links.ts";
import { LOCK_CALLS } from "./locks.ts";
import { MEMORY_ADVICE_CALLS } from "./memory-advice.ts";
import { MEMORY_CALLS } from "./memory.ts";
import { MESSAGE_QUEUE_CALLS } from "./message-queues.ts";
import { MOUNT_API_CALLS } from "./mount-api.ts";
import { MOUNT_CALLS } from "./mounts.ts";
import { NAMESPACE_CALLS } from "./namespaces.ts";
import { OPEN_CALLS } from "./open.ts";
import { OTHER_MEMORY_CALLS } from "./other-memory.ts";
import { PIPE_CALLS } from "./pipes.ts";
import { POSIX_QUEUE_CALLS } from "./posix-queues.ts";
import { PRCTL_CALLS } from "./prctl.ts";
import { PROCESS_CALLS } from "./process.ts";
import { WAIT_CALLS } from "./wait.ts";
import { SCHEDULING_CALLS } from "./scheduling.ts";
import { RESOURCE_CALLS } from "./resources.ts";
import { PTRACE_CALLS } from "./ptrace.ts";
import type { Syscalls } from "./row.ts";
import { syscallsOf } from "./row.ts";
import { READINESS_CALLS } from "./readiness.ts";
import { INOTIFY_CALLS } from "./inotify.ts";
import { SECCOMP_CALLS } from "./seccomp.ts";
import { SEMAPHORE_CALLS } from "./semaphores.ts";
import { SESSION_CALLS } from "./sessions.ts";
import { SHARED_MEMORY_CALLS } from "./shared-memory.ts";
import { SIGNAL_CALLS } from "./signals.ts";
import { SOCKET_MESSAGE_CALLS } from "./socket-messages.ts";
import { SOCKET_CALLS } from "./sockets.ts";
import { SPLICE_CALLS } from "./splice.ts";
import { STATUS_CALLS } from "./status.ts";
import { STORAGE_CALLS } from "./storage.ts";
import { SYSTEM_CALLS } from "./system.ts";
import { THREAD_CALLS } from "./threads.ts";
import { TIME_CALLS } from "./time.ts";
import { TIMER_CALLS } from "./timers.ts";
import { TRANSFER_CALLS } from "./transfer.ts";
import { XATTR_CALLS } from "./xattrs.ts";

export const SYSCALLS: Syscalls = syscallsOf([
  ...TRANSFER_CALLS,
  ...SPLICE_CALLS,
  ...OPEN_CALLS,
  ...STATUS_CALLS,
  ...DIRECTORY_CALLS,
  ...LINK_CALLS,
  ...ATTRIBUTE_CALLS,
  ...STORAGE_CALLS,
  ...XATTR_CALLS,
  ...LOCK_CALLS,
  ...PIPE_CALLS,
  ...DESCRIPTOR_CALLS,
  ...MEMORY_CALLS,
  ...MEMORY_ADVICE_CALLS,
  ...SIGNAL_CALLS,
  ...PROCESS_CALLS,
  ...WAIT_CALLS,
  ...SCHEDULING_CALLS,
  ...RESOURCE_CALLS,
  ...THREAD_CALLS,
  ...FUTEX_CALLS,
  ...TIME_CALLS,
  ...IDENTITY_CALLS,
  ...NAMESPACE_CALLS,
  ...MOUNT_CALLS,
  ...MOUNT_API_CALLS,
  ...PRCTL_CALLS,
  ...SOCKET_CALLS,
  ...SOCKET_MESSAGE_CALLS,
  ...SYSTEM_CALLS,
  ...KILL_CALLS,
  ...TIMER_CALLS,
  ...READINESS_CALLS,
  ...EPOLL_CALLS,
  ...EVENT_FILE_CALLS,
  ...SESSION_CALLS,
  ...SECCOMP_CALLS,
  ...INOTIFY_CALLS,
  ...SHARED_MEMORY_CALLS,
  ...SEMAPHORE_CALLS,
  ...MESSAGE_QUEUE_CALLS,
  ...POSIX_QUEUE_CALLS,
  ...PTRACE_CALLS,
  ...OTHER_MEMORY_CALLS,
  ...ASYNC_IO_CALLS,
]);
