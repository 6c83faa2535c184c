/**
 * Standard streams whose other end is the host: plain pipes for `docker run -i`, a terminal for `-t`
 * (tty/console.ts). One hard idea: back pressure without waiting. The host writes what is accepted and
 * takes what is there, both between two slices of `Kernel.run`; a full pipe blocks the guest until the
 * host has taken some.
 */
import { O_RDONLY, O_WRONLY } from "./abi/fcntl.ts";
import type { Kernel } from "./kernel.ts";
import type { FileDescription } from "./vfs/file-description.ts";
import { Pipe, PipeEnd } from "./vfs/pipe.ts";

/** The host writes, the guest reads: standard input. */
export interface HostInput {
  /** For a descriptor of the guest: opened O_RDONLY. */
  readonly description: FileDescription;
  /** Gives the guest as much as there is room for: the count. Nothing once `isUnread`. */
  write(bytes: Uint8Array): number;
  /** Bytes that would be accepted now. */
  readonly freeBytes: number;
  /** Nobody in the guest has it open any more (after `description` was given to somebody). */
  readonly isUnread: boolean;
  /** The guest reads what is left, then the end of the file. */
  close(): void;
}

/** The guest writes, the host takes: standard output and error. */
export interface HostOutput {
  /** For a descriptor of the guest: opened O_WRONLY. */
  readonly description: FileDescription;
  /** Takes up to `target.length` bytes: the count, 0 when nothing is there. */
  read(target: Uint8Array): number;
  readonly availableBytes: number;
  /** Nobody in the guest has it open any more: what is there is the rest. */
  readonly isEnded: boolean;
  /** The host reads no more: writers meet SIGPIPE. */
  close(): void;
}

/** `onChange` is called when room has come or the last reader has gone; it may write, and runs no guest. */
export function createHostInput(kernel: Kernel, onChange: () => void): HostInput {
  const pipe = new Pipe();
  pipe.writers = 1;
  const description = new PipeEnd(pipe, O_RDONLY, undefined, kernel.realtimeNs());
  watch(pipe, onChange);
  return {
    description,
    get freeBytes() {
      return pipe.free;
    },
    get isUnread() {
      return pipe.readers === 0;
    },
    write: (bytes) => (pipe.readers === 0 || pipe.writers === 0 ? 0 : pipe.put(bytes)),
    close() {
      if (pipe.writers === 0) return;
      pipe.writers = 0;
      pipe.queue.wake();
    },
  };
}

/** `onChange` is called when bytes have come or the last writer has gone; it may read, and runs no guest. */
export function createHostOutput(kernel: Kernel, onChange: () => void): HostOutput {
  const pipe = new Pipe();
  pipe.readers = 1;
  const description = new PipeEnd(pipe, O_WRONLY, undefined, kernel.realtimeNs());
  watch(pipe, onChange);
  return {
    description,
    get availableBytes() {
      return pipe.count;
    },
    get isEnded() {
      return pipe.writers === 0;
    },
    read: (target) => pipe.take(target),
    close() {
      pipe.readers = 0;
      pipe.queue.wake();
    },
  };
}

/** Tells of every change but those `onChange` makes itself. */
function watch(pipe: Pipe, onChange: () => void): void {
  let isTelling = false;
  pipe.queue.add({
    wake() {
      if (isTelling) return;
      isTelling = true;
      try {
        onChange();
      } finally {
        isTelling = false;
      }
    },
  });
}
