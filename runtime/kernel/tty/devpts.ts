/**
 * devpts (fs/devpts/inode.c): one terminal per file, and ptmx that makes them. One hard idea: every mount is
 * an instance with numbers of its own, so that a container's first terminal is /dev/pts/0.
 */
import { FsError } from "../../../layers/fs/errors.ts";
import type {
  AttributeChanges,
  Attributes,
  DirectoryEntry,
  FilesystemUsage,
  NodeId,
} from "../../../layers/fs/filesystem.ts";
import { Errno } from "../abi/errno.ts";
import { O_CLOEXEC, O_LARGEFILE, O_NOCTTY, O_TRUNC } from "../abi/fcntl.ts";
import { MadeFilesystem } from "../fs/made-filesystem.ts";
import type { Kernel } from "../kernel.ts";
import type { Credentials } from "../task/credentials.ts";
import { Capability, hasCapability, KERNEL_CREDENTIALS } from "../task/credentials.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { FileDescription } from "../vfs/file-description.ts";
import type { KernelFilesystem, Location } from "../vfs/mount.ts";
import { takeTerminal } from "./job-control.ts";
import { MasterFile } from "./master-file.ts";
import { Pty } from "./pty.ts";
import { TerminalFile } from "./terminal-file.ts";

const ROOT = 1;
const PTMX = 2;
/** Node of terminal 0. */
const FIRST = 3;
/** /proc/sys/kernel/pty/max. */
const TERMINALS_MAX = 4096;
const MODE_BITS = 0o7777;
const OPENING = O_CLOEXEC | O_NOCTTY | O_TRUNC | 0o300;

/** What mount(8) can say; see the documentation of devpts. */
export interface DevptsOptions {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly mode: number;
  readonly ptmxMode: number;
  readonly max: number;
}

interface Node {
  /** Its master is closed: the name is gone, files may be open yet. */
  isGone: boolean;
  opens: number;
  readonly pty: Pty | undefined;
  type: "directory" | "character";
  rdev: Attributes["rdev"];
  mode: number;
  uid: number;
  gid: number;
  atimeNs: bigint;
  mtimeNs: bigint;
  ctimeNs: bigint;
}

/** Options as text: "newinstance,ptmxmode=0666,mode=0620,gid=5". EINVAL for what devpts does not know. */
export function parseDevptsOptions(text: string): DevptsOptions {
  let options: DevptsOptions = {
    uid: undefined,
    gid: undefined,
    mode: 0o600,
    ptmxMode: 0,
    max: TERMINALS_MAX,
  };
  for (const option of text.split(",")) {
    if (option === "" || option === "newinstance" || option === "rw" || option === "ro") continue;
    const [name = "", value = ""] = option.split("=");
    const isOctal = name === "mode" || name === "ptmxmode";
    if (!(isOctal ? /^[0-7]+$/ : /^\d+$/).test(value)) throw new SyscallError(Errno.EINVAL);
    const number = parseInt(value, isOctal ? 8 : 10);
    if (name === "uid") options = { ...options, uid: number };
    else if (name === "gid") options = { ...options, gid: number };
    else if (name === "mode") options = { ...options, mode: number & MODE_BITS };
    else if (name === "ptmxmode") options = { ...options, ptmxMode: number & MODE_BITS };
    else if (name === "max" && number <= TERMINALS_MAX) options = { ...options, max: number };
    else throw new SyscallError(Errno.EINVAL);
  }
  return options;
}

export class DevptsFilesystem extends MadeFilesystem implements KernelFilesystem {
  readonly type = "devpts";
  readonly root: NodeId = ROOT;
  readonly #kernel: Kernel;
  readonly #options: DevptsOptions;
  readonly #nodes = new Map<NodeId, Node>();
  /** Numbers of pairs that somebody still has open; their names go with the master. */
  readonly #taken = new Map<number, Pty>();

  constructor(kernel: Kernel, options = "") {
    super();
    this.#kernel = kernel;
    this.#options = parseDevptsOptions(options);
    this.#nodes.set(
      ROOT,
      this.#node(undefined, "directory", 0o755, { major: 0, minor: 0 }, KERNEL_CREDENTIALS),
    );
    const ptmx = this.#node(
      undefined,
      "character",
      this.#options.ptmxMode,
      { major: 5, minor: 2 },
      KERNEL_CREDENTIALS,
    );
    this.#nodes.set(PTMX, ptmx);
  }

  showOptions(): string {
    const { uid, gid, mode, ptmxMode, max } = this.#options;
    const octal = (bits: number): string => bits.toString(8).padStart(3, "0");
    const owner = (uid === undefined ? "" : `,uid=${uid}`) + (gid === undefined ? "" : `,gid=${gid}`);
    return `${owner},mode=${octal(mode)},ptmxmode=${octal(ptmxMode)}${max < TERMINALS_MAX ? `,max=${max}` : ""}`;
  }

  /** A new pair; `who` owns the terminal. -ENOSPC when there are too many. */
  createPair(who: Credentials, capacity?: number): Pty | number {
    let index = 0;
    while (this.#taken.has(index)) index += 1;
    if (index >= this.#options.max) return -Errno.ENOSPC;
    const pty = new Pty(index, () => this.#kernel.monotonicNs(), capacity);
    this.#taken.set(index, pty);
    const { uid = who.fsuid, gid = who.fsgid, mode } = this.#options;
    const owner = { ...who, fsuid: uid, fsgid: gid };
    this.#nodes.set(FIRST + index, this.#node(pty, "character", mode, { major: 136, minor: index }, owner));
    return pty;
  }

  /** The master's end is closed: the name goes, the number when no file is left. */
  endPair(pty: Pty): void {
    const node = this.#find(FIRST + pty.index);
    node.isGone = true;
    pty.masterClosed();
    this.#settle(FIRST + pty.index, node);
  }

  /** Where `pty` is, below this mount's root. */
  locationOf(pty: Pty, { mount, dentry }: Location): Location | undefined {
    const found = dentry.child(String(pty.index));
    return found === undefined ? undefined : { mount, dentry: found };
  }

  /** `location` is what was opened, `directory` the root of the instance it stands for. */
  openMaster(flags: number, task: Task, location: Location, directory: Location): FileDescription | number {
    const pty = this.createPair(task.credentials);
    if (typeof pty === "number") return pty;
    return new MasterFile({
      pty,
      location,
      statusFlags: (flags & ~OPENING) | O_LARGEFILE,
      openSlave: (statusFlags) => {
        const place = this.locationOf(pty, directory);
        return place === undefined ? -Errno.EIO : new TerminalFile(pty, place, statusFlags);
      },
      onClosed: () => this.endPair(pty),
    });
  }

  open(node: NodeId, flags: number, task: Task, location: Location): FileDescription | number | undefined {
    const { mount, dentry } = location;
    if (node === PTMX)
      return this.openMaster(flags, task, location, { mount, dentry: dentry.parent ?? dentry });
    const pty = this.#nodes.get(node)?.pty;
    return pty === undefined ? undefined : openTerminal(pty, flags, task, location);
  }

  lookup(parent: NodeId, name: string): NodeId | undefined {
    if (parent !== ROOT) throw new FsError("ENOTDIR");
    if (name === "ptmx") return PTMX;
    const node = /^(0|[1-9]\d*)$/.test(name) ? FIRST + Number(name) : 0;
    return node >= FIRST && this.#nodes.get(node)?.isGone === false ? node : undefined;
  }

  readDirectory(node: NodeId): readonly DirectoryEntry[] {
    if (node !== ROOT) throw new FsError("ENOTDIR");
    const shown = [...this.#nodes].flatMap(([ino, { isGone }]) => (isGone || ino === ROOT ? [] : [ino]));
    return shown.map((ino) => {
      return { name: ino === PTMX ? "ptmx" : String(ino - FIRST), ino, type: "character" };
    });
  }

  attributes(ino: NodeId): Attributes {
    const { type, rdev, mode, uid, gid, atimeNs, mtimeNs, ctimeNs } = this.#find(ino);
    const nlink = type === "directory" ? 2 : 1;
    return {
      ino,
      type,
      mode,
      nlink,
      uid,
      gid,
      rdev,
      sizeBytes: 0,
      allocatedBytes: 0,
      atimeNs,
      mtimeNs,
      ctimeNs,
    };
  }

  setAttributes(ino: NodeId, { mode, uid, gid, atimeNs, mtimeNs, ctimeNs }: AttributeChanges): void {
    const node = this.#find(ino);
    if (mode !== undefined) node.mode = mode & MODE_BITS;
    if (uid !== undefined) node.uid = uid;
    if (gid !== undefined) node.gid = gid;
    if (atimeNs !== undefined) node.atimeNs = atimeNs;
    if (mtimeNs !== undefined) node.mtimeNs = mtimeNs;
    node.ctimeNs = ctimeNs ?? this.#kernel.realtimeNs();
  }

  readLink(): never {
    throw new FsError("EINVAL");
  }

  create(_parent: NodeId, _name: string, { type }: { readonly type: string }): never {
    throw new FsError(type === "file" ? "EACCES" : "EPERM");
  }

  removeDirectory(): never {
    throw new FsError("EPERM");
  }

  read(): never {
    throw new FsError("EINVAL");
  }

  acquire(ino: NodeId): void {
    this.#find(ino).opens += 1;
  }

  release(ino: NodeId): void {
    const node = this.#find(ino);
    node.opens -= 1;
    this.#settle(ino, node);
  }

  usage(): FilesystemUsage {
    return { sizeBytes: 0, freeBytes: 0, nodes: 0, nodesFree: 0 };
  }

  #node(
    pty: Pty | undefined,
    type: Node["type"],
    mode: number,
    rdev: Attributes["rdev"],
    { fsuid, fsgid }: Credentials,
  ): Node {
    const nowNs = this.#kernel.realtimeNs();
    return {
      isGone: false,
      opens: 0,
      pty,
      type,
      rdev,
      mode,
      uid: fsuid,
      gid: fsgid,
      atimeNs: nowNs,
      mtimeNs: nowNs,
      ctimeNs: nowNs,
    };
  }

  /** The number of a pair is free again when both ends are closed. */
  #settle(ino: NodeId, node: Node): void {
    if (!node.isGone || node.opens > 0) return;
    this.#nodes.delete(ino);
    this.#taken.delete(ino - FIRST);
  }

  #find(node: NodeId): Node {
    const found = this.#nodes.get(node);
    if (found === undefined) throw new FsError("ENOENT");
    return found;
  }
}

/** tty_open of a terminal by one of its names; a session's leader without a terminal gets it. */
export function openTerminal(
  pty: Pty,
  flags: number,
  task: Task,
  location: Location,
): FileDescription | number {
  if (!pty.hasMaster || pty.isLocked) return -Errno.EIO;
  if (pty.isExclusive && !hasCapability(task.credentials, Capability.CAP_SYS_ADMIN)) return -Errno.EBUSY;
  const file = new TerminalFile(pty, location, (flags & ~OPENING) | O_LARGEFILE);
  const { process } = task;
  const isFree =
    process.session.leader === process && process.terminal === undefined && pty.session === undefined;
  if (isFree && (flags & O_NOCTTY) === 0 && file.isReadable) takeTerminal(process, pty);
  return file;
}
