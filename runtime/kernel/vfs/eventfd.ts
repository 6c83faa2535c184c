/** eventfd(2): a counter; reading takes it all, or one at a time (EFD_SEMAPHORE). */
import { Errno } from "../abi/errno.ts";
import { POLLIN, POLLOUT } from "../abi/poll.ts";
import { AnonymousFile, littleEndian } from "./anonymous-file.ts";

const WORD_BYTES = 8;
const MAX = 0xffff_ffff_ffff_fffen;

export class EventFile extends AnonymousFile {
  readonly label = "anon_inode:[eventfd]";
  readonly #isSemaphore: boolean;
  #count: bigint;

  constructor(statusFlags: number, count: number, isSemaphore: boolean) {
    super(statusFlags);
    this.#count = BigInt(count);
    this.#isSemaphore = isSemaphore;
  }

  override poll(): number {
    return (this.#count > 0n ? POLLIN : 0) | (this.#count < MAX ? POLLOUT : 0);
  }

  override read(target: Uint8Array): number {
    if (target.length < WORD_BYTES) return -Errno.EINVAL;
    if (this.#count === 0n) return -Errno.EAGAIN;
    const taken = this.#isSemaphore ? 1n : this.#count;
    littleEndian(target).setBigUint64(0, taken, true);
    this.#count -= taken;
    this.queue.notify(POLLOUT);
    return WORD_BYTES;
  }

  override write(source: Uint8Array): number {
    if (source.length < WORD_BYTES) return -Errno.EINVAL;
    const added = littleEndian(source).getBigUint64(0, true);
    if (added > MAX) return -Errno.EINVAL;
    if (this.#count + added > MAX) return -Errno.EAGAIN;
    this.#count += added;
    this.queue.notify(POLLIN);
    return WORD_BYTES;
  }
}
