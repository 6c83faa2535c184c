import { expect, it } from "vitest";
import { Filters } from "./filters.ts";
import { isValidSignal, parseSignal } from "./signals.ts";

it("matches exactly or as an expression, and everything without the key", () => {
  const filters = Filters.of({ name: ["^we", "(broken"] });
  expect(filters.matches("name", "web")).toBe(true);
  expect(filters.matches("name", "a web")).toBe(false);
  expect(filters.matches("name", "(broken")).toBe(true);
  expect(filters.matches("id", "anything")).toBe(true);
});

it("wants every label, with or without a value", () => {
  const filters = Filters.of({ label: ["a", "b=1=2"] });
  expect(filters.matchesLabels("label", { a: "", b: "1=2" })).toBe(true);
  expect(filters.matchesLabels("label", { a: "x", b: "1" })).toBe(false);
  expect(filters.matchesLabels("label", { b: "1=2" })).toBe(false);
});

it("reads truth values and refuses others and unknown keys", () => {
  expect(Filters.of({ dangling: ["1"] }).boolean("dangling", false)).toBe(true);
  expect(new Filters().boolean("dangling", true)).toBe(true);
  expect(() => Filters.of({ dangling: ["maybe"] }).boolean("dangling", true)).toThrow(
    "invalid filter 'dangling=[maybe]'",
  );
  expect(() => Filters.of({ odd: ["1"] }).validate(new Set(["even"]))).toThrow("invalid filter 'odd'");
});

it("knows signals by name, number and distance from the real-time ends", () => {
  expect(["SIGKILL", "term", "9", "RTMIN+3", "SIGRTMAX-1"].map(parseSignal)).toEqual([9, 15, 9, 37, 63]);
  for (const text of ["0", "NOPE", "RTMIN+99", ""])
    expect(() => parseSignal(text)).toThrow(`invalid signal: ${text}`);
  expect([9, 64, 33, 99].map(isValidSignal)).toEqual([true, true, false, false]);
});
