/**
 * fsin and its kin against the host's. Neither side is exact by definition, so results may differ by one
 * unit in the last place, and C1 and (with it) PE are not compared; special operands, stack, tags and all
 * other exceptions must agree. SLIPWAY_SEED and SLIPWAY_COUNT as in cpu-f80.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileAssembly } from "../fuzz/cpu/native/assembly.ts";
import { NativeRunner, missingForNative } from "../fuzz/cpu/native/native-runner.ts";
import { randomF80 } from "../fuzz/cpu/native/random.ts";
import type { Random } from "../fuzz/cpu/native/random.ts";
import { X87Comparer } from "../fuzz/cpu/native/x87-cases.ts";

const missing = missingForNative();
const SEED = Number(process.env["SLIPWAY_SEED"] ?? 1);
const COUNT = Number(process.env["SLIPWAY_COUNT"] ?? 1000);
const ULPS_MAX = 1n;
/** C1 and PE. */
const NOT_COMPARED = 0x220;

const OPERATIONS = [
  { name: "f2xm1", modrm: 0xf0 }, { name: "fyl2x", modrm: 0xf1 }, { name: "fptan", modrm: 0xf2 },
  { name: "fpatan", modrm: 0xf3 }, { name: "fyl2xp1", modrm: 0xf9 }, { name: "fsincos", modrm: 0xfb },
  { name: "fsin", modrm: 0xfe }, { name: "fcos", modrm: 0xff },
] as const;

/** Numbers along one line, a unit in the last place apart. */
function placeOf(image: DataView, index: number): bigint {
  const exponent = BigInt(image.getUint16(40 + index * 16, true));
  const significand = image.getBigUint64(32 + index * 16, true) & ~(1n << 63n);
  return (exponent & 0x8000n) << 63n | (exponent & 0x7fffn) << 63n | significand;
}

function isClose(ours: Uint8Array, native: Uint8Array): boolean {
  const a = new DataView(ours.buffer, ours.byteOffset, 160);
  const b = new DataView(native.buffer, native.byteOffset, 160);
  if (((a.getUint16(2, true) ^ b.getUint16(2, true)) & ~NOT_COMPARED) !== 0 || a.getUint8(4) !== b.getUint8(4)) return false;
  return [0, 1, 2, 3, 4, 5, 6, 7].every((index) => {
    const distance = placeOf(a, index) - placeOf(b, index);
    return distance <= ULPS_MAX && distance >= -ULPS_MAX;
  });
}

/** Arguments of f2xm1 and fyl2xp1 mostly within the range the manual gives them. */
function smallOperands(random: Random, view: DataView, at: number): void {
  randomF80(random, view, at);
  if (at !== 32 || random.chance(16)) return;
  const exponent = 0x3ffc - Math.floor(random.below(70) * random.below(70) / 70);
  view.setUint16(at + 8, exponent | (random.chance(2) ? 0x8000 : 0), true);
  view.setBigUint64(at, view.getBigUint64(at, true) | 1n << 63n, true);
}

describe.skipIf(missing !== undefined)("transcendental x87 within a unit of the host's", () => {
  let runner: NativeRunner;
  let comparer: X87Comparer;

  beforeAll(async () => {
    runner = await NativeRunner.start();
    comparer = new X87Comparer(await compileAssembly('export * from "./f80";'), runner);
  });
  afterAll(() => runner.stop());

  test.each(OPERATIONS)("$name", async ({ name, modrm }) => {
    const isSmall = name === "f2xm1" || name === "fyl2xp1";
    const drawing = isSmall ? { isClose, operands: smallOperands } : { isClose };
    const { mismatches } = await comparer.compare([{ opcode: 0xd9, modrm }], COUNT, SEED * 512 + modrm, drawing);
    expect(mismatches).toEqual([]);
  }, 600_000);
});
