/**
 * Numbers of WASI preview 1, from the interface definition
 * (WebAssembly/WASI, legacy/preview1/witx/typenames.witx). Our filesystems speak errno names; this
 * is the one place where they become WASI's numbers.
 */

/** `errno`: only those that anything here can answer. */
export const ERRNO = {
  SUCCESS: 0, EACCES: 2, EAGAIN: 6, EBADF: 8, EBUSY: 10, EDQUOT: 19, EEXIST: 20, EFAULT: 21, EFBIG: 22,
  EINVAL: 28, EIO: 29, EISDIR: 31, ELOOP: 32, EMFILE: 33, EMLINK: 34, ENAMETOOLONG: 37, ENODATA: 44,
  ENOENT: 44, ENOSPC: 51, ENOSYS: 52, ENOTDIR: 54, ENOTEMPTY: 55, EOPNOTSUPP: 58, ENXIO: 60,
  EOVERFLOW: 61, EPERM: 63, ERANGE: 68, EROFS: 69, ESPIPE: 70, ESTALE: 72, EXDEV: 75, ENOTCAPABLE: 76,
} as const;

export type WasiErrno = keyof typeof ERRNO;

/** `filetype` by our node types; WASI has no fifo, so it is unknown. */
export const FILETYPE = {
  unknown: 0, block: 1, character: 2, directory: 3, file: 4, socket: 6, symlink: 7, fifo: 0,
} as const;

export const OFLAGS = { CREAT: 1, DIRECTORY: 2, EXCL: 4, TRUNC: 8 } as const;
export const FDFLAGS = { APPEND: 1 } as const;
export const LOOKUPFLAGS = { SYMLINK_FOLLOW: 1 } as const;
export const FSTFLAGS = { ATIM: 1, ATIM_NOW: 2, MTIM: 4, MTIM_NOW: 8 } as const;
export const WHENCE = { SET: 0, CUR: 1, END: 2 } as const;

export const RIGHTS = {
  FD_READ: 1n << 1n,
  FD_SEEK: 1n << 2n,
  FD_TELL: 1n << 5n,
  FD_WRITE: 1n << 6n,
  /** Everything preview 1 defines (29 rights). */
  ALL: (1n << 30n) - 1n,
} as const;

/** Sizes in bytes of the structures guests hand us room for. */
export const SIZE = { filestat: 64, fdstat: 24, dirent: 24, subscription: 48, event: 32 } as const;
