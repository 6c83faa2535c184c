/**
 * Who this processor says it is: cpuid and the time stamp counter. One hard idea: only what the rows
 * implement is advertised, and the leaves glibc reads to choose its string functions say x86-64-v2.
 */
import {
  ADDRESS_BITS, BRAND, CACHE_LINE, COUNTER_HZ, CPUID_1_ECX, CPUID_1_EDX, CPUID_7_EBX, CPUID_80000001_ECX,
  CPUID_80000001_EDX, HYPERVISOR, SIGNATURE, VENDOR,
} from "./features";
import { REG, STATE, STATE_COUNTER } from "./layout";

@external("env", "counter")
declare function counter(): f64;

const LEAF_MAX: u32 = 0x16;
const EXTENDED_LEAF_MAX: u32 = 0x8000_0008;
const HYPERVISOR_LEAF: u32 = 0x4000_0000;

/**
 * Nanoseconds by the host's monotonic clock: a 1 GHz counter. Hosts show coarse clocks (a millisecond in
 * some browsers), so a reading is at least one more than the one before.
 */
export function readCounter(): u64 {
  let now = max<u64>(<u64>counter(), load<u64>(STATE, STATE_COUNTER) + 1);
  store<u64>(STATE, now, STATE_COUNTER);
  return now;
}

function answer(a: u32, b: u32, c: u32, d: u32): void {
  store<u64>(REG, <u64>a);
  store<u64>(REG, <u64>c, 8);
  store<u64>(REG, <u64>d, 16);
  store<u64>(REG, <u64>b, 24);
}

export function cpuid(leaf: u32, sub: u32): void {
  switch (leaf) {
    case 0: answer(LEAF_MAX, load<u32>(VENDOR), load<u32>(VENDOR, 8), load<u32>(VENDOR, 4)); break;
    // CLFLUSH line in units of eight bytes, one logical processor.
    case 1: answer(SIGNATURE, 0x0001_0000 | (CACHE_LINE >> 3) << 8, CPUID_1_ECX, CPUID_1_EDX); break;
    // Descriptors: ff = ask leaf 4, fe = no TLB here, f0 = 64-byte prefetch. The 01 is a count.
    case 2: answer(0x00fe_ff01, 0xf0, 0, 0); break;
    case 4: cacheLeaf(sub); break;
    case 7: answer(0, sub == 0 ? CPUID_7_EBX : 0, 0, 0); break;
    // One nanosecond is one tick: 1 GHz, said as a ratio of 1 to a crystal of 1 GHz.
    case 0x15: answer(1, 1, COUNTER_HZ, 0); break;
    case 0x16: answer(COUNTER_HZ / 1_000_000, COUNTER_HZ / 1_000_000, 100, 0); break;
    case HYPERVISOR_LEAF:
      answer(HYPERVISOR_LEAF, load<u32>(HYPERVISOR), load<u32>(HYPERVISOR, 4), load<u32>(HYPERVISOR, 8));
      break;
    case 0x8000_0000: answer(EXTENDED_LEAF_MAX, 0, 0, 0); break;
    case 0x8000_0001: answer(0, 0, CPUID_80000001_ECX, CPUID_80000001_EDX); break;
    case 0x8000_0002:
    case 0x8000_0003:
    case 0x8000_0004: {
      let text = BRAND + <usize>((leaf - 0x8000_0002) << 4);
      answer(load<u32>(text), load<u32>(text, 4), load<u32>(text, 8), load<u32>(text, 12));
      break;
    }
    case 0x8000_0006: answer(0, 0, 0x0100_6000 | CACHE_LINE, 0); break; // L2: 256 KiB, 8-way
    case 0x8000_0007: answer(0, 0, 0, 0x100); break; // invariant counter
    case 0x8000_0008: answer(ADDRESS_BITS, 0, 0, 0); break;
    default: answer(0, 0, 0, 0); // Among them 0xb and 0xd: no topology, no XSAVE.
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
