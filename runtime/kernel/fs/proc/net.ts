/** /proc/pid/net: the network namespace of a task as files; the tables come from net/. */
import type { Task } from "../../task/task.ts";
import type { GeneratedDirectory } from "../generated.ts";
import { directory } from "../nodes.ts";

export function netDirectory(_task: Task): GeneratedDirectory {
  return directory({});
}
