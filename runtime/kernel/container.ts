/**
 * The first process of a container: namespaces, mounts, credentials, standard streams, then exec. One hard
 * idea: it is made as an unborn child of the kernel, and everything that can fail fails before it runs an
 * instruction, with the errno that runc would have met.
 */
import type { Limit } from "./task/limits.ts";
import { defaultLimits } from "./task/limits.ts";
import { encodeUtf8 } from "../../layers/base/bytes.ts";
import { assert } from "../../layers/base/assert.ts";
import type { Cgroup } from "./cgroup.ts";
import type { Kernel } from "./kernel.ts";
import { AddressSpace } from "./mm/address-space.ts";
import type { Namespaces } from "./ns/namespaces.ts";
import { createTask } from "./task/birth.ts";
import type { Credentials } from "./task/credentials.ts";
import { execute } from "./task/exec.ts";
import { FilesystemContext } from "./task/filesystem-context.ts";
import { exitTask } from "./task/exit.ts";
import { Process } from "./task/process.ts";
import { SignalHandlers } from "./task/signal-state.ts";
import type { SeccompFilter } from "./task/seccomp.ts";
import { SyscallError } from "./task/syscall-error.ts";
import type { Task } from "./task/task.ts";
import { FdTable } from "./vfs/fd-table.ts";
import type { FileDescription } from "./vfs/file-description.ts";
import type { Location } from "./vfs/mount.ts";

const DEFAULT_UMASK = 0o022;
const SIGCHLD = 17;

export interface ProcessRequest {
  readonly namespaces: Namespaces;
  readonly cgroup: Cgroup;
  readonly root: Location;
  readonly workingDirectory: Location;
  readonly credentials: Credentials;
  readonly hasNoNewPrivileges: boolean;
  readonly limits?: readonly (Limit | undefined)[];
  /** The program's path, already found. */
  readonly path: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  /** Descriptors 0, 1, 2. */
  readonly streams: readonly FileDescription[];
  /** What the program's calls go through; `undefined` is unconfined. */
  readonly seccomp?: SeccompFilter | undefined;
  /** In whose family it is born: an exec into a container has none. */
  readonly parent?: Process;
}

/** A process ready to run its first instruction; `kernel.makeReady` starts it. Throws SyscallError. */
export function createProcess(kernel: Kernel, request: ProcessRequest): Task {
  const addressSpace = AddressSpace.create(kernel.machine, request.cgroup);
  const files = new FdTable();
  const parts = {
    addressSpace,
    files,
    filesystem: new FilesystemContext(request.root, request.workingDirectory, DEFAULT_UMASK),
    handlers: new SignalHandlers(),
    credentials: request.credentials,
    namespaces: request.namespaces,
    cgroup: request.cgroup,
  };
  const context = addressSpace.space.createContext();
  const task = createTask(kernel, request.namespaces.pidForChildren, parts, context, "runc");
  if (typeof task === "number") {
    addressSpace.release();
    throw new SyscallError(-task);
  }
  task.process = new Process(task, request.parent, undefined, kernel.monotonicNs());
  task.process.exitSignal = SIGCHLD;
  task.process.limits = defaultLimits().map((limit, resource) => request.limits?.[resource] ?? limit);
  task.hasNoNewPrivileges = request.hasNoNewPrivileges;
  request.streams.forEach((stream, fd) => {
    assert(files.open(stream, Number.POSITIVE_INFINITY) === fd, "standard streams are the first descriptors");
  });
  try {
    const { path, args, env } = request;
    execute(task, { path, args: args.map(encodeUtf8), env: env.map(encodeUtf8) });
  } catch (thrown) {
    exitTask(task, 0);
    throw thrown;
  }
  task.seccomp = request.seccomp;
  return task;
}
