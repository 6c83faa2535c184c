/** pipe(2) and memfd_create(2): files without a name. */
import { decodeName } from "../../../layers/fs/names.ts";
import { F_SEAL_EXEC, F_SEAL_SEAL, O_CLOEXEC, O_DIRECT, O_LARGEFILE, O_NONBLOCK, O_RDWR } from "../abi/fcntl.ts";
import { Errno } from "../abi/errno.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { createMemoryFile } from "../vfs/memory-file.ts";
import { makePipe } from "../vfs/pipe.ts";
import { newDescriptor } from "./new-descriptor.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";

/** linux/memfd.h. */
const Mfd = { cloexec: 1, allowSealing: 2, hugetlb: 4, noExecSeal: 8, exec: 16 } as const;
const NAME_BYTES_MAX = 249;
const EXECUTABLE = 0o777;
const NOT_EXECUTABLE = 0o666;

function sysPipe2(task: Task, address: number, flags: number): Result {
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT)) !== 0) return -Errno.EINVAL;
  if ((flags & O_DIRECT) !== 0) return -Errno.EINVAL; // Packet mode: pipes here are bytes.
  const numbers = task.memory.writable(address, 8);
  const [reader, writer] = makePipe(task, flags & O_NONBLOCK);
  const first = newDescriptor(task, reader, flags);
  const second = first < 0 ? first : newDescriptor(task, writer, flags);
  if (second < 0) {
    if (first >= 0) task.files.close(first, task);
    else writer.acquire().release();
    return second;
  }
  const view = new DataView(numbers.buffer, numbers.byteOffset, numbers.length);
  view.setInt32(0, first, true);
  view.setInt32(4, second, true);
  return 0;
}

function sysMemfdCreate(task: Task, address: number, flags: number): Result {
  const known = Mfd.cloexec | Mfd.allowSealing | Mfd.noExecSeal | Mfd.exec;
  if ((flags & ~known) !== 0) return -Errno.EINVAL;
  if ((flags & Mfd.exec) !== 0 && (flags & Mfd.noExecSeal) !== 0) return -Errno.EINVAL;
  const name = decodeName(task.memory.readCString(address, NAME_BYTES_MAX + 1, Errno.EINVAL));
  const isSealed = (flags & Mfd.noExecSeal) !== 0;
  const seals = isSealed ? F_SEAL_EXEC : (flags & Mfd.allowSealing) !== 0 ? 0 : F_SEAL_SEAL;
  const mode = isSealed ? NOT_EXECUTABLE : EXECUTABLE;
  const file = createMemoryFile(task, { name: `memfd:${name}`, mode, seals, statusFlags: O_RDWR | O_LARGEFILE });
  return newDescriptor(task, file, (flags & Mfd.cloexec) !== 0 ? O_CLOEXEC : 0);
}

export const PIPE_CALLS: readonly SyscallRow[] = [
  call(22, "pipe", "fds", (task, address) => sysPipe2(task, address, 0)),
  call(293, "pipe2", "fds, flags:open", sysPipe2, "no packet mode (O_DIRECT)"),
  call(319, "memfd_create", "name, flags:memfd", sysMemfdCreate, "no huge pages"),
];
