/** The oracle is checked first: instructions whose effect everybody knows, and each way to fail. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cases, Mode, NativeRunner, missingForNative, refusal } from "./native-runner.ts";
import type { Answers } from "./native-runner.ts";

const missing = missingForNative();
const DATA = 0x1000_0000;
const CODE = 0x2000_0000;
const [RAX, RCX, RDX, RSP, RSI, RDI] = [0, 1, 2, 4, 6, 7] as const;
let runner: NativeRunner;

async function runOne(fill: (cases: Cases) => void): Promise<Answers> {
  const cases = new Cases(1);
  fill(cases.select(0));
  return (await runner.run(cases)).select(0);
}

describe.skipIf(missing !== undefined)("the native runner", () => {
  beforeAll(async () => {
    runner = await NativeRunner.start();
    const content = new Uint8Array(4 * 4096).map((_, index) => index % 251);
    runner.setPages({ base: DATA, access: [3, 3, 1, 3], content, code: CODE });
  });
  afterAll(() => runner.stop());

  test("adds, and reports rip and flags", async () => {
    const answers = await runOne((one) => {
      one
        .setRegister(RAX, 0xffff_ffff_ffff_ffffn)
        .setRegister(RCX, 1n)
        .setCode(CODE + 0x100, [0x48, 0x01, 0xc8]);
    });
    expect([answers.register(RAX), answers.rip, answers.rflags & 0x8d5, answers.isDone]).toEqual([
      0n,
      BigInt(CODE + 0x103),
      0x55,
      true,
    ]);
  });

  test("survives an instruction that loses the stack pointer", async () => {
    const answers = await runOne((one) =>
      one.setRegister(RSP, 0xdead_0000_0000_0001n).setCode(CODE, [0x48, 0x31, 0xe4]),
    );
    expect([answers.register(RSP), answers.isDone]).toEqual([0n, true]);
  });

  test("reports changed memory and puts it back", async () => {
    const store = (one: Cases): void => {
      one
        .setRegister(RDI, BigInt(DATA + 0x20))
        .setRegister(RAX, 0x1122_3344_5566_7788n)
        .setCode(CODE, [0x48, 0x89, 0x07]);
    };
    for (let turn = 0; turn < 2; turn++) {
      const answers = await runOne(store);
      expect([answers.dirtyStart, ...answers.dirtyBytes]).toEqual([
        DATA + 0x20,
        0x88,
        0x77,
        0x66,
        0x55,
        0x44,
        0x33,
        0x22,
        0x11,
      ]);
    }
  });

  test("shows patches to one case only", async () => {
    const load = [0x0f, 0xb6, 0x07];
    const cases = new Cases(2);
    cases
      .select(0)
      .setRegister(RDI, BigInt(DATA + 9))
      .setCode(CODE, load)
      .addPatch(DATA + 9, Uint8Array.of(0xee));
    cases
      .select(1)
      .setRegister(RDI, BigInt(DATA + 9))
      .setCode(CODE, load);
    const answers = await runner.run(cases);
    expect([
      answers.select(0).register(RAX),
      answers.select(0).dirtyLength,
      answers.select(1).register(RAX),
    ]).toEqual([0xeen, 0, 9n]);
  });

  test("tells read-only, unmapped and non-canonical addresses apart", async () => {
    const outcome = async (address: bigint): Promise<unknown[]> => {
      const answers = await runOne((one) =>
        one.setRegister(RDI, address).setCode(CODE, [0x88, 0x07]),
      );
      return [
        answers.signal,
        answers.signalCode,
        answers.trap,
        answers.error,
        answers.signalAddress,
        answers.rip,
      ];
    };
    expect(await outcome(BigInt(DATA + 0x2004))).toEqual([
      11,
      2,
      14,
      7,
      BigInt(DATA + 0x2004),
      BigInt(CODE),
    ]);
    expect(await outcome(BigInt(DATA + 0x4000))).toEqual([
      11,
      1,
      14,
      6,
      BigInt(DATA + 0x4000),
      BigInt(CODE),
    ]);
    expect(await outcome(0x8000_0000_0000_0000n)).toEqual([11, 0x80, 13, 0, 0n, BigInt(CODE)]);
  });

  test("reports division by zero, ud2, and code that runs off its page", async () => {
    const outcome = async (rip: number, code: number[]): Promise<unknown[]> => {
      const answers = await runOne((one) => one.setCode(rip, code));
      return [answers.signal, answers.trap, answers.rip, answers.cr2 === BigInt(CODE + 4096)];
    };
    expect(await outcome(CODE, [0xf7, 0xf1])).toEqual([8, 0, BigInt(CODE), false]);
    expect(await outcome(CODE, [0x0f, 0x0b])).toEqual([4, 6, BigInt(CODE), false]);
    expect(await outcome(CODE + 4095, [0x48, 0x01])).toEqual([11, 14, BigInt(CODE + 4095), true]);
  });

  test("runs rep strings to their end", async () => {
    const answers = await runOne((one) => {
      one
        .setRegister(RDI, BigInt(DATA + 0x1000))
        .setRegister(RSI, BigInt(DATA + 1))
        .setRegister(RCX, 5n);
      one.setCode(CODE, [0xf3, 0xa4]);
    });
    expect([
      answers.register(RCX),
      answers.register(RDI),
      answers.rip,
      [...answers.dirtyBytes],
    ]).toEqual([0n, BigInt(DATA + 0x1005), BigInt(CODE + 2), [1, 2, 3, 4, 5]]);
  });

  test("follows jumps, reads fs, and carries x87, MXCSR and xmm", async () => {
    const jump = async (target: number, mode: Mode): Promise<bigint> => {
      const one = await runOne((cases) =>
        cases.setRegister(RDX, BigInt(target)).setCode(CODE, [0xff, 0xe2], mode),
      );
      return one.rip;
    };
    expect(await jump(CODE + 0x800, Mode.breakpoint)).toBe(BigInt(CODE + 0x800));
    expect(await jump(CODE + 0x800, Mode.step)).toBe(BigInt(CODE + 0x800));
    expect(await jump(DATA, Mode.step)).toBe(BigInt(DATA));
    const segment = await runOne((one) => {
      one.fsBase = BigInt(DATA + 0x10);
      one.setCode(CODE, [0x64, 0x8a, 0x04, 0x25, 1, 0, 0, 0]);
    });
    expect([segment.register(RAX), segment.fsBase]).toEqual([0x11n, BigInt(DATA + 0x10)]);
    const packed = await runOne((one) => {
      one.fxsave.fill(7, 160, 176);
      one.fxsave.fill(9, 176, 192);
      one.setCode(CODE, [0x66, 0x0f, 0xfc, 0xc1]);
    });
    expect([...packed.fxsave.subarray(160, 176)]).toEqual(Array.from({ length: 16 }, () => 16));
    const x87 = await runOne((one) => one.setCode(CODE, [0xd9, 0xe8]));
    expect([...x87.fxsave.subarray(0, 6), ...x87.fxsave.subarray(32, 42)]).toEqual([
      0x7f, 3, 0, 0x38, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f,
    ]);
  });

  test("keeps its own state over many cases", async () => {
    const cases = new Cases(20_000);
    for (let index = 0; index < cases.count; index++) {
      cases
        .select(index)
        .setRegister(RAX, BigInt(index))
        .setRegister(RSP, BigInt(index) << 40n)
        .setCode(CODE + (index & 0xff), [0x48, 0xff, 0xc0]);
    }
    const answers = await runner.run(cases);
    for (let index = 0; index < cases.count; index += 97)
      expect(answers.select(index).register(RAX)).toBe(BigInt(index + 1));
  });
});

test("instructions that would leave the process are refused", () => {
  const refused = [
    [0x0f, 0x05],
    [0xcd, 0x80],
    [0xf3, 0x48, 0x0f, 0xae, 0xd0],
    [0x0f, 0x34],
    [0x0f, 0xae, 0x2f],
    [0x66, 0x0f, 0xc7, 0xf0],
    [0xff, 0x2f],
  ];
  expect(refused.map((code) => refusal(code) === undefined)).toEqual(refused.map(() => false));
  const allowed = [
    [0x48, 0x01, 0xc8],
    [0x0f, 0xae, 0x07],
    [0x0f, 0xae, 0xe8],
    [0xf0, 0x48, 0x0f, 0xc7, 0x0f],
    [0xff, 0xe2],
    [0x0f, 0xa3, 0xc8],
  ];
  expect(allowed.map((code) => refusal(code))).toEqual(allowed.map(() => undefined));
});
