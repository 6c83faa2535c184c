/**
 * A pseudo-terminal pair (pty(7), drivers/tty/pty.c): what the master writes is typed, what programs write
 * the master reads. One hard idea: neither side waits. Output is a bounded queue (writers meet -EAGAIN when
 * it is full, echo waits in a queue of its own), input that the discipline has no room for stays with the
 * pair until a program has read.
 */
import { Errno } from "../abi/errno.ts";
import { POLLIN, POLLOUT, POLLPRI, POLLRDNORM, POLLWRNORM } from "../abi/poll.ts";
import { Signal } from "../abi/signal.ts";
import { Input, Key, Output, Packet } from "../abi/termios.ts";
import { ByteQueue } from "../net/byte-queue.ts";
import type { ControllingTerminal, ProcessGroup, Session } from "../task/process.ts";
import { kernelSignal, sendToGroup } from "../task/send-signal.ts";
import { WaitQueue } from "../task/wait.ts";
import { clearTerminal, hangUpSession } from "./job-control.ts";
import { ECHO_WATERMARK, EchoQueue } from "./echo.ts";
import { LineDiscipline } from "./line-discipline.ts";
import { OutputProcessor } from "./output-processor.ts";
import type { Termios } from "./termios.ts";

/** tty_buffer_set_limit of ptys: what is on its way in one direction. */
export const PTY_BUFFER_BYTES = 8192;
/** N_TTY_BUF_SIZE: as much has reached the reader already, and no flush takes it back. */
const ARRIVED_BYTES = 4095;
const UNIX98_SLAVE_MAJOR = 136;
const READABLE = POLLIN | POLLRDNORM;
const WRITABLE = POLLOUT | POLLWRNORM;

/** struct winsize. */
export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
  readonly xPixels: number;
  readonly yPixels: number;
}

/** An open file of the terminal that a hang-up makes deaf. */
export interface HangUpListener {
  hungUp(): void;
}

export class Pty implements ControllingTerminal {
  readonly index: number;
  readonly slaveQueue = new WaitQueue();
  readonly masterQueue = new WaitQueue();
  readonly line: LineDiscipline;
  readonly files = new Set<HangUpListener>();
  session: Session | undefined;
  foreground: ProcessGroup | undefined;
  size: WindowSize = { rows: 0, columns: 0, xPixels: 0, yPixels: 0 };
  isLocked = true;
  isExclusive = false;
  hasMaster = true;
  /** TTY_OTHER_CLOSED: the last file of the terminal was closed, and none opened since. */
  isAbandoned = false;
  isPacketMode = false;
  /** Packet bits that the master has not read. */
  packetStatus = 0;
  readonly #nowNs: () => number;
  readonly #capacity: number;
  readonly #output = new ByteQueue();
  readonly #processor = new OutputProcessor();
  /** What the master wrote and the discipline had no room for. */
  readonly #typed = new ByteQueue();
  readonly #echoes = new EchoQueue();
  #isStopped = false;
  /** TCOOFF: only TCOON goes on. */
  #isHeld = false;
  #lastInputNs = 0;
  /** What a flush of output leaves; while typed bytes are looked at, nothing of their echo has arrived. */
  #arrivedBytes = ARRIVED_BYTES;

  constructor(index: number, nowNs: () => number, capacity = PTY_BUFFER_BYTES + ARRIVED_BYTES) {
    this.index = index;
    this.#nowNs = nowNs;
    this.#capacity = capacity;
    const surroundings = {
      echo: (operation: number) => this.#echo(operation),
      signal: (signal: number) => this.signalForeground(signal),
      flushOutput: () => this.#flushBoth(),
      stop: () => this.stop(),
      start: () => this.#release(),
      showEcho: () => this.#flushEchoes(),
      ready: () => this.slaveQueue.notify(READABLE),
      isStopped: () => this.#isStopped && !this.#isHeld,
    };
    this.line = new LineDiscipline(surroundings);
  }

  get deviceNumber(): number {
    return (this.index & 0xff) | (UNIX98_SLAVE_MAJOR << 8) | ((this.index & ~0xff) << 12);
  }

  get termios(): Termios {
    return this.line.termios;
  }

  get lastInputNs(): number {
    return this.#lastInputNs;
  }

  get outputBytes(): number {
    return this.#output.length;
  }

  /** Room for what programs write. */
  get outputRoom(): number {
    return this.#isStopped ? 0 : Math.max(0, this.#capacity - this.#output.length);
  }

  /** Room for what is typed. */
  get inputRoom(): number {
    return PTY_BUFFER_BYTES - this.#typed.length;
  }

  /** Types `bytes`: how many were taken. */
  type(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.inputRoom);
    this.#typed.push(bytes.subarray(0, count));
    this.#lastInputNs = this.#nowNs();
    this.pump();
    return count;
  }

  /** Gives the discipline what it has room for: after typing, and after a program has read. */
  pump(): void {
    const before = this.#typed.length;
    if (before === 0) return;
    this.#arrivedBytes = Math.min(this.#output.length, ARRIVED_BYTES);
    while (this.#typed.length > 0) {
      const piece = this.#typed.head(this.#typed.length);
      const count = this.line.receive(piece);
      this.#typed.drop(Math.min(count, this.#typed.length));
      if (count < piece.length) break;
    }
    this.#arrivedBytes = ARRIVED_BYTES;
    this.#flushEchoes();
    if (this.#typed.length < before) this.masterQueue.notify(WRITABLE);
  }

  /** A program writes: bytes taken, or -EAGAIN. */
  write(source: Uint8Array): number {
    if (!this.hasMaster) return -Errno.EIO;
    this.#flushEchoes();
    const before = this.#output.length;
    const count =
      (this.termios.output & Output.OPOST) === 0 ? this.#writePlain(source) : this.#writeProcessed(source);
    if (this.#output.length > before) this.masterQueue.notify(READABLE);
    return count === 0 && source.length > 0 ? -Errno.EAGAIN : count;
  }

  /** The master takes what was written. */
  take(target: Uint8Array): number {
    const count = this.#output.take(target);
    if (count === 0) return 0;
    this.slaveQueue.notify(WRITABLE);
    return count;
  }

  setTermios(termios: Termios): void {
    const before = this.termios;
    this.line.setTermios(termios);
    if (this.isPacketMode && usesPlainFlowControl(before) !== usesPlainFlowControl(termios)) {
      this.packetStatus &= ~(Packet.DOSTOP | Packet.NOSTOP);
      this.noteForMaster(usesPlainFlowControl(termios) ? Packet.DOSTOP : Packet.NOSTOP);
    }
    this.slaveQueue.notify(READABLE | WRITABLE);
    this.pump();
  }

  /** SIGWINCH to the foreground when it is another size. */
  setSize(size: WindowSize): void {
    const { rows, columns, xPixels, yPixels } = this.size;
    const isSame = rows === size.rows && columns === size.columns && xPixels === size.xPixels;
    this.size = size;
    if (!isSame || yPixels !== size.yPixels) this.signalForeground(Signal.SIGWINCH);
  }

  signalForeground(signal: number): void {
    if (this.foreground !== undefined) sendToGroup(this.foreground, kernelSignal(signal));
  }

  /** ^S. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#noteFlow(Packet.STOP, Packet.START);
  }

  /** tcflow(3): TCOOFF, and TCOON, which undoes nothing but that; echo waits for the next write or key. */
  hold(isHeld: boolean): void {
    if (this.#isHeld === isHeld) return;
    this.#isHeld = isHeld;
    if (isHeld) this.stop();
    else this.#release();
  }

  /** tcflow(3), TCIOFF and TCION: a key for the other side, ^S or not; lost while TCOOFF holds. */
  sendNow(key: number): void {
    if (this.#isHeld) return;
    this.#output.push(Uint8Array.of(key));
    this.masterQueue.notify(READABLE);
  }

  /** TCIFLUSH. */
  flushInput(): void {
    this.line.flush();
    this.#typed.clear();
    if (this.isPacketMode) this.noteForMaster(Packet.FLUSHREAD);
    this.masterQueue.notify(WRITABLE);
  }

  /** TCOFLUSH: what has not arrived at the master. */
  flushOutput(): void {
    const kept = new Uint8Array(Math.min(this.#output.length, this.#arrivedBytes));
    this.#output.peek(kept);
    this.#output.clear();
    this.#output.push(kept);
    if (this.isPacketMode) this.noteForMaster(Packet.FLUSHWRITE);
    this.slaveQueue.notify(WRITABLE);
  }

  /** The master's own TCIFLUSH: everything programs have written. */
  discardOutput(): void {
    this.#output.clear();
    this.slaveQueue.notify(WRITABLE);
  }

  /** The master's own TCOFLUSH: what it wrote and no program could see yet. */
  discardTyped(): void {
    this.#typed.clear();
    this.masterQueue.notify(WRITABLE);
  }

  noteForMaster(bits: number): void {
    this.packetStatus |= bits;
    this.masterQueue.notify(READABLE | POLLPRI);
  }

  slaveOpened(file: HangUpListener): void {
    this.files.add(file);
    this.isAbandoned = false;
  }

  /** Without open files nobody has it as controlling terminal (tty_release). */
  slaveClosed(file: HangUpListener): void {
    this.files.delete(file);
    if (this.files.size > 0) return;
    this.isAbandoned = true;
    clearTerminal(this.session);
    this.masterQueue.wake();
  }

  /** TIOCVHANGUP, or the end of the master (__tty_hangup). */
  hangUp(): void {
    for (const file of this.files) file.hungUp();
    this.line.flush();
    hangUpSession(this);
    this.slaveQueue.wake();
  }

  masterClosed(): void {
    this.hasMaster = false;
    this.isAbandoned = true;
    this.hangUp();
  }

  /** ^Q; nothing while TCOOFF holds it. */
  #release(): void {
    if (!this.#isStopped || this.#isHeld) return;
    this.#isStopped = false;
    this.#noteFlow(Packet.START, Packet.STOP);
    this.slaveQueue.notify(WRITABLE);
  }

  #noteFlow(set: number, cleared: number): void {
    if (!this.isPacketMode) return;
    this.packetStatus &= ~cleared;
    this.noteForMaster(set);
  }

  #flushBoth(): void {
    this.#echoes.clear();
    this.flushOutput();
    if (this.isPacketMode) this.noteForMaster(Packet.FLUSHREAD);
  }

  #writePlain(source: Uint8Array): number {
    const count = Math.min(source.length, this.outputRoom);
    this.#output.push(source.subarray(0, count));
    return count;
  }

  /** Runs of plain bytes go as they are; the rest one by one. */
  #writeProcessed(source: Uint8Array): number {
    const { termios } = this;
    let done = 0;
    while (done < source.length) {
      const room = this.outputRoom;
      const run = this.#processor.plainRun(source.subarray(done, done + room), termios);
      if (run > 0) {
        this.#output.push(source.subarray(done, done + run));
        done += run;
        continue;
      }
      const byte = source[done] ?? 0;
      if (this.#processor.width(byte, termios) > room) break;
      this.#output.push(Uint8Array.from(this.#processor.process(byte, termios)));
      done += 1;
    }
    return done;
  }

  #echo(operation: number): void {
    this.#echoes.add(operation);
    if (this.#echoes.length >= ECHO_WATERMARK) this.#flushEchoes();
  }

  #flushEchoes(): void {
    if (this.#echoes.length === 0) return;
    const bytes = this.#echoes.take(this.outputRoom, this.#processor, this.termios);
    if (bytes.length === 0) return;
    this.#output.push(bytes);
    this.masterQueue.notify(READABLE);
  }
}

/** ^S and ^Q are what they are everywhere: the master may act on them itself. */
function usesPlainFlowControl({ input, keys }: Termios): boolean {
  return (input & Input.IXON) !== 0 && keys[Key.VSTOP] === 0x13 && keys[Key.VSTART] === 0x11;
}
