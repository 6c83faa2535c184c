/**
 * SSE operations that are not one wasm instruction. This file is the door: callers import from
 * "./vector" only. The hard idea: values go in and come out as v128 (scalars as f32 or f64: their bits
 * survive in wasm locals), named by their mnemonic, first operand = destination; and x86's NaN rules,
 * rounding modes and exceptions are restored around wasm arithmetic that has none of them: a fast path
 * (round to nearest, all masked, every result finite) and a software path that is exact.
 *
 * MXCSR. Functions that read or raise take `mxcsr`, the address of a u32 whose low half is MXCSR and
 * OR the raised exceptions in. Two more bits live there and must be kept out of stmxcsr and fxsave:
 * MXCSR_TRAP (bit 30) is set when an unmasked exception was raised: drop the result, clear the bit,
 * raise #XM. MXCSR_EXACT (bit 31) is the caller's: when set, the sticky flags are exact. When clear,
 * the fast path keeps IE and ZE and OE exact, and forgets PE, UE and DE, as long as MXCSR's control
 * bits are the default (0x1f80: FTZ, DAZ clear, nearest, all masked); any other control bits always
 * take the exact path.
 *
 * Whole-register values: v128 = f(v128, v128 [, imm: u32] [, mxcsr])
 *   pshufb pmaddubsw phaddw phaddd phaddsw phsubw phsubd phsubsw psignb psignw psignd pmulhrsw
 *   pmulhw pmulhuw pmuludq pmuldq psadbw
 *   palignr mpsadbw pblendw blendps blendpd insertps shufps shufpd (a, b, imm)
 *   phminposuw(a)   pblendvb blendvps blendvpd (a, b, mask)   insertpsValue(a, bits: u32, imm)
 *   pshufd pshufhw pshuflw pslldq psrldq (a, imm)
 *   psllw pslld psllq psrlw psrld psrlq psraw psrad (a, count: u64)
 *   pinsrb pinsrw pinsrd (a, value: u32, imm) pinsrq(a, value: u64, imm)
 *   pextrb pextrw pextrd (a, imm): u32 pextrq(a, imm): u64   ptest(a, b): u32 (ZF 0x40, CF 1)
 *   addps subps mulps divps minps maxps, addpd … maxpd, haddps haddpd hsubps hsubpd addsubps addsubpd
 *   (a, b, mxcsr)   sqrtps sqrtpd (a, mxcsr)   rcpps rsqrtps (a)
 *   cmpps cmppd (a, b, predicate 0..31, mxcsr)   dpps dppd roundps… (below)
 *   roundps roundpd (a, imm, mxcsr)   dpps dppd (a, b, imm, mxcsr)
 *   cvtdq2ps(a, mxcsr) cvtdq2pd(a) cvtps2pd(a, mxcsr) cvtpd2ps(a, mxcsr)
 *   cvtps2dq cvttps2dq cvtpd2dq cvttpd2dq (a, mxcsr)
 * Scalars:
 *   addss subss mulss divss minss maxss (a: f32, b: f32, mxcsr): f32   sqrtss(a: f32, mxcsr)   ditto sd, f64
 *   rcpss rsqrtss (a: f32): f32   roundss roundsd (a, imm, mxcsr)
 *   cmpss(a: f32, b: f32, predicate, mxcsr): u32   cmpsd(…): u64   all ones or zero
 *   comiss comisd ucomiss ucomisd (a, b, mxcsr): u32      ZF 0x40, PF 4, CF 1; OF SF AF are zero
 *   cvtss2sd(a: f32, mxcsr): f64   cvtsd2ss(a: f64, mxcsr): f32
 *   cvtsi2ss cvtsi2sd (value: i64, mxcsr)                  a 32-bit source sign-extended
 *   cvtss2si32 cvttss2si32 cvtsd2si32 cvttsd2si32 (a, mxcsr): u32   …si64: u64
 * Strings: u32 = pcmpistr(a, b, imm) or pcmpestr(a, lengthA: i64, b, lengthB: i64, imm): IntRes2 in the
 *   low half, rflags bits (CF ZF SF OF; PF AF clear) in the high half; pcmpstrIndex(result, imm): u32
 *   is ecx, pcmpstrMask(result, imm): v128 is xmm0.
 * Crypto: aesenc aesenclast aesdec aesdeclast (a, b)   aesimc(a)   aeskeygenassist(a, imm)
 *   sha1nexte sha1msg1 sha1msg2 sha256msg1 sha256msg2 (a, b)   sha1rnds4(a, b, imm)   sha256rnds2(a, b, keys)
 *   pclmulqdq(a, b, imm)   crc32(crc: u32, value: u64, bytes: u32): u32
 */
export * from "./vector-integer";
export * from "./vector-string";
export * from "./vector-crypto";
export * from "./vector-float";
export * from "./vector-compare";
export * from "./vector-convert";
export * from "./vector-products";
export * from "./vector-sha";
export * from "./vector-shuffle";
export { MXCSR_EXACT, MXCSR_TRAP } from "./vector-soft";
