/**
 * The hot handlers: for operations a compiler's inner loops are made of, one switch case per operand
 * form, width and "does anybody read the flags". One hard idea: a handler is text put together from
 * three small templates (read operands, compute, write and note flags), so that every combination is
 * the same code with constants filled in. What has no handler here runs in its general form (cold.ts).
 *
 * No handler calls a function: with a call in the loop the engine keeps the loop's variables in memory,
 * which costs half the speed. What is rare leaves the loop (`slow = …; break;`) for one of SLOW's ways,
 * having changed nothing yet, and comes back.
 */

import { CARRY, flagTest } from "./conditions.ts";
import { leave } from "./loops.ts";
import type { Way } from "./loops.ts";

/** Which operands are what: r register, i immediate, m memory with a base, x with an index, g general. */
export const FORMS = [
  "none", "rr", "ri", "rm", "rx", "mr", "xr", "mi", "xi", "r", "m", "x", "i", "g",
] as const;
export type Form = (typeof FORMS)[number];

export const WIDTHS = [0, 1, 2, 3] as const;
export type Width = (typeof WIDTHS)[number];

const UNSIGNED = ["u8", "u16", "u32", "u64"] as const;
const SIGNED = ["i8", "i16", "i32", "i64"] as const;

export interface Handler {
  readonly operation: string;
  readonly form: Form;
  readonly width: Width;
  /** Of cmov and setcc: condition code / 2. */
  readonly group?: number;
  /** Serves every width: the operation's operands have one of their own. */
  readonly anyWidth?: boolean;
  /** Notes the flags (or has none to note). */
  readonly notes: boolean;
  readonly code: string;
}

export interface FusedHandler {
  readonly operation: "cmp" | "test";
  readonly form: Form;
  readonly width: Width;
  readonly condition: number;
  readonly code: string;
}

export const unsigned = (width: Width): string => UNSIGNED[width];
export const signed = (width: Width): string => SIGNED[width];

const D = "<usize>load<u16>(p, 8)";
const S = "<usize>load<u16>(p, 10)";
const BASE = "load<u64>(<usize>load<u16>(p, 12)) + <u64><i64>load<i32>(p, 16)";
const INDEXED =
  "load<u64>(<usize>load<u16>(p, 12)) + (load<u64>(<usize>load<u16>(p, 14)) << <u64>load<u8>(p, 20))" +
  " + <u64><i64>load<i32>(p, 16)";
const NEXT = "p += 32; continue;";

const SIZE_BYTES: Readonly<Record<string, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  u64: 8,
  v128: 16,
};

/** The test of the page map for `bytes` at the address in variable `name`, in brackets of its own. */
export function checkAccess(
  name: string, type: string | number, access: "Read" | "Write", way: Way = "cold",
): string {
  const bytes = typeof type === "number" ? type : (SIZE_BYTES[type] ?? 8);
  const page = `load<u8>(MAP + <usize>(${name} >> 12))`;
  // A page with translations goes the slow way, which drops them.
  const denied = access === "Read" ? `!(${page} & 1)` : `(${page} & 10) != 2`;
  const crosses = bytes === 1 ? "" : `if ((<u32>${name} & 4095) > ${4096 - bytes}) { ${leave(way)} }`;
  // Three tests of their own: the compiler makes a number of an `or`, and tests that.
  return `/*[*/if (${name} >= LIMIT) { ${leave(way)} } if (${denied}) { ${leave(way)} } ${crosses}/*]*/`;
}

/** The unchecked variant of a handler. */
export function withoutChecks(code: string): string {
  return code.replace(/\/\*\[\*\/.*?\/\*\]\*\//g, "");
}

/** Declares `e`, the checked address of a memory operand of type `type`. */
function address(shape: string, type: string, access: "Read" | "Write", way: Way = "cold"): string {
  return `let e: u64 = ${shape === "m" ? BASE : INDEXED}; ${checkAccess("e", type, access, way)}`;
}

function writeRegister(width: Width, value: string, at = D): string {
  return width === 2
    ? `store<u64>(${at}, <u64>(${value}));`
    : `store<${unsigned(width)}>(${at}, ${value});`;
}

interface Parts {
  /** Declares a (first operand) and b (second). */
  readonly before: string;
  /** Stores `r` to the first operand. */
  readonly after: string;
}

/** Reads both operands as `type`; with `isRead` only, the first is not written back. */
export function operands(form: Form, width: Width, isWritten: boolean, way: Way = "cold"): Parts {
  const type = unsigned(width);
  const first = form[0] ?? "r";
  const second = form[1] ?? "";
  let before = "";
  if (first === "m" || first === "x") before += address(first, type, isWritten ? "Write" : "Read", way);
  if (second === "m" || second === "x") before += address(second, type, "Read", way);
  before +=
    first === "r"
      ? `let a: ${type} = load<${type}>(${D});`
      : `let a: ${type} = load<${type}>(<usize>e);`;
  if (second === "r") before += `let b: ${type} = load<${type}>(${S});`;
  if (second === "i") before += `let b: ${type} = <${type}>load<i64>(p, 24);`;
  if (second === "m" || second === "x") before += `let b: ${type} = load<${type}>(<usize>e);`;
  const after = first === "r" ? writeRegister(width, "r") : `store<${type}>(<usize>e, r);`;
  return { before, after: isWritten ? after : "" };
}

const KIND_NUMBER = { add: 1, sub: 3, logic: 5, inc: 6, dec: 7, bits: 8 } as const;
type FlagKind = keyof typeof KIND_NUMBER;

function note(kind: FlagKind, width: Width, first: string): string {
  const a = kind === "logic" ? "" : `store<u64>(FLAG_A, <u64>(${first}));`;
  return `${a} store<u64>(FLAG_R, <u64>r); store<u32>(FLAG_K, ${KIND_NUMBER[kind] * 4 + width});`;
}

const BINARY: Readonly<
  Record<string, readonly [symbol: string, kind: FlagKind, isWritten: boolean]>
> = {
  add: ["+", "add", true],
  sub: ["-", "sub", true],
  and: ["&", "logic", true],
  or: ["|", "logic", true],
  xor: ["^", "logic", true],
  cmp: ["-", "sub", false],
  test: ["&", "logic", false],
};

const BINARY_FORMS: readonly Form[] = ["rr", "ri", "rm", "rx", "mr", "xr", "mi", "xi"];

function binary(): Handler[] {
  return Object.entries(BINARY).flatMap(([operation, [symbol, kind, isWritten]]) =>
    BINARY_FORMS.flatMap((form) =>
      WIDTHS.filter((width) => width !== 1).flatMap((width) =>
        (isWritten ? [true, false] : [true]).map((notes): Handler => {
          const { before, after } = operands(form, width, isWritten);
          const flags = notes ? note(kind, width, "a") : "";
          const code = `${before} let r: ${unsigned(width)} = a ${symbol} b; ${after} ${flags} ${NEXT}`;
          return { operation, form, width, notes, code };
        }),
      ),
    ),
  );
}

function unary(): Handler[] {
  const rows: readonly (readonly [string, string, FlagKind | undefined, string])[] = [
    ["inc", "a + 1", "inc", "cf()"],
    ["dec", "a - 1", "dec", "cf()"],
    ["neg", "0 - a", "sub", "0"],
    ["not", "~a", undefined, ""],
  ];
  return rows.flatMap(([operation, value, kind, first]) =>
    ([2, 3] as const).flatMap((width) =>
      (kind === undefined ? [true] : [true, false]).map((notes): Handler => {
        const { before, after } = operands("r", width, true);
        const old = notes && first === "cf()" ? `let c: u32 = ${CARRY};` : "";
        const flags =
          notes && kind !== undefined ? note(kind, width, first === "cf()" ? "c" : first) : "";
        const code = `${before} ${old} let r: ${unsigned(width)} = ${value}; ${after} ${flags} ${NEXT}`;
        return { operation, form: "r", width, notes, code };
      }),
    ),
  );
}

function shifts(): Handler[] {
  const handlers: Handler[] = [];
  for (const width of [2, 3] as const) {
    const type = unsigned(width);
    const bits = 8 << width;
    const count = `let c: ${type} = <${type}>load<u8>(p, 24) & ${bits - 1};`;
    const read = `let a: ${type} = load<${type}>(${D});`;
    const add = (operation: string, value: string, carry: string): void => {
      const result = `${count} ${read} let r: ${type} = ${value}; ${writeRegister(width, "r")}`;
      handlers.push({ operation, form: "ri", width, notes: false, code: `${result} ${NEXT}` });
      if (carry === "") return;
      const noted = `if (c != 0) { ${carry} ${note("bits", width, "o")} }`;
      handlers.push({
        operation,
        form: "ri",
        width,
        notes: true,
        code: `${result} ${noted} ${NEXT}`,
      });
    };
    const top = (name: string): string => `(<u32>(${name} >> ${bits - 1}) & 1)`;
    add(
      "shl",
      "a << c",
      `let k: u32 = <u32>(a >> (${bits} - c)) & 1; let o: u32 = k | ((${top("r")} ^ k) << 11);`,
    );
    add(
      "shr",
      "a >> c",
      `let o: u32 = (<u32>(a >> (c - 1)) & 1) | (c == 1 ? ${top("a")} << 11 : 0);`,
    );
    add(
      "sar",
      `<${type}>(<${signed(width)}>a >> <${signed(width)}>c)`,
      "let o: u32 = <u32>(a >> (c - 1)) & 1;",
    );
    add("rol", `rotl<${type}>(a, c)`, "");
    add("ror", `rotr<${type}>(a, c)`, "");
    for (const [operation, value] of [
      ["shl", "a << c"],
      ["shr", "a >> c"],
      ["sar", `<${type}>(<${signed(width)}>a >> <${signed(width)}>c)`],
    ] as const) {
      const code =
        `let c: ${type} = <${type}>load<u8>(${S}) & ${bits - 1}; ${read} let r: ${type} = ${value}; ` +
        `${writeRegister(width, "r")} ${NEXT}`;
      handlers.push({ operation, form: "rr", width, notes: false, code });
    }
  }
  return handlers;
}

function moves(): Handler[] {
  const handlers: Handler[] = [];
  const add = (operation: string, form: Form, width: Width, code: string): void => {
    handlers.push({ operation, form, width, notes: true, code: `${code} ${NEXT}` });
  };
  for (const width of WIDTHS) {
    const type = unsigned(width);
    add("mov", "rr", width, writeRegister(width, `load<${type}>(${S})`));
    add("mov", "ri", width, writeRegister(width, `<${type}>load<i64>(p, 24)`));
    for (const shape of ["m", "x"] as const) {
      add(
        "mov",
        `r${shape}`,
        width,
        address(shape, type, "Read") + writeRegister(width, `load<${type}>(<usize>e)`),
      );
      const store = (value: string): string =>
        `${address(shape, type, "Write")} store<${type}>(<usize>e, ${value});`;
      add("mov", `${shape}r`, width, store(`load<${type}>(${S})`));
      add("mov", `${shape}i`, width, store(`<${type}>load<i64>(p, 24)`));
    }
  }
  const extensions = [
    ["movzxb", "u8", false],
    ["movzxw", "u16", false],
    ["movsxb", "i8", true],
    ["movsxw", "i16", true],
    ["movsxd", "i32", true], // To 32 bits it is a plain load.
  ] as const;
  for (const [operation, type, isSigned] of extensions) {
    for (const width of [2, 3] as const) {
      const extend = (value: string): string =>
        writeRegister(
          width,
          isSigned && !(type === "i32" && width === 2)
            ? `<${unsigned(width)}><${signed(width)}>${value}`
            : `<${unsigned(width)}>${value.replace("<i32>", "<u32>")}`,
        );
      add(operation, "rr", width, extend(`load<${type}>(${S})`));
      for (const shape of ["m", "x"] as const) {
        add(
          operation,
          `r${shape}`,
          width,
          address(shape, type, "Read") + extend(`load<${type}>(<usize>e)`),
        );
      }
    }
  }
  for (const width of [2, 3] as const) {
    add("lea", "rm", width, writeRegister(width, `<${unsigned(width)}>(${BASE})`));
    add("lea", "rx", width, writeRegister(width, `<${unsigned(width)}>(${INDEXED})`));
  }
  return handlers;
}

function others(): Handler[] {
  const handlers: Handler[] = [];
  const add = (operation: string, form: Form, width: Width, notes: boolean, code: string): void => {
    handlers.push({ operation, form, width, notes, code: `${code} ${NEXT}` });
  };
  for (const width of [2, 3] as const) {
    const type = unsigned(width);
    for (const form of ["rr", "rm", "rx"] as const) {
      const { before, after } = operands(form, width, true);
      add("imul2", form, width, false, `${before} let r: ${type} = a * b; ${after}`);
      add(
        "imul3",
        form,
        width,
        false,
        `${before} let r: ${type} = b * <${type}>load<i64>(p, 24); ${after}`,
      );
    }
    const half = width === 3 ? "<u64><i64>load<i32>(REG)" : "<u64><u32><i32>load<i16>(REG)";
    add("cbw", "none", width, true, `store<u64>(REG, ${half});`);
    const sign = width === 3 ? "<u64>(load<i64>(REG) >> 63)" : "<u64><u32>(load<i32>(REG) >> 31)";
    add("cwd", "none", width, true, `store<u64>(REG, ${sign}, 16);`);
  }
  for (const width of [2, 3] as const) {
    const type = unsigned(width);
    const swap =
      `let a: ${type} = load<${type}>(${D}); let b: ${type} = load<${type}>(${S}); ` +
      `${writeRegister(width, "b")} ${writeRegister(width, "a", S)}`;
    // With itself it is a nop: nothing is extended.
    add("xchgAcc", "rr", width, true, `if (load<u16>(p, 8) != load<u16>(p, 10)) { ${swap} }`);
  }
  // The compiler's own bswap is a function.
  const swap32 = "(rotl<u32>(a, 8) & 0x00ff00ff) | (rotr<u32>(a, 8) & 0xff00ff00)";
  add("bswap", "r", 2, true, `let a: u32 = load<u32>(${D}); store<u64>(${D}, <u64>(${swap32}));`);
  const half = (value: string, bits: number, mask: string): string =>
    `((${value} >> ${bits}) & ${mask}) | ((${value} & ${mask}) << ${bits})`;
  const swap64 =
    `let a: u64 = load<u64>(${D}); a = ${half("a", 8, "0x00ff00ff00ff00ff")}; a = ${half("a", 16, "0x0000ffff0000ffff")};`;
  add("bswap", "r", 3, true, `${swap64} store<u64>(${D}, rotl<u64>(a, 32));`);
  const push = (value: string): string =>
    `let t: u64 = load<u64>(REG, 32) - 8; let e: u64 = t - BIAS; ${checkAccess("e", "u64", "Write")} ` +
    `store<u64>(<usize>e, ${value}); store<u64>(REG, t, 32);`;
  add("push", "r", 3, true, push(`load<u64>(${D})`));
  add("push", "i", 3, true, push("load<u64>(p, 24)"));
  const pop = `let t: u64 = load<u64>(REG, 32); let e: u64 = t - BIAS; ${checkAccess("e", "u64", "Read")}`;
  add(
    "pop",
    "r",
    3,
    true,
    `${pop} store<u64>(REG, t + 8, 32); store<u64>(${D}, load<u64>(<usize>e));`,
  );
  add(
    "leave",
    "none",
    3,
    true,
    `let t: u64 = load<u64>(REG, 40); let e: u64 = t - BIAS; ${checkAccess("e", "u64", "Read")} ` +
      `store<u64>(REG, load<u64>(<usize>e), 40); store<u64>(REG, t + 8, 32);`,
  );
  for (const width of WIDTHS)
    for (const form of ["none", "r", "m", "x"] as const) add("nop", form, width, true, "");
  return handlers;
}

/** cmov and setcc, one handler for each pair of opposite conditions: the uop says which of the two. */
function conditional(): Handler[] {
  const handlers: Handler[] = [];
  for (let group = 0; group < 8; group++) {
    const test = `${flagTest(group, "cold")} g ^= <u32>load<u8>(p, 24) & 1;`;
    const add = (operation: string, form: Form, width: Width, code: string): void => {
      handlers.push({ operation, form, width, group, notes: true, code: `${code} ${NEXT}` });
    };
    add("setcc", "r", 0, `${test} store<u8>(${D}, g);`);
    for (const width of [2, 3] as const) {
      for (const form of ["rr", "rm", "rx"] as const) {
        const { before } = operands(form, width, true);
        add("cmov", form, width, `${test} ${before} ${writeRegister(width, "g != 0 ? b : a")}`);
      }
    }
  }
  return handlers;
}

/** To uop `q`; what else is done at a block's end is the same for all (TAIL). */
const ARRIVE = "next = q; break;";
/** Before any effect of a jump to a computed address. */
const CANONICAL = `if (t >= 0x8000_0000_0000) { ${leave("end")} }`;
const JUMP =
  "let j: usize = JUMP + ((<usize>t & (JUMP_ENTRIES - 1)) << 3); " +
  `if (<u64>load<u32>(j) != t) { store<u64>(RIP, t); ${leave("look")} } let q: usize = <usize>load<u32>(j, 4); ${ARRIVE}`;

function jumps(): Handler[] {
  const handlers: Handler[] = [];
  const add = (operation: string, form: Form, code: string): void => {
    handlers.push({ operation, form, width: 3, notes: true, code });
  };
  // The return address is in the uop: translate.ts put it there.
  const pushNext =
    `let s: u64 = load<u64>(REG, 32) - 8; let e: u64 = s - BIAS; ${checkAccess("e", "u64", "Write", "end")} ${CANONICAL} ` +
    "store<u64>(<usize>e, load<u64>(p, 24)); store<u64>(REG, s, 32);";
  add(
    "ret",
    "none",
    `let s: u64 = load<u64>(REG, 32); let e: u64 = s - BIAS; ${checkAccess("e", "u64", "Read", "end")} ` +
      `let t: u64 = load<u64>(<usize>e); ${CANONICAL} store<u64>(REG, s + 8, 32); ${JUMP}`,
  );
  const target = (form: "r" | "m" | "x"): string => {
    if (form === "r") return `let t: u64 = load<u64>(${D});`;
    const check = checkAccess("f", "u64", "Read", "end");
    return `let f: u64 = ${form === "m" ? BASE : INDEXED}; ${check} let t: u64 = load<u64>(<usize>f);`;
  };
  for (const form of ["r", "m", "x"] as const) {
    add("jmpIndirect", form, `${target(form)} ${CANONICAL} ${JUMP}`);
    add("callIndirect", form, `${target(form)} ${pushNext} ${JUMP}`);
  }
  return handlers;
}

/** Sets `g` to the condition of an unfused jump by what the record says, or leaves. */
const jumpOn = (cc: number): string =>
  `${flagTest(cc >> 1, "condition")} let q: usize = <usize>(g ${cc & 1 ? "==" : "!="} 0 ? ` +
  `load<u32>(p, 4) : load<u32>(p, 28)); ${ARRIVE}`;

/** Handlers that are no operation's form; translate.ts knows them by name. JCC_0 to JCC_15 are in a row. */
export const SPECIAL: Readonly<Record<string, string>> = {
  COLD: leave("cold"),
  COLD_END: leave("end"),
  LINK: leave("link"),
  RESUME: leave("resume"),
  UNDEFINED: leave("undefined"),
  PROTECTION: leave("protection"),
  GOTO: `let q: usize = <usize>load<u32>(p, 4); ${ARRIVE}`,
  CALL:
    `let s: u64 = load<u64>(REG, 32) - 8; let e: u64 = s - BIAS; ${checkAccess("e", "u64", "Write", "call")} ` +
    `store<u64>(<usize>e, load<u64>(p, 24)); store<u64>(REG, s, 32); ` +
    `let q: usize = <usize>load<u32>(p, 4); ${ARRIVE}`,
  ...Object.fromEntries(Array.from({ length: 16 }, (_, cc) => [`JCC_${cc}`, jumpOn(cc)])),
};

/** b, ae, e, ne, be, a, s, ns, l, ge, le, g of a compare, on a and b; undefined: not fused. */
function compared(operation: "cmp" | "test", cc: number, width: Width): string | undefined {
  const type = signed(width);
  if (operation === "test") {
    const r = "(a & b)";
    const texts: Readonly<Record<number, string>> = {
      4: `${r} == 0`,
      5: `${r} != 0`,
      8: `<${type}>${r} < 0`,
      9: `<${type}>${r} >= 0`,
      14: `<${type}>${r} <= 0`,
      15: `<${type}>${r} > 0`,
    };
    return texts[cc];
  }
  const texts: Readonly<Record<number, string>> = {
    2: "a < b",
    3: "a >= b",
    4: "a == b",
    5: "a != b",
    6: "a <= b",
    7: "a > b",
    8: `<${type}>(a - b) < 0`,
    9: `<${type}>(a - b) >= 0`,
    12: `<${type}>a < <${type}>b`,
    13: `<${type}>a >= <${type}>b`,
    14: `<${type}>a <= <${type}>b`,
    15: `<${type}>a > <${type}>b`,
  };
  return texts[cc];
}

export function fusedHandlers(): FusedHandler[] {
  const handlers: FusedHandler[] = [];
  const forms: readonly Form[] = ["rr", "ri", "rm", "mr", "mi", "xi", "rx"];
  for (const operation of ["cmp", "test"] as const) {
    for (const width of [0, 2, 3] as const) {
      for (const form of forms) {
        if (operation === "test" && form !== "rr" && form !== "ri" && form !== "mi") continue;
        for (let condition = 0; condition < 16; condition++) {
          const text = compared(operation, condition, width);
          if (text === undefined) continue;
          // The upper half of the immediate's field holds the link to the next block.
          const before = operands(form, width, false, "fused").before.replaceAll(
            "load<i64>(p, 24)",
            width === 3 ? "<i64>load<i32>(p, 24)" : "load<i32>(p, 24)",
          );
          const code =
            `${before} let q: usize = (${text}) ? <usize>load<u32>(p, 4) : ` +
            `<usize>load<u32>(p, 28); ${ARRIVE}`;
          handlers.push({ operation, form, width, condition, code });
        }
      }
    }
  }
  return handlers;
}

export function hotHandlers(): Handler[] {
  return [...binary(), ...unary(), ...shifts(), ...moves(), ...others(), ...conditional(), ...jumps()];
}
