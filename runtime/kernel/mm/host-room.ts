/** The host's own limits: a machine says by a RangeError that there is no memory for one more address space. */
import { Errno } from "../abi/errno.ts";
import { SyscallError } from "../task/syscall-error.ts";

/** What `make` makes; undefined where the host has no room for it. */
export function whereThereIsRoom<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}

/** @throws SyscallError ENOMEM */
export function orNoMemory<T>(made: T | undefined): T {
  if (made === undefined) throw new SyscallError(Errno.ENOMEM);
  return made;
}
