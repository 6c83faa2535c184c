/** Who the processor says it is: cpuid, the time stamp counter, and what a C library makes of it. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { InterpreterMachine } from "../../runtime/cpu/interpreter/machine.ts";
import { Stop } from "../../runtime/cpu/machine.ts";
import { runOnToy } from "../conformance/cpu-toy-kernel.ts";
import { interpreterModule } from "../support/cpu-module.ts";
import { Guest } from "./cpu-guest.ts";

let machine: InterpreterMachine;
let now = 5000;
beforeAll(async () => {
  machine = new InterpreterMachine({ module: await interpreterModule(), counterNs: () => now });
});
afterAll(() => machine.dispose());

/** eax, ebx, ecx, edx. */
function cpuid(leaf: number, sub = 0): number[] {
  // cpuid; mov esi, ecx; syscall (which makes rcx the return address)
  const guest = Guest.create(machine, "0f a2 89 ce 0f 05");
  guest.start({ rax: BigInt(leaf), rcx: BigInt(sub) }).run();
  return [guest.get("rax"), guest.get("rbx"), guest.get("rsi"), guest.get("rdx")].map(Number);
}

const text = (words: readonly number[]): string =>
  Buffer.from(Uint32Array.from(words).buffer).toString("latin1").replace(/\0+$/, "");

test("names itself, and a hypervisor under it", () => {
  const [, b = 0, c = 0, d = 0] = cpuid(0);
  expect(text([b, d, c])).toBe(machine.identity.vendor);
  expect(text([0x8000_0002, 0x8000_0003, 0x8000_0004].flatMap((leaf) => cpuid(leaf)))).toBe(machine.identity.brand);
  expect(text(cpuid(0x4000_0000).slice(1))).toBe("SlipwayWasm ");
  expect(cpuid(1)[0]).toBe(0x0002_06c2);
});

test("advertises x86-64-v2 and neither XSAVE nor AVX", () => {
  const [, , c = 0, d = 0] = cpuid(1);
  // sse3, ssse3, cx16, sse4.1, sse4.2, popcnt; fpu, cx8, cmov, mmx, fxsr, sse, sse2
  const v2 = (1 << 0) | (1 << 9) | (1 << 13) | (1 << 19) | (1 << 20) | (1 << 23);
  expect(c & v2).toBe(v2);
  expect(d & 0x0780_8101).toBe(0x0780_8101);
  // xsave, osxsave, avx, fma, f16c, rdrand
  expect(c & ((1 << 26) | (1 << 27) | (1 << 28) | (1 << 12) | (1 << 29) | (1 << 30))).toBe(0);
  expect(cpuid(7)).toEqual([0, 0x2008_0308, 0, 0]);
  expect(cpuid(7, 1)).toEqual([0, 0, 0, 0]);
  expect(cpuid(0xd)).toEqual([0, 0, 0, 0]);
  expect(cpuid(0x8000_0001)).toEqual([0, 0, 0x121, 0x2810_0800]);
});

test("ends every list of leaves", () => {
  expect(cpuid(4, 4)).toEqual([0, 0, 0, 0]);
  expect(cpuid(0xb)).toEqual([0, 0, 0, 0]);
  expect(cpuid(0x17)).toEqual([0, 0, 0, 0]);
  expect(cpuid(0x8000_0009)).toEqual([0, 0, 0, 0]);
});

test("counts nanoseconds, and never the same one twice", () => {
  // rdtsc; mov esi, eax; rdtscp; mov edi, eax; mov r8, rcx; syscall
  const guest = Guest.create(machine, "0f 31 89 c6 0f 01 f9 89 c7 49 89 c8 0f 05");
  guest.start({ r8: 7n });
  expect(guest.run()).toBe(Stop.syscall);
  expect([guest.get("rsi"), guest.get("rdi"), guest.get("r8"), guest.get("rdx")]).toEqual([5000n, 5001n, 0n, 0n]);
  now = 0x1_0000_0010;
  guest.start({}).run();
  expect([guest.get("rsi"), guest.get("rdx")]).toEqual([0x10n, 1n]);
});

const PROGRAM = `
#include <stdio.h>
#include <unistd.h>
#include <sys/auxv.h>
int main(void) {
  printf("%ld %ld %ld %ld %ld\\n", sysconf(_SC_LEVEL1_ICACHE_SIZE), sysconf(_SC_LEVEL1_DCACHE_SIZE),
    sysconf(_SC_LEVEL1_DCACHE_LINESIZE), sysconf(_SC_LEVEL2_CACHE_SIZE), sysconf(_SC_LEVEL3_CACHE_SIZE));
  printf("%d%d%d%d%d\\n", !!__builtin_cpu_supports("x86-64-v2"), !!__builtin_cpu_supports("x86-64-v3"),
    !!__builtin_cpu_supports("avx"), !!__builtin_cpu_supports("sse4.2"), !!__builtin_cpu_supports("popcnt"));
  return 0;
}`;
const hasCompiler = process.platform === "linux" && process.arch === "x64" && spawnSync("gcc", ["--version"]).status === 0;

test.skipIf(!hasCompiler)("a C library finds the caches and the level", () => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-identity-"));
  const source = join(folder, "identity.c");
  writeFileSync(source, PROGRAM);
  execFileSync("gcc", ["-O1", "-static", "-o", join(folder, "identity"), source]);
  const file = readFileSync(join(folder, "identity"));
  rmSync(folder, { recursive: true });
  const { stdout } = runOnToy(machine, { file, argv: ["identity"], environment: [] });
  expect(Buffer.from(stdout).toString()).toBe("32768 32768 64 262144 8388608\n10011\n");
});
