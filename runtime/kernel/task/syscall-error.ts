/**
 * The one error that may be thrown below a system call besides `FsError`: by what has no way to return a
 * number, such as a copy from guest memory that meets an unmapped page. The dispatcher turns both into
 * -errno; nobody else catches them.
 */
import { errnoName } from "../abi/errno.ts";

export class SyscallError extends Error {
  override readonly name = "SyscallError";
  /** Positive. */
  readonly errno: number;

  constructor(errno: number) {
    super(errnoName(errno));
    this.errno = errno;
  }
}
