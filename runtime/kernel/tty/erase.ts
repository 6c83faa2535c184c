/**
 * ERASE, WERASE and KILL (drivers/tty/n_tty.c: eraser). One hard idea: what is rubbed out on the screen is
 * what its echo took: two columns for ^X, one for a character of several bytes, a tab as far as it went.
 */
import { Input } from "../abi/termios.ts";
import { isContinuation, isControl, isWordByte } from "./characters.ts";
import { Echo } from "./echo.ts";
import type { LineDiscipline } from "./line-discipline.ts";
import { keyOf } from "./termios.ts";

const TAB_COLUMNS = 8;
const [BACKSPACE, TAB, NEWLINE, SPACE, BACKSLASH] = [8, 9, 10, 32, 0x5c] as const;

type Kind = "character" | "word" | "line";

export function eraseInput(line: LineDiscipline, key: number): void {
  if (line.editable.length === 0) return;
  const kind = kindOf(line, key);
  if (kind === "line" && !isErasedVisibly(line)) {
    killLine(line);
    return;
  }
  let hasWord = false;
  while (line.editable.length > 0) {
    const typed = line.editable;
    const size = lastCharacterBytes(line, typed);
    if (size === 0) break;
    const first = typed[typed.length - size] ?? 0;
    if (kind === "word") {
      if (isWordByte(first)) hasWord = true;
      else if (hasWord) break;
    }
    line.drop(size);
    if (line.has("ECHO")) show(line, kind, first, typed.slice(typed.length - size));
    if (kind === "character") break;
  }
  if (line.editable.length === 0 && line.has("ECHO")) line.finishErasing();
}

function kindOf({ termios }: LineDiscipline, key: number): Kind {
  if (key === keyOf(termios, "VERASE")) return "character";
  return key === keyOf(termios, "VWERASE") ? "word" : "line";
}

function isErasedVisibly(line: LineDiscipline): boolean {
  return line.has("ECHO") && line.has("ECHOK") && line.has("ECHOKE") && line.has("ECHOE");
}

function killLine(line: LineDiscipline): void {
  line.drop(line.editable.length);
  if (!line.has("ECHO")) return;
  line.finishErasing();
  line.echo(keyOf(line.termios, "VKILL"));
  if (line.has("ECHOK")) line.echoRaw(NEWLINE);
}

/** Bytes of the last character; 0 when its first byte is not there. */
function lastCharacterBytes({ termios }: LineDiscipline, typed: readonly number[]): number {
  if ((termios.input & Input.IUTF8) === 0) return 1;
  let size = 1;
  while (isContinuation(typed[typed.length - size] ?? 0) && size < typed.length) size += 1;
  return isContinuation(typed[typed.length - size] ?? 0) ? 0 : size;
}

function show(line: LineDiscipline, kind: Kind, first: number, bytes: readonly number[]): void {
  if (line.has("ECHOPRT")) {
    if (!line.isErasing) line.echoRaw(BACKSLASH);
    line.isErasing = true;
    line.echo(first);
    for (const byte of bytes.slice(1)) line.echoRaw(byte, Echo.moveBack);
  } else if (kind === "character" && !line.has("ECHOE")) line.echo(keyOf(line.termios, "VERASE"));
  else if (first === TAB) eraseTab(line);
  else {
    if (isControl(first) && line.has("ECHOCTL")) line.echoRaw(BACKSPACE, SPACE, BACKSPACE);
    if (!isControl(first) || line.has("ECHOCTL")) line.echoRaw(BACKSPACE, SPACE, BACKSPACE);
  }
}

/** Back to where the tab began: counted from the tab before it, or from the column the line began in. */
function eraseTab(line: LineDiscipline): void {
  const typed = line.editable;
  const previous = typed.lastIndexOf(TAB);
  let columns = 0;
  for (const byte of typed.slice(previous + 1)) {
    if (isControl(byte)) columns += line.has("ECHOCTL") ? 2 : 0;
    else if ((line.termios.input & Input.IUTF8) === 0 || !isContinuation(byte)) columns += 1;
  }
  line.echoRaw((previous < 0 ? Echo.eraseTab : Echo.eraseTabAfterTab) | (columns & (TAB_COLUMNS - 1)));
}
