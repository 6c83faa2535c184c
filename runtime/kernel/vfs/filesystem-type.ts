/**
 * Kinds of filesystems that mount(2) knows by name (struct file_system_type): what /proc/filesystems lists. The
 * kernel registers its own; whoever owns the kernel may add more (overlay).
 */
import type { UserNamespace } from "../ns/user-namespace.ts";
import type { Task } from "../task/task.ts";
import type { Superblock } from "./mount.ts";

export interface NewFilesystem {
  /** Who mounts it: some kinds show what belongs to the caller's namespaces. */
  readonly task: Task;
  /** "none" and the like: shown as the device. */
  readonly source: string;
  /** Options as one string with commas. */
  readonly data: string;
}

export interface FilesystemType {
  readonly name: string;
  /** The user namespace in which the caller needs CAP_SYS_ADMIN, and whose the superblock will be. */
  owner(task: Task): UserNamespace | undefined;
  /** Throws SyscallError: EINVAL for options it does not know. */
  mount(request: NewFilesystem): Superblock;
  /** fsconfig(2): what is wrong with one option, before it is used; undefined when nothing is. */
  check?(option: string, task: Task): "unknown" | "bad" | undefined;
  /** MS_REMOUNT with options; throws like `mount`. */
  reconfigure?(superblock: Superblock, data: string, task: Task): void;
  /** Shows what a container hides: in a user namespace only where all of it is seen already (SB_I_USERNS_VISIBLE). */
  readonly isRevealing?: boolean;
}
