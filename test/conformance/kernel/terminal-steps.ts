/** The steps of terminal-cases.ts on a pair of our kernel, answered as terminal-oracle.py answers them. */
import { Errno } from "../../../runtime/kernel/abi/errno.ts";
import {
  pollMaster,
  pollSlave,
  readMaster,
  readSlave,
  writeMaster,
} from "../../../runtime/kernel/tty/pty-ends.ts";
import { Pty } from "../../../runtime/kernel/tty/pty.ts";
import { flowControl, flushQueues } from "../../../runtime/kernel/tty/terminal-ioctl.ts";
import type { Step } from "./terminal-cases.ts";

const READ_BYTES = 65_536;
/** POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP. */
const POLLED = 0x1f;

export function runSteps(steps: readonly Step[]): readonly unknown[] {
  const pty = new Pty(0, () => 0);
  return steps.map((step) => {
    switch (step[0]) {
      case "set":
        return setTermios(pty, step[1]);
      case "type":
        return writeMaster(pty, Buffer.from(step[1], "hex"));
      case "write":
        return written(pty, Buffer.from(step[1], "hex"));
      case "read":
        return shown(step[1], (target) => readSlave(pty, target, true));
      case "take":
        return takeAll(pty);
      case "count":
        return pty.line.available;
      case "poll":
        return [pollSlave(pty) & POLLED, pollMaster(pty) & POLLED];
      case "flush":
        return flushQueues(pty, false, step[1]);
      case "flow":
        return flowControl(pty, false, step[1]);
      case "packet":
        pty.isPacketMode = step[1] !== 0;
        return 0;
    }
  });
}

/** A non-blocking write answers the part that was taken. */
function written(pty: Pty, bytes: Uint8Array): number {
  let done = 0;
  while (done < bytes.length) {
    const count = pty.write(bytes.subarray(done));
    if (count < 0) return done > 0 ? done : count;
    done += count;
  }
  return done;
}

function shown(sizeBytes: number, read: (target: Uint8Array) => number): string | number {
  const target = new Uint8Array(sizeBytes);
  const count = read(target);
  return count < 0 ? count : Buffer.from(target.subarray(0, count)).toString("hex");
}

function takeAll(pty: Pty): string | number {
  let all = "";
  for (;;) {
    const piece = shown(READ_BYTES, (target) => readMaster(pty, target));
    if (typeof piece === "string") all += piece;
    else return all === "" && piece !== -Errno.EAGAIN ? piece : all;
  }
}

function setTermios(
  pty: Pty,
  [input, output, local, keys]: readonly [number, number, number, readonly number[]],
): number {
  const bytes = new Uint8Array(pty.termios.keys);
  bytes.set(keys);
  pty.setTermios({ ...pty.termios, input, output, local, keys: bytes });
  return 0;
}
