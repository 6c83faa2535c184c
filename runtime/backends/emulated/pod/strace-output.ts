/**
 * Where the lines of a container's strace go: to its error output, as of `strace -f program`. One hard idea: a
 * reader that is slow must not stop the guest, so lines wait in a bounded queue, and losses are told.
 */
import { encodeUtf8 } from "../../../../layers/base/bytes.ts";
import { attachStrace } from "../../../kernel/strace/strace.ts";
import type { Task } from "../../../kernel/task/task.ts";
import type { FileDescription } from "../../../kernel/vfs/file-description.ts";

/** The label or annotation that asks for it. */
export const STRACE_ANNOTATION = "slipway.strace";
/** Lines that wait for a reader: about a megabyte. */
const WAITING_MAX = 10_000;

export function traceTo(output: FileDescription, task: Task, path: string): void {
  const waiting: Uint8Array[] = [];
  let lost = 0;
  attachStrace(task, path, (text) => {
    if (waiting.length >= WAITING_MAX) {
      lost += 1;
      return;
    }
    if (lost > 0) waiting.push(encodeUtf8(`strace: ${lost} lines lost: nobody reads them\n`));
    lost = 0;
    waiting.push(encodeUtf8(text));
    while (waiting.length > 0) {
      const [line = new Uint8Array(0)] = waiting;
      const count = output.write(line, task);
      if (count <= 0) return;
      if (count < line.length) waiting[0] = line.subarray(count);
      else waiting.shift();
    }
  });
}
