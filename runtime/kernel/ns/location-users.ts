/** Who holds places of a mount: what makes umount(2) and a remount to read-only answer EBUSY (mnt_count, mnt_writers). */
import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import type { FileDescription } from "../vfs/file-description.ts";
import type { Mount } from "../vfs/mount.ts";

function* livingTasks(kernel: Kernel): Generator<Task> {
  for (const task of kernel.rootPids.tasks()) if (task.state !== "dead") yield task;
}

function* openFiles(kernel: Kernel): Generator<FileDescription> {
  const seen = new Set<Task["files"]>();
  for (const { files } of livingTasks(kernel)) {
    if (seen.has(files)) continue;
    seen.add(files);
    for (const fd of files.numbers()) {
      const file = files.get(fd);
      if (file !== undefined) yield file;
    }
  }
}

/** Somebody is in it, runs a program from it or has a file of it open. */
export function isBusy(kernel: Kernel, mount: Mount): boolean {
  for (const { filesystem, process } of livingTasks(kernel)) {
    const { root, workingDirectory } = filesystem;
    if (root.mount === mount || workingDirectory.mount === mount || process.executable?.mount === mount) return true;
  }
  for (const file of openFiles(kernel)) if (file.location?.mount === mount) return true;
  return false;
}

/** A file of it is open for writing; `isWhole`: through any mount of its filesystem. */
export function hasWriters(kernel: Kernel, mount: Mount, isWhole: boolean): boolean {
  for (const file of openFiles(kernel)) {
    const { location } = file;
    if (location === undefined || !file.isWritable) continue;
    const { type } = file.status().attributes;
    if (type !== "file") continue;
    if (location.mount === mount || (isWhole && location.mount.superblock === mount.superblock)) return true;
  }
  return false;
}
