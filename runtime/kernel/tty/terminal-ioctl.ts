/**
 * What ioctl(2) does with a terminal (ioctl_tty(2); tty_ioctl, tty_mode_ioctl, tty_jobctrl_ioctl). Through
 * the master's descriptor the settings are those of the terminal; its queues are its own.
 */
import { Errno } from "../abi/errno.ts";
import { Signal } from "../abi/signal.ts";
import * as abi from "../abi/termios.ts";
import { countMissing } from "../syscalls/dispatch.ts";
import { Capability, hasCapability } from "../task/credentials.ts";
import { groupIdIn } from "../task/process.ts";
import type { Task } from "../task/task.ts";
import { checkForeground, clearTerminal, leaveTerminal, takeTerminal } from "./job-control.ts";
import type { Pty } from "./pty.ts";
import { decodeTermios, encodeTermios, keyOf } from "./termios.ts";

/** The terminal an ioctl is made on, through which end, and by whom. */
export interface TerminalEnd {
  readonly pty: Pty;
  readonly isMaster: boolean;
  readonly isReadable: boolean;
  readonly task: Task;
}

export function terminalIoctl(end: TerminalEnd, request: number, argument: number): number {
  return (
    settingsIoctl(end, request, argument) ??
    queueIoctl(end, request, argument) ??
    jobIoctl(end, request, argument) ??
    lineIoctl(end, request, argument) ??
    unknown(end, request)
  );
}

/** Only masters know these; and modem lines, which no pty has. */
const NOT_HERE = new Set<number>([
  abi.TIOCGPTN,
  abi.TIOCSPTLCK,
  abi.TIOCGPTLCK,
  abi.TIOCPKT,
  abi.TIOCGPKT,
  abi.TIOCMGET,
  abi.TIOCGSERIAL,
]);

function unknown({ task }: TerminalEnd, request: number): number {
  if (!NOT_HERE.has(request)) countMissing(task, `ioctl 0x${request.toString(16)}`);
  return -Errno.ENOTTY;
}

function settingsIoctl(end: TerminalEnd, request: number, argument: number): number | undefined {
  const { pty, task } = end;
  switch (request) {
    case abi.TCGETS:
    case abi.TCGETS2:
      task.memory.copyOut(argument, encodeTermios(pty.termios, request === abi.TCGETS2));
      return 0;
    case abi.TCSETS:
    case abi.TCSETSW:
    case abi.TCSETSF:
      return setTermios(end, argument, false, request === abi.TCSETSF);
    case abi.TCSETS2:
    case abi.TCSETSW2:
    case abi.TCSETSF2:
      return setTermios(end, argument, true, request === abi.TCSETSF2);
    case abi.TIOCGWINSZ:
      return getSize(end, argument);
    case abi.TIOCSWINSZ:
      return setSize(end, argument);
    default:
      return undefined;
  }
}

function setTermios(end: TerminalEnd, address: number, hasSpeeds: boolean, isFlushing: boolean): number {
  const { pty, task } = end;
  const refusal = checkOutput(end);
  if (refusal !== 0) return refusal;
  const bytes = task.memory.copyIn(address, hasSpeeds ? abi.TERMIOS2_BYTES : abi.TERMIOS_BYTES);
  if (isFlushing) pty.line.flush();
  pty.setTermios(decodeTermios(bytes, hasSpeeds));
  return 0;
}

/** SIGTTOU for those in the background; never through the master. */
function checkOutput({ pty, isMaster, task }: TerminalEnd): number {
  return isMaster ? 0 : checkForeground(task, pty, Signal.SIGTTOU);
}

function getSize({ pty, task }: TerminalEnd, address: number): number {
  const { rows, columns, xPixels, yPixels } = pty.size;
  task.memory.copyOut(address, new Uint8Array(Uint16Array.of(rows, columns, xPixels, yPixels).buffer));
  return 0;
}

function setSize({ pty, task }: TerminalEnd, address: number): number {
  const bytes = task.memory.copyIn(address, abi.WINSIZE_BYTES);
  const word = (index: number): number => (bytes[index * 2] ?? 0) | ((bytes[index * 2 + 1] ?? 0) << 8);
  pty.setSize({ rows: word(0), columns: word(1), xPixels: word(2), yPixels: word(3) });
  return 0;
}

function queueIoctl(end: TerminalEnd, request: number, argument: number): number | undefined {
  const { pty, isMaster, task } = end;
  switch (request) {
    case abi.FIONREAD:
      task.memory.writeU32(argument, isMaster ? pty.outputBytes : pty.line.available);
      return 0;
    case abi.TIOCOUTQ:
      task.memory.writeU32(argument, 0); // A pty counts what it sent as arrived.
      return 0;
    case abi.TCFLSH: {
      const refusal = checkOutput(end);
      return refusal === 0 ? flushQueues(pty, isMaster, argument | 0) : refusal;
    }
    case abi.TCXONC: {
      const refusal = checkOutput(end);
      return refusal === 0 ? flowControl(pty, isMaster, argument | 0) : refusal;
    }
    case abi.TCSBRK:
    case abi.TCSBRKP:
    case abi.TIOCSBRK:
    case abi.TIOCCBRK:
      return checkOutput(end); // Nothing to drain, and no line to break.
    default:
      return undefined;
  }
}

/** TCFLSH. */
export function flushQueues(pty: Pty, isMaster: boolean, what: number): number {
  if (what < abi.TCIFLUSH || what > abi.TCIOFLUSH) return -Errno.EINVAL;
  if (what !== abi.TCOFLUSH) {
    if (isMaster) pty.discardOutput();
    else pty.flushInput();
  }
  if (what !== abi.TCIFLUSH) {
    if (isMaster) pty.discardTyped();
    else pty.flushOutput();
  }
  return 0;
}

/** TCXONC. */
export function flowControl(pty: Pty, isMaster: boolean, how: number): number {
  switch (how) {
    case abi.TCOOFF:
    case abi.TCOON:
      if (!isMaster) pty.hold(how === abi.TCOOFF);
      return 0;
    case abi.TCIOFF:
    case abi.TCION: {
      const key = keyOf(pty.termios, how === abi.TCIOFF ? "VSTOP" : "VSTART");
      if (key !== 0 && !isMaster) pty.sendNow(key);
      return 0;
    }
    default:
      return -Errno.EINVAL;
  }
}

function jobIoctl(end: TerminalEnd, request: number, argument: number): number | undefined {
  const { pty, isMaster, task } = end;
  const { process, pidNamespace } = task;
  switch (request) {
    case abi.TIOCSCTTY:
      return takeControl(end, argument | 0);
    case abi.TIOCNOTTY:
      if (isMaster || process.terminal !== pty) return -Errno.ENOTTY;
      leaveTerminal(process, false);
      process.terminal = undefined;
      return 0;
    case abi.TIOCGPGRP:
      if (!isMaster && process.terminal !== pty) return -Errno.ENOTTY;
      task.memory.writeU32(
        argument,
        pty.foreground === undefined ? 0 : groupIdIn(pty.foreground, pidNamespace),
      );
      return 0;
    case abi.TIOCSPGRP:
      return setForeground(end, argument);
    case abi.TIOCGSID:
      if (!isMaster && process.terminal !== pty) return -Errno.ENOTTY;
      if (pty.session === undefined) return -Errno.ENOTTY;
      task.memory.writeU32(argument, pty.session.leader.leader.pids[pidNamespace.level] ?? 0);
      return 0;
    default:
      return undefined;
  }
}

function takeControl({ pty, isReadable, task }: TerminalEnd, isStealing: number): number {
  const { process } = task;
  const isLeader = process.session.leader === process;
  if (isLeader && pty.session === process.session) return 0;
  if (!isLeader || process.terminal !== undefined) return -Errno.EPERM;
  const isAdministrator = hasCapability(task.credentials, Capability.CAP_SYS_ADMIN);
  if (pty.session !== undefined) {
    if (isStealing !== 1 || !isAdministrator) return -Errno.EPERM;
    clearTerminal(pty.session);
  }
  if (!isReadable && !isAdministrator) return -Errno.EPERM;
  takeTerminal(process, pty);
  return 0;
}

function setForeground(end: TerminalEnd, address: number): number {
  const { pty, task } = end;
  const { process, pidNamespace } = task;
  const refusal = checkForeground(task, pty, Signal.SIGTTOU);
  if (refusal !== 0) return refusal === -Errno.EIO ? -Errno.ENOTTY : refusal;
  const wanted = task.memory.readI32(address);
  if (wanted < 0) return -Errno.EINVAL;
  if (process.terminal !== pty || pty.session !== process.session) return -Errno.ENOTTY;
  const group = [...process.session.groups].find((one) => groupIdIn(one, pidNamespace) === wanted);
  if (group === undefined) return isKnownNumber(task, wanted) ? -Errno.EPERM : -Errno.ESRCH;
  pty.foreground = group;
  return 0;
}

/** Some process or group has this number: the group is merely not one of the session. */
function isKnownNumber({ kernel, pidNamespace }: Task, number: number): boolean {
  if (number === 0) return false;
  return kernel.rootPids
    .tasks()
    .some(
      (other) =>
        other.tidIn(pidNamespace) === number || groupIdIn(other.process.group, pidNamespace) === number,
    );
}

function lineIoctl(end: TerminalEnd, request: number, argument: number): number | undefined {
  const { pty, task } = end;
  const isAdministrator = hasCapability(task.credentials, Capability.CAP_SYS_ADMIN);
  switch (request) {
    case abi.TIOCEXCL:
    case abi.TIOCNXCL:
      pty.isExclusive = request === abi.TIOCEXCL;
      return 0;
    case abi.TIOCGEXCL:
      task.memory.writeU32(argument, pty.isExclusive ? 1 : 0);
      return 0;
    case abi.TIOCGETD:
      task.memory.writeU32(argument, 0);
      return 0;
    case abi.TIOCSETD: {
      const refusal = checkOutput(end);
      if (refusal !== 0) return refusal;
      return task.memory.readI32(argument) === 0 ? 0 : -Errno.EINVAL; // N_TTY is the only one.
    }
    case abi.TIOCSTI:
      return insert(end, argument, isAdministrator);
    case abi.TIOCGPTPEER:
      return -Errno.EIO; // Only a master has one.
    case abi.TIOCVHANGUP:
      if (!isAdministrator) return -Errno.EPERM;
      pty.hangUp();
      return 0;
    case abi.TIOCGDEV:
      task.memory.writeU32(argument, end.isMaster ? pty.deviceNumber - (8 << 8) : pty.deviceNumber);
      return 0;
    default:
      return undefined;
  }
}

/** TIOCSTI: dev.tty.legacy_tiocsti is 0, so that only an administrator types for others. */
function insert({ pty, task }: TerminalEnd, address: number, isAdministrator: boolean): number {
  if (!isAdministrator) return -Errno.EIO;
  pty.line.receive(task.memory.copyIn(address, 1));
  return 0;
}
