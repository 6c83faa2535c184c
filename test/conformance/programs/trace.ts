/** Every call of a guest on this process's error output, for whoever looks for the cause of a difference. */
import { decodeName } from "../../../layers/fs/names.ts";
import { errnoName } from "../../../runtime/kernel/abi/errno.ts";
import type { Handler, SyscallRow, Syscalls } from "../../../runtime/kernel/syscalls/row.ts";
import { guarded } from "../../../runtime/kernel/syscalls/dispatch.ts";
import type { Task } from "../../../runtime/kernel/task/task.ts";
import { Blocked } from "../../../runtime/kernel/task/wait.ts";
import type { Result } from "../../../runtime/kernel/task/wait.ts";

const TEXT_MAX = 80;

export function traced(syscalls: Syscalls): Syscalls {
  const byNumber = new Map(syscalls.rows.map((row) => [row.number, withTrace(row)]));
  return { rows: syscalls.rows, get: (number) => byNumber.get(number) };
}

function withTrace(row: SyscallRow): SyscallRow {
  const { handler } = row;
  if (handler === undefined) return row;
  const trace: Handler = (task, ...words) => {
    const shown = row.parameters.map((kind, index) => argument(task, kind, words[index] ?? 0)).join(", ");
    const result = guarded(() => handler(task, ...words));
    process.stderr.write(`${task.tid} ${task.comm} ${row.name}(${shown}) = ${resultText(result)}\n`);
    return result;
  };
  return { ...row, handler: trace };
}

function argument(task: Task, kind: string, word: number): string {
  if (kind !== "path" || word === 0) return word > 0xffff ? `0x${word.toString(16)}` : String(word);
  try {
    return JSON.stringify(decodeName(task.memory.readCString(word, 4096)).slice(0, TEXT_MAX));
  } catch {
    return "a bad address";
  }
}

function resultText(result: Result): string {
  if (result instanceof Blocked) return `? (${result.options.reason})`;
  return result < 0 && result > -4096 ? errnoName(-result) : String(result);
}
