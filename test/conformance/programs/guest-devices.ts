/** tmp */
import { Errno } from "../../../runtime/kernel/abi/errno.ts";
import type { Kernel } from "../../../runtime/kernel/kernel.ts";
import type { Task } from "../../../runtime/kernel/task/task.ts";
import type { Location } from "../../../runtime/kernel/vfs/mount.ts";
import { NodeFile } from "../../../runtime/kernel/vfs/node-file.ts";
class Dev extends NodeFile {
  readonly #kind: number;
  constructor(l: Location, f: number, kind: number) {
    super(l, f);
    this.#kind = kind;
  }
  override read(t: Uint8Array, task: Task): number {
    if (this.#kind === 3) return 0;
    if (this.#kind >= 8) t.set(task.kernel.randomBytes(t.length));
    else t.fill(0);
    return t.length;
  }
  override write(s: Uint8Array): number {
    return this.#kind === 7 ? -Errno.ENOSPC : s.length;
  }
  override seek(): number {
    return 0;
  }
}
export function registerDevices(kernel: Kernel): void {
  for (const minor of [3, 5, 7, 8, 9])
    kernel.devices.register(1, minor, (flags, _task, location) => new Dev(location, flags & ~0o1700, minor));
}
