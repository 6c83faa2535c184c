/** unshare(2), setns(2), sethostname(2), setdomainname(2): a task's view of the machine, exchanged or renamed. */
import * as flag from "../abi/clone.ts";
import { undoSemaphores } from "../ipc/semaphore-set.ts";
import { Errno } from "../abi/errno.ts";
import { decodeUtf8 } from "../../../layers/base/bytes.ts";
import { CLONE_NEW_ALL, cloneNamespaces } from "../ns/clone-namespaces.ts";
import { enterNamespace } from "../ns/enter-namespace.ts";
import type { NamespaceRef } from "../ns/enter-namespace.ts";
import { CLONE_FLAG_OF, NamespaceFile } from "../ns/namespace-file.ts";
import { hasCapabilityOverNamespace } from "../ns/namespace-owner.ts";
import type { NamespaceKind } from "../ns/namespaces.ts";
import { Capability } from "../task/credentials.ts";
import { mayLookInto } from "../task/ptrace-access.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { namespaceOf } from "../fs/proc/links.ts";
import { fileOf } from "./paths.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** __NEW_UTS_LEN. */
const NAME_BYTES_MAX = 64;
const ONE_THREAD_ONLY = flag.CLONE_THREAD | flag.CLONE_SIGHAND | flag.CLONE_VM;
const UNSHARABLE = CLONE_NEW_ALL | ONE_THREAD_ONLY | flag.CLONE_FS | flag.CLONE_FILES | flag.CLONE_SYSVSEM;
/** The order in which setns(2) by pidfd enters: power first (validate_nsset). */
const ENTRY_ORDER: readonly NamespaceKind[] = ["user", "mnt", "uts", "ipc", "pid", "cgroup", "net"];

function sysUnshare(task: Task, wanted: number): Result {
  if ((wanted & ~UNSHARABLE) !== 0) return -Errno.EINVAL;
  let flags = wanted;
  if ((flags & flag.CLONE_NEWUSER) !== 0) flags |= flag.CLONE_THREAD | flag.CLONE_FS;
  if ((flags & flag.CLONE_NEWNS) !== 0) flags |= flag.CLONE_FS;
  if ((flags & ONE_THREAD_ONLY) !== 0 && task.process.tasks.size > 1) return -Errno.EINVAL;
  const fresh = cloneNamespaces(task, flags & CLONE_NEW_ALL);
  if (typeof fresh === "number") return fresh;
  if ((flags & flag.CLONE_FS) !== 0 && task.filesystem.isShared) {
    const own = task.filesystem.clone();
    task.filesystem.release();
    task.filesystem = own;
  }
  if ((flags & flag.CLONE_FILES) !== 0 && task.files.isShared) {
    const own = task.files.clone();
    task.files.release(task);
    task.files = own;
  }
  if ((flags & flag.CLONE_NEWNS) !== 0) task.filesystem.translate(fresh.translate);
  if ((flags & (flag.CLONE_NEWIPC | flag.CLONE_SYSVSEM)) !== 0) undoSemaphores(task.process);
  task.namespaces = fresh.namespaces;
  task.credentials = fresh.credentials;
  return 0;
}

function sysSetns(task: Task, fd: number, wanted: number): Result {
  const file = fileOf(task, fd);
  const kinds = wanted | 0;
  if (file instanceof NamespaceFile) {
    if (kinds !== 0 && kinds !== CLONE_FLAG_OF[file.kind]) return -Errno.EINVAL;
    return enterNamespace(task, file);
  }
  const process = file.pidfdProcess;
  if (process === undefined || kinds === 0 || (kinds & ~CLONE_NEW_ALL) !== 0) return -Errno.EINVAL;
  if (process.isZombie) return -Errno.ESRCH;
  if (!mayLookInto(task, process.leader, false)) return -Errno.EPERM;
  return enterAll(task, process.leader, kinds);
}

/** All or nothing: what was entered before the first refusal is left again. */
function enterAll(task: Task, target: Task, kinds: number): number {
  const { namespaces, credentials, filesystem } = task;
  const [root, workingDirectory] = [filesystem.root, filesystem.workingDirectory];
  for (const kind of ENTRY_ORDER) {
    const found: NamespaceRef | undefined = (kinds & CLONE_FLAG_OF[kind]) === 0 ? undefined : namespaceOf(target, kind);
    const answer = found === undefined ? 0 : enterNamespace(task, found);
    if (answer === 0) continue;
    task.namespaces = namespaces;
    task.credentials = credentials;
    filesystem.root = root;
    filesystem.workingDirectory = workingDirectory;
    return answer;
  }
  return 0;
}

function setName(task: Task, kind: "hostname" | "domainname", address: number, sizeBytes: number): Result {
  const { uts } = task.namespaces;
  if (!hasCapabilityOverNamespace(task.credentials, Capability.CAP_SYS_ADMIN, uts)) return -Errno.EPERM;
  const size = sizeBytes | 0;
  if (size < 0 || size > NAME_BYTES_MAX) return -Errno.EINVAL;
  const text = decodeUtf8(task.memory.copyIn(address, size));
  const nul = text.indexOf("\0");
  uts[kind] = nul < 0 ? text : text.slice(0, nul);
  return 0;
}

export const NAMESPACE_CALLS: readonly SyscallRow[] = [
  call(170, "sethostname", "address, size", (task, address, size) => setName(task, "hostname", address, size)),
  call(171, "setdomainname", "address, size", (task, address, size) => setName(task, "domainname", address, size)),
  call(272, "unshare", "flags:clone", sysUnshare, "no time namespaces"),
  call(308, "setns", "fd, flags:clone", sysSetns),
];
