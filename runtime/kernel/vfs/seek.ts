/** lseek(2) on files that have no end to seek from: what the kernel writes as it is read. */
import { Errno } from "../abi/errno.ts";
import { SEEK_CUR, SEEK_SET } from "../abi/fcntl.ts";

/** The new position, or -EINVAL. */
export function positionAfter(position: number, offset: number, whence: number): number {
  if (whence !== SEEK_SET && whence !== SEEK_CUR) return -Errno.EINVAL;
  const wanted = whence === SEEK_SET ? offset : position + offset;
  return wanted < 0 ? -Errno.EINVAL : wanted;
}
