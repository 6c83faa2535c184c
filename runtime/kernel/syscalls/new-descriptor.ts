/** A number for a file that a call made: the lowest free one, or -EMFILE. */
import { O_CLOEXEC } from "../abi/fcntl.ts";
import { Rlimit } from "../task/limits.ts";
import type { Task } from "../task/task.ts";
import type { FileDescription } from "../vfs/file-description.ts";

/** `flags` of the call: O_CLOEXEC counts here. */
export function newDescriptor(task: Task, file: FileDescription, flags: number): number {
  const limit = task.process.limit(Rlimit.RLIMIT_NOFILE).soft;
  return task.files.open(file, limit, { isClosedOnExec: (flags & O_CLOEXEC) !== 0 });
}
