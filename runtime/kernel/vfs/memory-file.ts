/**
 * Files without a name in a filesystem nobody has mounted: what memfd_create(2) gives, and what shared
 * anonymous memory could be made of (mm/shmem.c: shm_mnt).
 */
import { MemoryFilesystem } from "../../../layers/fs/memory.ts";
import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { Mount } from "./mount.ts";
import { NodeFile } from "./node-file.ts";

export interface MemoryFileRequest {
  /** As /proc/pid/fd shows it, without the slash before and the "(deleted)" behind. */
  readonly name: string;
  readonly mode: number;
  readonly seals: number;
  readonly statusFlags: number;
}

/** One hidden mount for each kernel. */
const mounts = new WeakMap<Kernel, Mount>();

function mountOf(kernel: Kernel): Mount {
  const known = mounts.get(kernel);
  if (known !== undefined) return known;
  const filesystem = new MemoryFilesystem({ clock: kernel.clock, rootMode: 0o1777, sizeBytesMax: kernel.memoryBytes });
  const superblock = kernel.superblock(filesystem, "tmpfs");
  const mount = new Mount(superblock, superblock.root, 0);
  mounts.set(kernel, mount);
  return mount;
}

export function createMemoryFile(task: Task, { name, mode, seals, statusFlags }: MemoryFileRequest): NodeFile {
  const mount = mountOf(task.kernel);
  const { superblock, root } = mount;
  const { fsuid: uid, fsgid: gid } = task.credentials;
  const entry = `${task.kernel.nextTemporary()}`;
  const node = superblock.filesystem.create(root.node, entry, { type: "file", mode, uid, gid });
  // The dentry carries the name to be shown; the directory never has it.
  const dentry = root.adopt(name, node);
  const file = new NodeFile({ mount, dentry }, statusFlags, false);
  superblock.filesystem.unlink(root.node, entry);
  root.forget(name);
  const { inode } = file;
  inode.isSealable = true;
  inode.seals = seals;
  return file;
}
