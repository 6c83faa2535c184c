import { expect, test } from "vitest";
import { concatBytes, decodeUtf8, encodeUtf8 } from "../../../../layers/base/bytes.ts";
import type { TerminalEvent } from "./line-discipline.ts";
import { LineDiscipline } from "./line-discipline.ts";

/** Types `keys` and gathers what the screen and the program got. */
function type(keys: string, output = ""): { screen: string; events: string[] } {
  const echoed: Uint8Array[] = [];
  const events: string[] = [];
  const discipline = new LineDiscipline((event: TerminalEvent) => {
    if (event.kind === "echo") echoed.push(event.bytes);
    else if (event.kind === "input") events.push(decodeUtf8(event.bytes));
    else events.push(event.kind === "signal" ? `signal ${event.signal}` : event.kind);
  });
  if (output !== "") echoed.push(discipline.output(encodeUtf8(output)));
  discipline.input(encodeUtf8(keys));
  return { screen: decodeUtf8(concatBytes(echoed)), events };
}

test("a line is echoed and handed over at Enter, with carriage return as newline", () => {
  expect(type("hi\r")).toEqual({ screen: "hi\r\n", events: ["hi\n"] });
  expect(type("hi\n")).toEqual({ screen: "hi\r\n", events: ["hi\n"] });
  expect(type("not yet")).toEqual({ screen: "not yet", events: [] });
});

test("DEL rubs out a character, however many bytes and columns it has", () => {
  expect(type("ab\x7f\r")).toEqual({ screen: "ab\b \b\r\n", events: ["a\n"] });
  expect(type("é\x7f\r")).toEqual({ screen: "é\b \b\r\n", events: ["\n"] });
  expect(type("日\x7f\r")).toEqual({ screen: "日\b \b\b \b\r\n", events: ["\n"] });
  expect(type("\x01\x7f\r")).toEqual({ screen: "^A\b \b\b \b\r\n", events: ["\n"] });
  expect(type("\x7f\r")).toEqual({ screen: "\r\n", events: ["\n"] });
});

test("a tab is rubbed out to where it began, behind a prompt too", () => {
  expect(type("\t\x7f", "$ ").screen).toBe(`$ \t${"\b \b".repeat(6)}`);
  expect(type("abc\t\x7f").screen).toBe(`abc\t${"\b \b".repeat(5)}`);
});

test("^U wipes the line, ^W a word", () => {
  expect(type("abc\x15d\r")).toEqual({ screen: `abc${"\b \b".repeat(3)}d\r\n`, events: ["d\n"] });
  expect(type("one two  \x17x\r")).toEqual({ screen: `one two  ${"\b \b".repeat(5)}x\r\n`, events: ["one x\n"] });
});

test("^C and ^\\ are shown, signal, and drop the line", () => {
  expect(type("abc\x03d\r")).toEqual({ screen: "abc^Cd\r\n", events: ["signal 2", "d\n"] });
  expect(type("\x1c")).toEqual({ screen: "^\\", events: ["signal 3"] });
});

test("^D hands over what there is, and is end-of-file on an empty line", () => {
  expect(type("ab\x04\x04")).toEqual({ screen: "ab", events: ["ab", "endOfFile"] });
});

test("^V takes the next key as it is", () => {
  expect(type("\x16\x03\r")).toEqual({ screen: "^\b^C\r\n", events: ["\x03\n"] });
});

test("^R shows the line again", () => {
  expect(type("ab\x12").screen).toBe("ab^R\r\nab");
});

test("a line longer than the kernel keeps rings the bell and loses the rest", () => {
  const { screen, events } = type(`${"x".repeat(5000)}\r`);
  expect(events).toEqual([`${"x".repeat(4095)}\n`]);
  expect(screen.endsWith("\x07\r\n")).toBe(true);
});

test("output gets carriage returns, and is left alone without newlines", () => {
  expect(type("", "a\nb\n").screen).toBe("a\r\nb\r\n");
  expect(type("", "a\r\n").screen).toBe("a\r\r\n");
  expect(type("", "abc").screen).toBe("abc");
});
