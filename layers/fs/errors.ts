/**
 * Filesystem errors by errno name. They become numbers in one place, the kernel's syscall layer, and
 * sentences in another, the engine.
 */

export type ErrnoName =
  | "EACCES" | "EBADF" | "EBUSY" | "EDQUOT" | "EEXIST" | "EFBIG" | "EINVAL" | "EIO" | "EISDIR" | "ELOOP"
  | "EMLINK" | "ENAMETOOLONG" | "ENODATA" | "ENOENT" | "ENOSPC" | "ENOSYS" | "ENOTDIR" | "ENOTEMPTY"
  | "ENXIO" | "EOPNOTSUPP" | "EOVERFLOW" | "EPERM" | "ERANGE" | "EROFS" | "ESTALE" | "EXDEV";

export class FsError extends Error {
  override readonly name = "FsError";
  readonly code: ErrnoName;

  constructor(code: ErrnoName, detail?: string) {
    super(detail === undefined ? code : `${code}: ${detail}`);
    this.code = code;
  }
}

/** Whether `thrown` is an FsError, of `code` when given. */
export function isFsError(thrown: unknown, code?: ErrnoName): thrown is FsError {
  return thrown instanceof FsError && (code === undefined || thrown.code === code);
}
