/**
 * Which streams a process gets: a terminal for -t, else three pipes. A terminal's output ends when nobody has
 * it open any more, or with the process it was made for: runc closes the master then.
 */
import type { ProcessSpec } from "../../backend.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import { O_RDWR } from "../../../kernel/abi/fcntl.ts";
import { findIn, mountAt } from "../../../kernel/ns/mount-container.ts";
import type { Console } from "../../../kernel/tty/console.ts";
import { createConsole } from "../../../kernel/tty/console.ts";
import type { FileDescription } from "../../../kernel/vfs/file-description.ts";
import { MemoryDevice, openNull } from "../../../kernel/vfs/memory-devices.ts";
import type { Location } from "../../../kernel/vfs/mount.ts";
import { MountFlag } from "../../../kernel/vfs/mount.ts";
import type { StandardStreams } from "./streams.ts";
import { noStream, OutputStream, pipeStreams, Signal } from "./streams.ts";

/** Small: what has left the kernel is seen before a ^C is. */
const TERMINAL_PIECE_BYTES = 8192;

/** `root` is the container's, with its /dev/pts. */
export function openStreams(
  kernel: Kernel,
  spec: ProcessSpec,
  root: Location,
  isFirst: boolean,
): StandardStreams {
  if (spec.hasTerminal) return terminalStreams(kernel, spec, root, isFirst);
  return pipeStreams(kernel, spec.hasStdin, spec.hasStdin ? undefined : nullDevice(root));
}

/** /dev/null of the container, opened as runc does for a process without stdin. */
function nullDevice(root: Location): FileDescription | undefined {
  const place = findIn(root, "/dev/null");
  if (place === undefined) return undefined;
  const { type, rdev } = place.dentry.superblock.filesystem.attributes(place.dentry.node);
  const isNull = type === "character" && rdev.major === 1 && rdev.minor === MemoryDevice.null;
  return isNull ? openNull(O_RDWR, place) : undefined;
}

function terminalStreams(
  kernel: Kernel,
  { consoleSize: size }: ProcessSpec,
  root: Location,
  isFirst: boolean,
): StandardStreams {
  const room = new Signal();
  const stdout = new OutputStream((raise) => {
    const onChange = (): void => {
      raise();
      room.raise();
    };
    const terminal = createConsole(kernel, { root, size, onChange });
    if (isFirst) bindConsole(root, terminal);
    return asOutput(terminal);
  }, TERMINAL_PIECE_BYTES);
  const { terminal } = stdout.output;
  return {
    descriptions: [terminal.description, terminal.description, terminal.description],
    stdout: stdout.stream,
    stderr: noStream(),
    ended: stdout.ended,
    async input(bytes) {
      for (let rest = bytes; rest.length > 0 && !terminal.isHungUp;) {
        const count = terminal.write(rest);
        rest = rest.subarray(count);
        if (count === 0) await room.next();
      }
    },
    closeInput: () => undefined, // A client that went away leaves the terminal as it is: another may attach.
    resize: (wanted) => terminal.setSize(wanted),
    attach: (task) => terminal.attach(task),
    hangUp: () => terminal.hangUp(),
  };
}

function asOutput(terminal: Console): Pick<Console, "read"> & {
  readonly isEnded: boolean;
  readonly terminal: Console;
  close(): void;
} {
  return {
    terminal,
    get isEnded() {
      return terminal.isEnded;
    },
    read: (target) => terminal.read(target),
    close: () => terminal.hangUp(),
  };
}

/** runc binds the first terminal over /dev/console. */
function bindConsole(root: Location, { location: { dentry } }: Console): void {
  const { noSuid, noExec, relAtime } = MountFlag;
  mountAt(root, {
    path: "/dev/console",
    superblock: dentry.superblock,
    root: dentry,
    flags: noSuid | noExec | relAtime,
  });
}
