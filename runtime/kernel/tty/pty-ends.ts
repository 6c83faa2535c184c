/**
 * What each end of a pair reads and polls (n_tty_read, n_tty_poll). One hard idea: in raw mode VMIN and VTIME
 * decide when a read has enough: with VMIN it waits for as many bytes, without it takes what is there.
 */
import { Errno } from "../abi/errno.ts";
import { POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDNORM, POLLWRNORM } from "../abi/poll.ts";
import type { Pty } from "./pty.ts";
import { keyOf } from "./termios.ts";

const READABLE = POLLIN | POLLRDNORM;
const WRITABLE = POLLOUT | POLLWRNORM;
const NS_PER_DECISECOND = 100_000_000;

/** A program reads its terminal: a count, or -EAGAIN. */
export function readSlave(pty: Pty, target: Uint8Array, isNonBlocking: boolean): number {
  const { line, termios } = pty;
  const [minimum, time] = [keyOf(termios, "VMIN"), keyOf(termios, "VTIME")];
  const enough = isNonBlocking ? 1 : Math.min(minimum, target.length);
  if (line.isReadable(enough)) return takeSlave(pty, target);
  if (!pty.hasMaster) return -Errno.EIO;
  return !line.has("ICANON") && minimum === 0 && time === 0 ? 0 : -Errno.EAGAIN;
}

/** What is there, be it enough or not. */
export function takeSlave(pty: Pty, target: Uint8Array): number {
  const count = pty.line.read(target);
  pty.pump();
  return count;
}

/** VTIME: from the call on, or with VMIN from the last byte. */
export function readDeadlineNs({ line, termios, lastInputNs }: Pty, startNs: number): number | undefined {
  const waitNs = keyOf(termios, "VTIME") * NS_PER_DECISECOND;
  if (line.has("ICANON") || waitNs === 0) return undefined;
  if (keyOf(termios, "VMIN") === 0) return startNs + waitNs;
  return line.available === 0 ? undefined : Math.max(startNs, lastInputNs) + waitNs;
}

export function pollSlave({ line, termios, outputRoom, hasMaster }: Pty): number {
  const minimum = keyOf(termios, "VTIME") === 0 ? keyOf(termios, "VMIN") : 1;
  const reading = line.isReadable(minimum) ? READABLE : 0;
  return reading | (outputRoom > 0 ? WRITABLE : 0) | (hasMaster ? 0 : POLLHUP);
}

/** In packet mode every read begins with a byte that says what happened to the line. */
export function readMaster(pty: Pty, target: Uint8Array): number {
  if (pty.isPacketMode && pty.packetStatus !== 0) {
    target[0] = pty.packetStatus;
    pty.packetStatus = 0;
    return 1;
  }
  if (pty.outputBytes === 0) return pty.isAbandoned ? -Errno.EIO : -Errno.EAGAIN;
  if (!pty.isPacketMode) return pty.take(target);
  target[0] = 0;
  return 1 + pty.take(target.subarray(1));
}

export function writeMaster(pty: Pty, source: Uint8Array): number {
  const count = pty.type(source);
  return count === 0 && source.length > 0 ? -Errno.EAGAIN : count;
}

export function pollMaster({ isPacketMode, packetStatus, outputBytes, isAbandoned, inputRoom }: Pty): number {
  const status = isPacketMode && packetStatus !== 0 ? POLLPRI | READABLE : 0;
  const reading = outputBytes > 0 ? READABLE : 0;
  return status | reading | (isAbandoned ? POLLHUP : 0) | (inputRoom > 0 ? WRITABLE : 0);
}
