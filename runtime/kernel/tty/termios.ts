/** Settings of a terminal (termios(3)): immutable; a change makes a new value. */
import {
  BAUD_RATES,
  BOTHER,
  CBAUD,
  FAST_BAUD_RATES,
  IBSHIFT,
  Control,
  Input,
  Key,
  KEYS,
  Local,
  Output,
  TERMIOS2_BYTES,
  TERMIOS_BYTES,
} from "../abi/termios.ts";

export interface Termios {
  readonly input: number;
  readonly output: number;
  readonly control: number;
  readonly local: number;
  readonly line: number;
  readonly keys: Uint8Array;
  readonly inputSpeed: number;
  readonly outputSpeed: number;
}

/** A key that is switched off (_POSIX_VDISABLE). */
export const DISABLED = 0;
const DEFAULT_SPEED = 38_400;

/** What a fresh pty has (tty_std_termios; INIT_C_CC). */
export function defaultTermios(): Termios {
  const keys = new Uint8Array(KEYS);
  keys.set([3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0]);
  return {
    input: Input.ICRNL | Input.IXON,
    output: Output.OPOST | Output.ONLCR,
    control: Control.B38400 | Control.CS8 | Control.CREAD,
    local:
      Local.ISIG |
      Local.ICANON |
      Local.ECHO |
      Local.ECHOE |
      Local.ECHOK |
      Local.ECHOCTL |
      Local.ECHOKE |
      Local.IEXTEN,
    line: 0,
    keys,
    inputSpeed: DEFAULT_SPEED,
    outputSpeed: DEFAULT_SPEED,
  };
}

/** struct termios, or termios2 with its speeds. */
export function encodeTermios(termios: Termios, hasSpeeds: boolean): Uint8Array {
  const bytes = new Uint8Array(hasSpeeds ? TERMIOS2_BYTES : TERMIOS_BYTES);
  const view = new DataView(bytes.buffer);
  [termios.input, termios.output, termios.control, termios.local].forEach((word, index) =>
    view.setUint32(index * 4, word, true),
  );
  bytes[16] = termios.line;
  bytes.set(termios.keys, 17);
  if (hasSpeeds) {
    view.setUint32(36, termios.inputSpeed, true);
    view.setUint32(40, termios.outputSpeed, true);
  }
  return bytes;
}

/** What a program set; of a pty the size of characters and CREAD cannot be changed (pty_set_termios). */
export function decodeTermios(bytes: Uint8Array, hasSpeeds: boolean): Termios {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const control = view.getUint32(8, true);
  const [input, output] = hasSpeeds ? [view.getUint32(36, true), view.getUint32(40, true)] : [0, 0];
  const outputSpeed = speedOf(control & CBAUD, output);
  const inputBits = (control >>> IBSHIFT) & CBAUD;
  return {
    input: view.getUint32(0, true),
    output: view.getUint32(4, true),
    control: ((control & ~(Control.CSIZE | Control.PARENB)) | Control.CS8 | Control.CREAD) >>> 0,
    local: view.getUint32(12, true),
    line: bytes[16] ?? 0,
    keys: bytes.slice(17, 17 + KEYS),
    inputSpeed: inputBits === 0 ? outputSpeed : speedOf(inputBits, input),
    outputSpeed,
  };
}

/** tty_termios_baud_rate: CBAUDEX counts the fast ones; BOTHER takes the number itself. */
function speedOf(bits: number, number: number): number {
  if (bits === BOTHER) return number;
  return (bits < BOTHER ? BAUD_RATES[bits] : FAST_BAUD_RATES[bits - BOTHER - 1]) ?? 0;
}

export function keyOf(termios: Termios, key: keyof typeof Key): number {
  return termios.keys[Key[key]] ?? DISABLED;
}
