/**
 * What cpuid advertises: x86-64-v2 and the few extras the rows implement. Names as Linux prints
 * them in /proc/cpuinfo; places from the SDM's cpuid page. The kernel shows the same list.
 */

type Register = "CPUID_1_ECX" | "CPUID_1_EDX" | "CPUID_80000001_ECX" | "CPUID_80000001_EDX";

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
  ["lahf_lm", "CPUID_80000001_ECX", 0],
  ["3dnowprefetch", "CPUID_80000001_ECX", 8],
  ["syscall", "CPUID_80000001_EDX", 11],
  ["nx", "CPUID_80000001_EDX", 20],
  ["rdtscp", "CPUID_80000001_EDX", 27],
  ["lm", "CPUID_80000001_EDX", 29],
];

export const FEATURES: readonly string[] = BITS.map(([name]) => name);

export const BRAND = "Slipway virtual x86-64 processor";

export function featuresSource(): string {
  const registers = new Map<Register, number>();
  for (const [, register, bit] of BITS) registers.set(register, ((registers.get(register) ?? 0) | (1 << bit)) >>> 0);
  const brand = Array.from({ length: 48 }, (_, index) => BRAND.charCodeAt(index) || 0);
  return [
    ...[...registers].map(([name, value]) => `export const ${name}: u32 = ${value};`),
    `export const BRAND: usize = memory.data<u8>([${brand.join(",")}]);`,
    "",
  ].join("\n");
}
