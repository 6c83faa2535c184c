/**
 * Who this processor says it is: cpuid and the time stamp counter. One hard idea: only what the rows
 * implement is advertised, and the leaves glibc reads to choose its string functions say x86-64-v2.
 */
import { CPUID_1_ECX, CPUID_1_EDX, CPUID_80000001_ECX, CPUID_80000001_EDX, BRAND } from "./features";
import { REG } from "./layout";

@external("env", "counter")
declare function counter(): f64;

/** Nanoseconds by the host's monotonic clock: a 1 GHz counter. */
export function readCounter(): u64 {
  return <u64>counter();
}

function answer(a: u32, b: u32, c: u32, d: u32): void {
  store<u64>(REG, <u64>a);
  store<u64>(REG, <u64>c, 8);
  store<u64>(REG, <u64>d, 16);
  store<u64>(REG, <u64>b, 24);
}

export function cpuid(leaf: u32, sub: u32): void {
  switch (leaf) {
    case 0: answer(0x16, 0x756e_6547, 0x6c65_746e, 0x4965_6e69); break; // GenuineIntel
    // Family 6, model 0x2c (Westmere, the last x86-64-v2 of its line), stepping 2; CLFLUSH line 64 bytes.
    case 1: answer(0x0002_06c2, 0x0001_0800, CPUID_1_ECX, CPUID_1_EDX); break;
    case 4: cacheLeaf(sub); break;
    // One nanosecond is one tick: 1 GHz, said as a ratio of 1 to a crystal of 1 GHz.
    case 0x15: answer(1, 1, 1_000_000_000, 0); break;
    case 0x16: answer(1000, 1000, 100, 0); break;
    case 0x8000_0000: answer(0x8000_0008, 0, 0, 0); break;
    case 0x8000_0001: answer(0, 0, CPUID_80000001_ECX, CPUID_80000001_EDX); break;
    case 0x8000_0002:
    case 0x8000_0003:
    case 0x8000_0004: {
      let text = BRAND + <usize>((leaf - 0x8000_0002) << 4);
      answer(load<u32>(text), load<u32>(text, 4), load<u32>(text, 8), load<u32>(text, 12));
      break;
    }
    case 0x8000_0006: answer(0, 0, 0x0100_6040, 0); break; // L2: 256 KiB, 8-way, 64-byte lines
    case 0x8000_0007: answer(0, 0, 0, 0x100); break; // invariant counter
    case 0x8000_0008: answer(0x3028, 0, 0, 0); break; // 40 physical, 48 linear address bits
    default: answer(0, 0, 0, 0);
  }
}

/** Deterministic cache parameters: 32 KiB + 32 KiB, 256 KiB, 8 MiB; 64-byte lines. */
function cacheLeaf(sub: u32): void {
  switch (sub) {
    case 0: answer(0x121, 0x01c0_003f, 63, 0); break;
    case 1: answer(0x122, 0x01c0_003f, 63, 0); break;
    case 2: answer(0x143, 0x01c0_003f, 511, 0); break;
    case 3: answer(0x163, 0x03c0_003f, 8191, 2); break;
    default: answer(0, 0, 0, 0);
  }
}
