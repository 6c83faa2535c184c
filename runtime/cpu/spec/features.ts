/**
 * What cpuid advertises: x86-64-v2 and the few extras the rows implement. Names as Linux prints
 * them in /proc/cpuinfo; places from the SDM's cpuid page. The kernel shows the same list.
 */

import type { Identity } from "../machine.ts";

type Register =
  | "CPUID_1_ECX"
  | "CPUID_1_EDX"
  | "CPUID_7_EBX"
  | "CPUID_80000001_ECX"
  | "CPUID_80000001_EDX";

const BITS: readonly (readonly [name: string, register: Register, bit: number])[] = [
  ["fpu", "CPUID_1_EDX", 0],
  ["tsc", "CPUID_1_EDX", 4],
  ["cx8", "CPUID_1_EDX", 8],
  ["cmov", "CPUID_1_EDX", 15],
  ["clflush", "CPUID_1_EDX", 19],
  ["mmx", "CPUID_1_EDX", 23],
  ["fxsr", "CPUID_1_EDX", 24],
  ["sse", "CPUID_1_EDX", 25],
  ["sse2", "CPUID_1_EDX", 26],
  ["pni", "CPUID_1_ECX", 0],
  ["pclmulqdq", "CPUID_1_ECX", 1],
  ["ssse3", "CPUID_1_ECX", 9],
  ["cx16", "CPUID_1_ECX", 13],
  ["sse4_1", "CPUID_1_ECX", 19],
  ["sse4_2", "CPUID_1_ECX", 20],
  ["movbe", "CPUID_1_ECX", 22],
  ["popcnt", "CPUID_1_ECX", 23],
  ["aes", "CPUID_1_ECX", 25],
  ["hypervisor", "CPUID_1_ECX", 31],
  ["bmi1", "CPUID_7_EBX", 3],
  ["bmi2", "CPUID_7_EBX", 8],
  // Repeated moves are whole-page copies here, so C libraries do well to choose them.
  ["erms", "CPUID_7_EBX", 9],
  ["adx", "CPUID_7_EBX", 19],
  ["sha_ni", "CPUID_7_EBX", 29],
  ["lahf_lm", "CPUID_80000001_ECX", 0],
  ["abm", "CPUID_80000001_ECX", 5],
  ["3dnowprefetch", "CPUID_80000001_ECX", 8],
  ["syscall", "CPUID_80000001_EDX", 11],
  ["nx", "CPUID_80000001_EDX", 20],
  ["rdtscp", "CPUID_80000001_EDX", 27],
  ["lm", "CPUID_80000001_EDX", 29],
];

export const FEATURES: readonly string[] = BITS.map(([name]) => name);

/** Where cpuid shows each, for whoever compares with another processor. */
export const FEATURE_PLACES = BITS.map(([name, place, bit]) => {
  const [, leaf = "", register = ""] = place.split("_");
  return { name, leaf: Number.parseInt(leaf, 16), register: register.charAt(1).toLowerCase(), bit };
});

/**
 * With rows, but not advertised: they raise #UD unless the space has AVX switched on (`enableAvx`), which nobody
 * does but the tests. What is missing says the README.
 */
export const SWITCHED_OFF: readonly string[] = ["avx", "avx2", "fma", "f16c"];

/** Advertised, but no instruction by itself. */
export const WITHOUT_ROWS: readonly string[] = ["erms", "hypervisor", "lm", "nx"];

/**
 * The vendor is the one whose cache leaves C libraries read without trouble; the model is Westmere, the
 * last of that line that is x86-64-v2.
 */
export const IDENTITY: Identity = {
  vendor: "GenuineIntel",
  brand: "Slipway x86-64-v2",
  family: 6,
  model: 0x2c,
  stepping: 2,
  counterHz: 1_000_000_000,
  cacheLineBytes: 64,
  physicalBits: 40,
  linearBits: 48,
};

/** Twelve letters, as a hypervisor's leaf 0x40000000 has them. */
const HYPERVISOR = "SlipwayWasm ";

function signature({ family, model, stepping }: Identity): number {
  return ((model >> 4) << 16) | (family << 8) | ((model & 15) << 4) | stepping;
}

export function featuresSource(): string {
  const registers = new Map<Register, number>();
  for (const [, register, bit] of BITS) {
    registers.set(register, ((registers.get(register) ?? 0) | (1 << bit)) >>> 0);
  }
  const text = (letters: string, length: number): string =>
    `memory.data<u8>([${Array.from({ length }, (_, index) => letters.charCodeAt(index) || 0).join(",")}])`;
  return [
    ...[...registers].map(([name, value]) => `export const ${name}: u32 = ${value};`),
    `export const SIGNATURE: u32 = ${signature(IDENTITY)};`,
    `export const COUNTER_HZ: u32 = ${IDENTITY.counterHz};`,
    `export const CACHE_LINE: u32 = ${IDENTITY.cacheLineBytes};`,
    `export const ADDRESS_BITS: u32 = ${(IDENTITY.linearBits << 8) | IDENTITY.physicalBits};`,
    `export const VENDOR: usize = ${text(IDENTITY.vendor, 12)};`,
    `export const HYPERVISOR: usize = ${text(HYPERVISOR, 12)};`,
    `export const BRAND: usize = ${text(IDENTITY.brand, 48)};`,
    "",
  ].join("\n");
}
