/**
 * What a space tells of each exception: vector, address, why, and where rip is. That the vectors and
 * addresses are those of a real processor is the fuzzer's business; here is the contract's wording.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InterpreterMachine } from "../../runtime/cpu/interpreter/machine.ts";
import type { Fault } from "../../runtime/cpu/machine.ts";
import { PAGE_BYTES, Stop, Vector } from "../../runtime/cpu/machine.ts";
import { interpreterModule } from "../support/cpu-module.ts";
import type { RegisterName } from "./cpu-guest.ts";
import { CODE, DATA, Guest, STACK_TOP } from "./cpu-guest.ts";

let machine: InterpreterMachine;
beforeAll(async () => {
  machine = new InterpreterMachine({ module: await interpreterModule(), counterNs: () => 0 });
});
afterAll(() => machine.dispose());

interface Case {
  readonly name: string;
  readonly code: string;
  readonly set?: Partial<Record<RegisterName, bigint>>;
  readonly fault: Partial<Fault> & Pick<Fault, "vector">;
  /** Of the instruction from the code's start: where rip stays. */
  readonly rip?: number;
  /** Where rip is instead, because the jump was made. */
  readonly target?: number;
}

const { pageFault, generalProtection, stackFault } = Vector;
const READ_ONLY = DATA + PAGE_BYTES;
const HOLE = DATA + 2 * PAGE_BYTES;
const NOT_CANONICAL = 0x8000_0000_0000n;

const TRAPS: readonly Case[] = [
  { name: "int3, with rip behind it", code: "90 cc", fault: { vector: Vector.breakpoint }, rip: 2 },
  { name: "int 3 in two bytes, with rip behind it", code: "cd 03", fault: { vector: Vector.breakpoint }, rip: 2 },
  { name: "int 4, with rip behind it", code: "cd 04", fault: { vector: Vector.overflow }, rip: 2 },
  { name: "int1, with rip behind it", code: "f1", fault: { vector: Vector.debug }, rip: 1 },
  { name: "int 0x80, with rip behind it", code: "90 cd 80", fault: { vector: Vector.interrupt80 }, rip: 3 },
  { name: "another int, with rip at it", code: "90 cd 21", fault: { vector: generalProtection }, rip: 1 },
  { name: "ud2, with rip at it", code: "90 0f 0b", fault: { vector: Vector.invalidOpcode }, rip: 1 },
  { name: "an opcode nobody has", code: "90 0f 04", fault: { vector: Vector.invalidOpcode }, rip: 1 },
  { name: "an AVX instruction, which is not advertised", code: "c5 f8 77", fault: { vector: Vector.invalidOpcode } },
  { name: "xgetbv without OSXSAVE", code: "0f 01 d0", fault: { vector: Vector.invalidOpcode } },
  { name: "a lock prefix where none may be", code: "f0 90", fault: { vector: Vector.invalidOpcode } },
  { name: "sixteen bytes of one instruction", code: "66 ".repeat(15) + "90", fault: { vector: generalProtection } },
  { name: "hlt", code: "f4", fault: { vector: generalProtection } },
  { name: "division by zero", code: "90 f7 f1", fault: { vector: Vector.divideError }, rip: 1 },
  {
    name: "an x87 exception, at the next instruction that waits",
    // fldcw [rbx] (ZE unmasked); fld1; fldz; fdivp; nop; fwait
    code: "d9 2b d9 e8 d9 ee de f9 90 9b",
    set: { rbx: BigInt(DATA) },
    fault: { vector: Vector.x87FloatingPoint },
    rip: 9,
  },
];

const ACCESSES: readonly Case[] = [
  {
    name: "a read where nothing is mapped",
    code: "90 8b 03",
    set: { rbx: BigInt(HOLE + 8) },
    fault: { vector: pageFault, address: HOLE + 8 },
    rip: 1,
  },
  {
    name: "a write to a page that may be read",
    code: "89 03",
    set: { rbx: BigInt(READ_ONLY + 8) },
    fault: { vector: pageFault, address: READ_ONLY + 8, isWrite: true, isPresent: true },
  },
  {
    name: "a read and write to a page that may be read",
    code: "01 03",
    set: { rbx: BigInt(READ_ONLY + 8) },
    fault: { vector: pageFault, address: READ_ONLY + 8, isWrite: true, isPresent: true },
  },
  {
    name: "a write that reaches into the next page",
    code: "48 89 03",
    set: { rbx: BigInt(READ_ONLY - 3) },
    fault: { vector: pageFault, address: READ_ONLY, isWrite: true, isPresent: true },
  },
  {
    name: "a null pointer",
    code: "8b 43 10",
    set: { rbx: 0n },
    fault: { vector: pageFault, address: 0x10 },
  },
  {
    name: "a small negative address",
    code: "8b 43 f8",
    set: { rbx: 0n },
    fault: { vector: pageFault, address: -8, isBeyond: true },
  },
  {
    name: "the processor's own low range",
    code: "8b 03",
    set: { rbx: 0x1_0200n },
    fault: { vector: pageFault, address: 0x1_0200 },
  },
  {
    name: "a constant address in the lowest 64 KiB of the upper half's last 2 GiB",
    code: "c0 0c 25 00 00 00 80 20", // ror byte [-0x80000000], 0x20
    fault: { vector: pageFault, address: -0x8000_0000, isBeyond: true, isWrite: true },
  },
  {
    name: "an address beyond 4 GiB",
    code: "8b 03",
    set: { rbx: 0x7fff_ffff_e123n },
    fault: { vector: pageFault, address: 0x7fff_ffff_e123, isBeyond: true },
  },
  {
    name: "an address of the upper half, as a negative number",
    code: "88 03",
    set: { rbx: 0xffff_8000_0000_1001n },
    fault: { vector: pageFault, address: -0x7fff_ffff_efff, isBeyond: true, isWrite: true },
  },
  {
    name: "an address that is not canonical, without it",
    code: "8b 03",
    set: { rbx: NOT_CANONICAL },
    fault: { vector: generalProtection, isBeyond: true },
  },
  {
    name: "a push where the stack is not canonical",
    code: "50",
    set: { rsp: NOT_CANONICAL + 64n },
    fault: { vector: stackFault, isBeyond: true, isWrite: true },
  },
  {
    name: "an operand by rbp that is not canonical",
    code: "8b 45 00",
    set: { rbp: NOT_CANONICAL },
    fault: { vector: stackFault, isBeyond: true },
  },
  {
    name: "a pop to an address that is not canonical",
    code: "8f 03",
    set: { rbx: NOT_CANONICAL, rsp: BigInt(DATA) },
    fault: { vector: generalProtection, isBeyond: true, isWrite: true },
  },
];

const JUMPS: readonly Case[] = [
  {
    name: "a jump where nothing is mapped, with rip there",
    code: "ff e3",
    set: { rbx: BigInt(HOLE) },
    fault: { vector: pageFault, address: HOLE, isFetch: true },
    target: HOLE,
  },
  {
    name: "a jump to data, with rip there",
    code: "ff e3",
    set: { rbx: BigInt(READ_ONLY) },
    fault: { vector: pageFault, address: READ_ONLY, isFetch: true, isPresent: true },
    target: READ_ONLY,
  },
  {
    name: "a call to null, with rip there",
    code: "ff d3",
    set: { rbx: 0n },
    fault: { vector: pageFault, address: 0, isFetch: true },
    target: 0,
  },
  {
    name: "a jump beyond 4 GiB",
    code: "ff e3",
    set: { rbx: 0x5555_5555_4000n },
    fault: { vector: pageFault, address: 0x5555_5555_4000, isFetch: true, isBeyond: true },
    target: 0x5555_5555_4000,
  },
  {
    name: "a call of the old vsyscall page",
    code: "ff d3",
    set: { rbx: 0xffff_ffff_ff60_0000n },
    fault: { vector: pageFault, address: -0xa0_0000, isFetch: true, isBeyond: true },
    target: -0xa0_0000,
  },
  {
    name: "a jump that is not canonical, with rip at the jump",
    code: "90 ff e3",
    set: { rbx: NOT_CANONICAL },
    fault: { vector: generalProtection },
    rip: 1,
  },
];

const PLAIN: Omit<Fault, "vector"> = { address: 0, isWrite: false, isFetch: false, isPresent: false, isBeyond: false };

describe.each([["trap or fault", TRAPS], ["access", ACCESSES], ["jump", JUMPS]] as const)("a %s:", (_, cases) => {
  test.each(cases)("$name", ({ code, set, fault, rip = 0, target }) => {
    const guest = Guest.create(machine, code);
    guest.space.setAccess(READ_ONLY, READ_ONLY + PAGE_BYTES, 1);
    guest.poke(DATA, [0x7b, 0x03]);
    guest.start({ rax: 1n, rcx: 0n, ...set });
    const registers = (): bigint[] => Array.from({ length: 16 }, (_, number) => guest.context.register(number));
    const before = registers();
    expect(guest.run()).toBe(Stop.fault);
    expect(guest.fault).toEqual({ ...PLAIN, ...fault });
    expect(guest.context.rip).toBe(target ?? CODE + rip);
    // A fault has no effect; a call whose target cannot be fetched was made.
    if (target === undefined) expect(registers()).toEqual(before);
    guest.space.dispose();
  });
});

describe("an instruction that faulted", () => {
  test("does all of it once the kernel has mapped the page", () => {
    // add [rbx], rax; push qword [rbx]; syscall
    const guest = Guest.create(machine, "48 01 03 ff 33 0f 05");
    guest.start({ rax: 5n, rbx: BigInt(HOLE) });
    expect(guest.run()).toBe(Stop.fault);
    guest.space.setAccess(HOLE, HOLE + PAGE_BYTES, 3);
    expect(guest.run()).toBe(Stop.syscall);
    expect(guest.peek(HOLE, 1)).toEqual([5]);
    expect(guest.peek(STACK_TOP - 8, 2)).toEqual([5, 0]);
  });

  test("of repeated string moves goes on behind what it has done", () => {
    const guest = Guest.create(machine, "f3 a4 0f 05"); // rep movsb; syscall
    const start = HOLE - 10;
    guest.space.setAccess(READ_ONLY, READ_ONLY + PAGE_BYTES, 3);
    guest.space.bytes.fill(7, DATA - 0x1_0000, DATA + 32 - 0x1_0000);
    guest.start({ rsi: BigInt(DATA), rdi: BigInt(start), rcx: 32n });
    expect(guest.run()).toBe(Stop.fault);
    expect([guest.fault.address, guest.get("rcx"), guest.get("rdi")]).toEqual([HOLE, 22n, BigInt(HOLE)]);
    guest.space.setAccess(HOLE, HOLE + PAGE_BYTES, 3);
    expect(guest.run()).toBe(Stop.syscall);
    expect(guest.peek(start, 33)).toEqual([...Array.from({ length: 32 }, () => 7), 0]);
  });
});
