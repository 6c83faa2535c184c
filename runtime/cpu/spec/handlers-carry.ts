/**
 * Hot handlers of what long numbers are made of: adc, sbb, mul, mulx, adcx and adox. One hard idea: adcx and
 * adox keep the flags as bits, which all but the first of a row of them find already so; the first, and
 * whatever else is rare, runs in its general form.
 */
import { CARRY } from "./conditions.ts";
import { operands, unsigned } from "./handlers.ts";
import type { Form, Handler, Width } from "./handlers.ts";
import { leave } from "./loops.ts";

const NEXT = "p += 32; continue;";
const REGISTER = (field: number): string => `<usize>load<u16>(p, ${field})`;

/** Kinds of record without and with the carry (flags.ts). */
const WITH_CARRY = [
  ["adc", "+", 1], ["sbb", "-", 3],
] as const;

function withCarry(): Handler[] {
  return WITH_CARRY.flatMap(([operation, symbol, kind]) =>
    (["rr", "ri", "rm", "rx", "mr"] as const).flatMap((form) =>
      ([2, 3] as const).map((width): Handler => {
        const { before, after } = operands(form, width, true);
        const type = unsigned(width);
        const code =
          `${before} let c: u32 = ${CARRY}; let r: ${type} = a ${symbol} b ${symbol} <${type}>c; ${after} ` +
          `store<u64>(FLAG_A, <u64>a); store<u64>(FLAG_R, <u64>r); store<u32>(FLAG_K, (${kind} + c) * 4 + ${width}); ${NEXT}`;
        return { operation, form, width, notes: true, code };
      }),
    ),
  );
}

/** Sets `y` to the upper half of the product of the u64 `a` and `b`, by halves. */
const HIGH =
  "let w: u64 = (a & 0xffffffff) * (b & 0xffffffff); let x: u64 = (a >> 32) * (b & 0xffffffff) + (w >> 32); " +
  "let z: u64 = (a & 0xffffffff) * (b >> 32) + (x & 0xffffffff); let y: u64 = (a >> 32) * (b >> 32) + (x >> 32) + (z >> 32);";

function products(): Handler[] {
  const handlers: Handler[] = [];
  const add = (operation: string, form: Form, width: Width, code: string, notes = true): void => {
    handlers.push({ operation, form, width, notes, code: `${code} ${NEXT}` });
  };
  // The low half first: when both go to one register, it is the upper one.
  for (const form of ["rr", "rm", "rx"] as const) {
    const source = operands(form, 3, true).before.replace(/let a: u64 = [^;]*;/, "let a: u64 = load<u64>(REG, 16);");
    add("mulx", form, 3, `${source} ${HIGH} store<u64>(${REGISTER(28)}, a * b); store<u64>(${REGISTER(8)}, y);`);
  }
  // Flags that nobody reads.
  for (const form of ["r", "m", "x"] as const) {
    const source = operands(form, 3, false).before;
    add("mul", form, 3, `${source} let b: u64 = load<u64>(REG); ${HIGH} store<u64>(REG, a * b); store<u64>(REG, y, 16);`, false);
  }
  return handlers;
}

function additions(): Handler[] {
  return ([["adcx", 0], ["adox", 11]] as const).flatMap(([operation, bit]) =>
    (["rr", "rm", "rx"] as const).map((form): Handler => {
      const { before, after } = operands(form, 3, true);
      const code =
        `if (load<u32>(FLAG_K) >= 4) { ${leave("cold")} } ${before} ` +
        `let c: u32 = (load<u32>(FLAG_A) >> ${bit}) & 1; let r: u64 = a + b + <u64>c; ${after} ` +
        `store<u64>(FLAG_A, <u64>((load<u32>(FLAG_A) & ~${1 << bit}) | (u32(c != 0 ? r <= a : r < a) << ${bit}))); ${NEXT}`;
      return { operation, form, width: 3, notes: true, code };
    }),
  );
}

export function carryHandlers(): Handler[] {
  return [...withCarry(), ...products(), ...additions()];
}
