/**
 * A container's terminal (docker run -t): a pair whose master is the host. One hard idea: back pressure
 * without waiting, as with pipes (host-streams.ts): the host types what is accepted and takes what is there,
 * between two slices of `Kernel.run`.
 */
import type { Kernel } from "../kernel.ts";
import { O_LARGEFILE, O_RDWR } from "../abi/fcntl.ts";
import { KERNEL_CREDENTIALS } from "../task/credentials.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { FileDescription } from "../vfs/file-description.ts";
import type { Location } from "../vfs/mount.ts";
import { Mount } from "../vfs/mount.ts";
import { walk } from "../vfs/walk.ts";
import { DevptsFilesystem } from "./devpts.ts";
import { takeTerminal } from "./job-control.ts";
import { TerminalFile } from "./terminal-file.ts";

/** What the guest may write before the host has taken any. */
const OUTPUT_BYTES = 65_536;

export interface ConsoleSize {
  readonly rows: number;
  readonly columns: number;
}

export interface ConsoleRequest {
  /** The container's root, with its /dev/pts. */
  readonly root: Location;
  readonly size?: ConsoleSize | undefined;
  /** Bytes have come, room for typing has come, or the last file was closed. Runs no guest. */
  readonly onChange: () => void;
}

export interface Console {
  /** For descriptors 0, 1 and 2 of the guest: /dev/pts/n, opened O_RDWR. */
  readonly description: FileDescription;
  /** Where it is in the container: to be bound to /dev/console. */
  readonly location: Location;
  /** Types bytes: how many were taken. */
  write(bytes: Uint8Array): number;
  /** Takes up to `target.length` bytes: the count, 0 when nothing is there. */
  read(target: Uint8Array): number;
  /** No file of it is open any more, or it was hung up, and all output was taken. */
  readonly isEnded: boolean;
  readonly isHungUp: boolean;
  setSize(size: ConsoleSize): void;
  /** The process is made: it leads its session, which the terminal controls now. */
  attach(task: Task): void;
  /** The master is closed: SIGHUP for the session's leader, end-of-file and EIO for everybody else. */
  hangUp(): void;
}

/** Throws SyscallError: ENOSPC. */
export function createConsole(kernel: Kernel, request: ConsoleRequest): Console {
  const directory = devptsOf(kernel, request.root);
  const { filesystem } = directory;
  const pty = filesystem.createPair(KERNEL_CREDENTIALS, OUTPUT_BYTES);
  if (typeof pty === "number") throw new SyscallError(-pty);
  const location = filesystem.locationOf(pty, directory.location);
  if (location === undefined) throw new SyscallError(2);
  pty.isLocked = false;
  if (request.size !== undefined) pty.setSize({ ...request.size, xPixels: 0, yPixels: 0 });
  const description = new TerminalFile(pty, location, O_RDWR | O_LARGEFILE);
  let isTelling = false;
  pty.masterQueue.add({
    wake() {
      if (isTelling) return;
      isTelling = true;
      try {
        request.onChange();
      } finally {
        isTelling = false;
      }
    },
  });
  return {
    description,
    location,
    get isEnded() {
      return pty.isAbandoned && pty.outputBytes === 0;
    },
    get isHungUp() {
      return !pty.hasMaster;
    },
    write: (bytes) => (pty.hasMaster ? pty.type(bytes) : 0),
    read: (target) => pty.take(target),
    setSize: (size) => pty.setSize({ ...size, xPixels: 0, yPixels: 0 }),
    attach({ process, credentials }) {
      filesystem.setAttributes(location.dentry.node, { uid: credentials.uid }); // As runc does.
      takeTerminal(process, pty);
    },
    hangUp: () => {
      if (pty.hasMaster) filesystem.endPair(pty);
    },
  };
}

interface Devpts {
  readonly filesystem: DevptsFilesystem;
  readonly location: Location;
}

/** The devpts of the container; one of its own for a root that has none. */
function devptsOf(kernel: Kernel, root: Location): Devpts {
  const location = find(root);
  const found = location?.dentry.superblock.filesystem;
  if (location !== undefined && found instanceof DevptsFilesystem) return { filesystem: found, location };
  const filesystem = new DevptsFilesystem(kernel, "mode=620,ptmxmode=666");
  const superblock = kernel.superblock(filesystem, "devpts");
  const mount = new Mount(superblock, superblock.root, 0);
  return { filesystem, location: { mount, dentry: mount.root } };
}

function find(root: Location): Location | undefined {
  try {
    const options = { start: root, root, who: KERNEL_CREDENTIALS, isLastFollowed: true };
    return walk("/dev/pts", options).location;
  } catch (thrown) {
    if (thrown instanceof SyscallError) return undefined;
    throw thrown;
  }
}
