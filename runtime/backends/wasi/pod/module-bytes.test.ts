import { expect, test } from "vitest";
import { factsOf, kindOf, limitMemory } from "./module-bytes.ts";
import { WARM_UP_MODULE } from "./warm-up.ts";

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
/** Imports one function and a memory of 2..100 pages, after a table and a global. */
const IMPORTING = Uint8Array.of(
  ...HEADER,
  0x01, 0x04, 0x01, 0x60, 0x00, 0x00,
  0x02, 0x1e, 0x04,
  0x01, 0x61, 0x01, 0x66, 0x00, 0x00, // a.f: function of type 0
  0x01, 0x61, 0x01, 0x74, 0x01, 0x70, 0x00, 0x01, // a.t: funcref table, at least 1
  0x01, 0x61, 0x01, 0x67, 0x03, 0x7f, 0x00, // a.g: constant i32
  0x01, 0x62, 0x01, 0x6d, 0x02, 0x01, 0x02, // b.m: memory, at least 2
  0x64, // and at most 100
);

test("modules, components and other bytes are told apart", () => {
  expect(kindOf(WARM_UP_MODULE)).toBe("module");
  expect(kindOf(Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0))).toBe("component");
  expect(kindOf(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46))).toBe("none");
  expect(kindOf(new Uint8Array())).toBe("none");
});

test("facts name the imports and the pages at the start", () => {
  expect(factsOf(WARM_UP_MODULE)).toEqual({ imports: new Set(), initialPages: 1 });
  expect(factsOf(IMPORTING)).toEqual({ imports: new Set(["a", "b"]), initialPages: 2 });
});

test("a limit becomes the memory's maximum, and the module stays valid", () => {
  const limited = limitMemory(WARM_UP_MODULE, 3);
  const { memory } = new WebAssembly.Instance(new WebAssembly.Module(limited.slice())).exports;
  if (!(memory instanceof WebAssembly.Memory)) throw new Error("no memory");
  expect(memory.grow(2)).toBe(1);
  expect(() => memory.grow(1)).toThrow(RangeError);
});

test("a limit of two LEB128 bytes moves what follows and breaks nothing", () => {
  expect(WebAssembly.validate(limitMemory(WARM_UP_MODULE, 4096).slice())).toBe(true);
});

test("an imported memory is limited too, and a lower maximum of its own is kept", () => {
  expect([...limitMemory(IMPORTING, 50).slice(-3)]).toEqual([0x01, 0x02, 50]);
  expect([...limitMemory(IMPORTING, 4096).slice(-3)]).toEqual([0x01, 0x02, 100]);
});

test("sections that do not add up are refused", () => {
  expect(() => factsOf(Uint8Array.of(...HEADER, 5, 100))).toThrow("section exceeds the module");
  expect(() => factsOf(Uint8Array.of(...HEADER, 5, 0x80))).toThrow("unexpected end of module");
});
