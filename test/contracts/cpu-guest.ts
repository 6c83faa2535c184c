/**
 * A guest made of bytes, for the contract of a space: one code page by default, a stack, and registers by
 * name. Programs are machine code spelled out, because an assembler would be one more thing to trust.
 */
import type { InterpreterMachine } from "../../runtime/cpu/interpreter/machine.ts";
import type { Context, Fault, Space, Stop } from "../../runtime/cpu/machine.ts";
import { BIAS, PAGE_BYTES } from "../../runtime/cpu/machine.ts";

export const CODE = 0x40_0000;
export const DATA = 0x50_0000;
export const STACK_TOP = 0x60_0000;

export const Register = {
  rax: 0, rcx: 1, rdx: 2, rbx: 3, rsp: 4, rbp: 5, rsi: 6, rdi: 7, r8: 8, r11: 11,
} as const;
export type RegisterName = keyof typeof Register;

/** Bytes from text: "0f 05 c3". */
export function code(text: string): number[] {
  return text
    .trim()
    .split(/\s+/)
    .filter((word) => word !== "")
    .map((word) => Number.parseInt(word, 16));
}

/** A little-endian 32-bit immediate as text for `code`. */
export function le32(value: number): string {
  return [0, 8, 16, 24].map((shift) => ((value >>> shift) & 255).toString(16).padStart(2, "0")).join(" ");
}

export class Guest {
  readonly space: Space;
  readonly context: Context;

  constructor(space: Space, context: Context) {
    this.space = space;
    this.context = context;
  }

  /** Code at CODE (readable, executable), DATA and a stack (writable), rip at the code. */
  static create(machine: InterpreterMachine, program: string, reserve: (sizeBytes: number) => number = () => 0): Guest {
    const space = machine.createSpace({ reserve });
    space.grow(STACK_TOP + PAGE_BYTES);
    space.setAccess(CODE, CODE + PAGE_BYTES, 5);
    space.setAccess(DATA, DATA + PAGE_BYTES, 3);
    space.setAccess(STACK_TOP - PAGE_BYTES, STACK_TOP, 3);
    const guest = new Guest(space, space.createContext());
    guest.poke(CODE, code(program));
    guest.start({});
    return guest;
  }

  poke(address: number, bytes: readonly number[]): void {
    this.space.bytes.set(bytes, address - BIAS);
  }

  peek(address: number, count: number): number[] {
    return [...this.space.bytes.subarray(address - BIAS, address - BIAS + count)];
  }

  /** Sets rip to `at` and the registers given; rsp to the stack's top. */
  start(registers: Partial<Record<RegisterName, bigint>>, at = CODE): this {
    this.context.rip = at;
    this.set({ rsp: BigInt(STACK_TOP), ...registers });
    return this;
  }

  set(registers: Partial<Record<RegisterName, bigint>>): void {
    for (const [name, number] of Object.entries(Register)) {
      const value = registers[name as RegisterName]; // The keys of Register are its names.
      if (value !== undefined) this.context.setRegister(number, BigInt.asUintN(64, value));
    }
  }

  get(name: RegisterName): bigint {
    return this.context.register(Register[name]);
  }

  run(fuel = 1_000_000): Stop {
    return this.space.run(this.context, fuel);
  }

  get fault(): Fault {
    return this.space.fault;
  }
}
