/**
 * Control messages (cmsg(3), net/core/scm.c): from a program's msg_control to what a socket sends, and back.
 * One hard idea: descriptors become open files on the way out and descriptors of the receiver on the way
 * in; what does not fit is closed, and MSG_CTRUNC says so.
 */
import { Errno } from "../abi/errno.ts";
import {
  AF_NETLINK,
  AF_UNIX,
  CMSGHDR_BYTES,
  cmsgSpace,
  encodeUcred,
  intOf,
  MSG_CMSG_CLOEXEC,
  MSG_CTRUNC,
  SCM_CREDENTIALS,
  SCM_FDS_MAX,
  SCM_RIGHTS,
  SOL_SOCKET,
  UCRED_BYTES,
} from "../abi/socket.ts";
import type { Credentials } from "../task/credentials.ts";
import { Capability, hasCapability } from "../task/credentials.ts";
import { Rlimit } from "../task/limits.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { FileDescription } from "../vfs/file-description.ts";
import { pidSeenBy } from "./peer-pid.ts";
import type { ControlMessage, PassedCredentials, Received, Socket } from "./socket.ts";

/** net.core.optmem_max. */
const CONTROL_BYTES_MAX = 131_072;

export interface SentControl {
  readonly rights?: readonly FileDescription[];
  readonly credentials?: PassedCredentials;
  readonly control: readonly ControlMessage[];
}

/** Reads msg_control; throws EINVAL, EBADF, EPERM, ENOBUFS. */
export function readControl(task: Task, socket: Socket, address: number, sizeBytes: number): SentControl {
  if (sizeBytes > CONTROL_BYTES_MAX) throw new SyscallError(Errno.ENOBUFS);
  const bytes = task.memory.copyIn(address, sizeBytes);
  const view = new DataView(bytes.buffer);
  const control: ControlMessage[] = [];
  let rights: FileDescription[] | undefined;
  let credentials: PassedCredentials | undefined;
  for (let at = 0; sizeBytes - at >= CMSGHDR_BYTES;) {
    const length = Number(view.getBigUint64(at, true));
    if (length < CMSGHDR_BYTES || length > sizeBytes - at) throw new SyscallError(Errno.EINVAL);
    const message = {
      level: view.getInt32(at + 8, true),
      type: view.getInt32(at + 12, true),
      data: bytes.subarray(at + 16, at + length),
    };
    at += cmsgSpace(length - CMSGHDR_BYTES);
    if (message.level !== SOL_SOCKET) control.push(message);
    else if (socket.family !== AF_UNIX) checkForeign(socket, message.type);
    else if (message.type === SCM_RIGHTS)
      rights = [...(rights ?? []), ...filesOf(task, message.data, rights?.length ?? 0)];
    else if (message.type === SCM_CREDENTIALS) credentials = checkedCredentials(task, message.data);
    else throw new SyscallError(Errno.EINVAL);
  }
  return {
    control,
    ...(rights === undefined ? {} : { rights }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

/** Internet sockets let pass what is of unix sockets; netlink refuses it (__sock_cmsg_send, __scm_send). */
function checkForeign({ family }: Socket, type: number): void {
  const isUnixOnly = type === SCM_RIGHTS || type === SCM_CREDENTIALS;
  if (!isUnixOnly || family === AF_NETLINK) throw new SyscallError(Errno.EINVAL);
}

function filesOf(task: Task, data: Uint8Array, already: number): FileDescription[] {
  const count = Math.floor(data.length / 4);
  if (count + already > SCM_FDS_MAX) throw new SyscallError(Errno.EINVAL);
  return Array.from({ length: count }, (_, index) => {
    const file = task.files.get(intOf(data, index * 4));
    if (file === undefined) throw new SyscallError(Errno.EBADF);
    return file;
  });
}

/** scm_check_creds: nobody says he is somebody else without the capability. */
function checkedCredentials(task: Task, data: Uint8Array): PassedCredentials {
  if (data.length !== UCRED_BYTES) throw new SyscallError(Errno.EINVAL);
  const [pid, uid, gid] = [intOf(data), intOf(data, 4), intOf(data, 8)];
  const who: Credentials = task.credentials;
  const { leader } = task.process;
  const mayPid = pid === leader.tidIn(task.pidNamespace) || hasCapability(who, Capability.CAP_SYS_ADMIN);
  const mayUid = [who.uid, who.euid, who.suid].includes(uid) || hasCapability(who, Capability.CAP_SETUID);
  const mayGid = [who.gid, who.egid, who.sgid].includes(gid) || hasCapability(who, Capability.CAP_SETGID);
  if (!mayPid || !mayUid || !mayGid) throw new SyscallError(Errno.EPERM);
  const meant = task.pidNamespace.task(pid);
  if (meant === undefined) throw new SyscallError(Errno.ESRCH);
  return { pids: meant.pids, uid, gid };
}

/** Where control messages of one recvmsg go. */
class ControlWriter {
  readonly #task: Task;
  readonly #start: number;
  #at: number;
  readonly #end: number;
  flags = 0;

  constructor(task: Task, address: number, sizeBytes: number) {
    this.#task = task;
    this.#start = address;
    this.#at = address;
    this.#end = address + (address === 0 ? 0 : sizeBytes);
  }

  get usedBytes(): number {
    return this.#at - this.#start;
  }

  get roomBytes(): number {
    return this.#end - this.#at;
  }

  put(level: number, type: number, data: Uint8Array): void {
    if (this.roomBytes < CMSGHDR_BYTES) {
      this.flags |= MSG_CTRUNC;
      return;
    }
    const length = Math.min(CMSGHDR_BYTES + data.length, this.roomBytes);
    if (length < CMSGHDR_BYTES + data.length) this.flags |= MSG_CTRUNC;
    const { memory } = this.#task;
    memory.writeU64(this.#at, BigInt(length));
    memory.writeU32(this.#at + 8, level);
    memory.writeU32(this.#at + 12, type);
    memory.copyOut(this.#at + CMSGHDR_BYTES, data.subarray(0, length - CMSGHDR_BYTES));
    this.#at += Math.min(cmsgSpace(data.length), this.roomBytes);
  }
}

/** Writes what came with a message; answers the bytes used and the MSG_ bits to add. */
export function writeControl(
  task: Task,
  received: Received,
  address: number,
  sizeBytes: number,
  flags: number,
): { readonly usedBytes: number; readonly flags: number } {
  const writer = new ControlWriter(task, address, sizeBytes);
  for (const { level, type, data } of received.control ?? []) writer.put(level, type, data);
  const { credentials, rights = [] } = received;
  if (credentials !== undefined) {
    writer.put(
      SOL_SOCKET,
      SCM_CREDENTIALS,
      encodeUcred(pidSeenBy(credentials.pids, task), credentials.uid, credentials.gid),
    );
  }
  if (rights.length > 0) putRights(task, rights, writer, (flags & MSG_CMSG_CLOEXEC) !== 0);
  return { usedBytes: writer.usedBytes, flags: writer.flags };
}

/** scm_detach_fds: as many as there is room for; the rest is closed. */
function putRights(
  task: Task,
  rights: readonly FileDescription[],
  writer: ControlWriter,
  isClosedOnExec: boolean,
): void {
  const room = Math.max(0, Math.floor((writer.roomBytes - CMSGHDR_BYTES) / 4));
  const limit = task.process.limit(Rlimit.RLIMIT_NOFILE).soft;
  const installed: number[] = [];
  for (const file of rights.slice(0, room)) {
    const fd = task.files.open(file, limit, { isClosedOnExec });
    if (fd < 0) break;
    installed.push(fd);
  }
  for (const file of rights) file.release();
  if (installed.length > 0)
    writer.put(SOL_SOCKET, SCM_RIGHTS, new Uint8Array(Int32Array.from(installed).buffer));
  if (installed.length < rights.length) writer.flags |= MSG_CTRUNC;
}
