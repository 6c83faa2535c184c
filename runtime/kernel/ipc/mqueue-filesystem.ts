/**
 * The filesystem of POSIX message queues (mqueue): what mq_open(3) opens and /dev/mqueue shows. One hard idea: there
 * is one for each ipc namespace, however often it is mounted; names, owners and modes are those of a tmpfs, and
 * opening a file opens its queue.
 */
import { Errno } from "../abi/errno.ts";
import { FsError } from "../../../layers/fs/errors.ts";
import type { Attributes, NodeId, NodeInit } from "../../../layers/fs/filesystem.ts";
import { setting } from "../fs/proc/sysctl.ts";
import { Tmpfs } from "../fs/tmpfs.ts";
import type { Kernel } from "../kernel.ts";
import type { PlainNamespace } from "../ns/namespaces.ts";
import { Capability, hasCapability } from "../task/credentials.ts";
import { Rlimit } from "../task/limits.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { FileDescription } from "../vfs/file-description.ts";
import type { Location } from "../vfs/mount.ts";
import { Mount } from "../vfs/mount.ts";
import type { QueueAttributes } from "./posix-queue.ts";
import { chargeOf, PosixQueue } from "./posix-queue.ts";
import { QueueFile } from "./queue-file.ts";

/** st_size of every queue (FILENT_SIZE). */
const FILE_BYTES = 80;
/** HARD_MSGMAX and HARD_MSGSIZEMAX: for those who may go beyond the settings. */
const MESSAGES_MAX = 65_536;
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

export class MqueueFilesystem extends Tmpfs {
  override readonly type = "mqueue";
  readonly #kernel: Kernel;
  readonly #queues = new Map<NodeId, PosixQueue>();
  /** What the queue about to be made is asked to be. */
  #asked: QueueAttributes | undefined;

  constructor(kernel: Kernel) {
    super(kernel, {});
    this.#kernel = kernel;
  }

  override showOptions(): string {
    return "";
  }

  override attributes(node: NodeId): Attributes {
    const attributes = super.attributes(node);
    return attributes.type === "file"
      ? { ...attributes, sizeBytes: FILE_BYTES, allocatedBytes: 0 }
      : attributes;
  }

  /** Files are all there is, and their names are for good (mqueue_dir_inode_operations). */
  override create(parent: NodeId, name: string, init: NodeInit): NodeId {
    if (init.type !== "file") throw new FsError("EPERM");
    return super.create(parent, name, init);
  }

  override rename(): void {
    throw new FsError("EPERM");
  }

  override link(): void {
    throw new FsError("EPERM");
  }

  open(node: NodeId, flags: number, task: Task, location: Location): FileDescription | undefined {
    const { type, uid } = this.attributes(node);
    if (type !== "file") return undefined;
    let queue = this.#queues.get(node);
    if (queue === undefined) this.#queues.set(node, (queue = this.#newQueue(task, uid)));
    return new QueueFile(queue, location, flags);
  }

  /** A queue made by `make` will be as asked. @throws SyscallError when it may not be. */
  withAttributes<T>(task: Task, attributes: QueueAttributes | undefined, make: () => T): T {
    this.#forgetRemoved();
    if (attributes !== undefined) requireAllowed(task, attributes);
    const most = Number(setting(this.#kernel, "fs/mqueue/queues_max"));
    const isFree = hasCapability(task.credentials, Capability.CAP_SYS_RESOURCE);
    if (this.#queues.size >= most && !isFree) throw new SyscallError(Errno.ENOSPC);
    const charge = chargeOf(attributes ?? this.#defaults());
    const own = [...this.#queues.values()].filter(({ ownerUid }) => ownerUid === task.credentials.fsuid);
    const used = own.reduce((sum, queue) => sum + queue.chargedBytes, 0);
    const limit = task.process.limit(Rlimit.RLIMIT_MSGQUEUE).soft;
    if (used + charge > limit) throw new SyscallError(Errno.EMFILE);
    this.#asked = attributes;
    try {
      return make();
    } finally {
      this.#asked = undefined;
    }
  }

  #newQueue(task: Task, uid: number): PosixQueue {
    return new PosixQueue(this.#asked ?? this.#defaults(), uid === 0 ? task.credentials.fsuid : uid);
  }

  /** fs.mqueue.msg_default, but no more than msg_max. */
  #defaults(): QueueAttributes {
    const [most, usual] = this.#settings("msg_max", "msg_default");
    const [largest, normal] = this.#settings("msgsize_max", "msgsize_default");
    return { messagesMax: Math.min(most, usual), messageBytesMax: Math.min(largest, normal) };
  }

  #settings(first: string, second: string): readonly [number, number] {
    return [
      Number(setting(this.#kernel, `fs/mqueue/${first}`)),
      Number(setting(this.#kernel, `fs/mqueue/${second}`)),
    ];
  }

  /** Queues whose last name is gone no longer count. */
  #forgetRemoved(): void {
    const named = new Set(this.readDirectory(this.root).map(({ ino }) => ino));
    for (const node of this.#queues.keys()) if (!named.has(node)) this.#queues.delete(node);
  }
}

/** mq_attr_ok. */
function requireAllowed(task: Task, { messagesMax, messageBytesMax }: QueueAttributes): void {
  const { kernel, credentials } = task;
  const isFree = hasCapability(credentials, Capability.CAP_SYS_RESOURCE);
  const most = isFree ? MESSAGES_MAX : Number(setting(kernel, "fs/mqueue/msg_max"));
  const largest = isFree ? MESSAGE_BYTES_MAX : Number(setting(kernel, "fs/mqueue/msgsize_max"));
  const isSound = messagesMax > 0 && messageBytesMax > 0 && messagesMax <= most && messageBytesMax <= largest;
  if (!isSound) throw new SyscallError(Errno.EINVAL);
}

const ROOTS = new WeakMap<PlainNamespace, Mount>();

/** The namespace's own mount of its queues (mq_mnt): what mq_open looks in, and what is mounted at /dev/mqueue. */
export function queuesOf(kernel: Kernel, namespace: PlainNamespace): Mount {
  let mount = ROOTS.get(namespace);
  if (mount === undefined) {
    const superblock = kernel.superblock(new MqueueFilesystem(kernel), "mqueue");
    ROOTS.set(namespace, (mount = new Mount(superblock, superblock.root, 0)));
  }
  return mount;
}
