/** Every system call there is, from the rows of each group. */
import { DESCRIPTOR_CALLS } from "./descriptors.ts";
import { IDENTITY_CALLS } from "./identity.ts";
import { MEMORY_CALLS } from "./memory.ts";
import { PATH_CALLS } from "./paths.ts";
import { PROCESS_CALLS } from "./process.ts";
import { PRCTL_CALLS } from "./prctl.ts";
import { RESOURCE_CALLS } from "./resources.ts";
import { SCHEDULING_CALLS } from "./scheduling.ts";
import { WAIT_CALLS } from "./wait.ts";
import type { Syscalls } from "./row.ts";
import { syscallsOf } from "./row.ts";
import { SIGNAL_CALLS } from "./signals.ts";
import { SOCKET_MESSAGE_CALLS } from "./socket-messages.ts";
import { SOCKET_CALLS } from "./sockets.ts";
import { SYSTEM_CALLS } from "./system.ts";
import { THREAD_CALLS } from "./threads.ts";
import { TIME_CALLS } from "./time.ts";
import { TRANSFER_CALLS } from "./transfer.ts";

export const SYSCALLS: Syscalls = syscallsOf([
  ...TRANSFER_CALLS,
  ...PATH_CALLS,
  ...DESCRIPTOR_CALLS,
  ...MEMORY_CALLS,
  ...SIGNAL_CALLS,
  ...PROCESS_CALLS,
  ...PRCTL_CALLS,
  ...RESOURCE_CALLS,
  ...SCHEDULING_CALLS,
  ...WAIT_CALLS,
  ...THREAD_CALLS,
  ...TIME_CALLS,
  ...IDENTITY_CALLS,
  ...SOCKET_CALLS,
  ...SOCKET_MESSAGE_CALLS,
  ...SYSTEM_CALLS,
]);
