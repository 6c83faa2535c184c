/**
 * What operations do to flags and to their first operand: the facts that liveness, the memory check and
 * the fuzzer need. One hard idea: `access` says how the instruction touches a memory operand in first
 * place, so that the check comes before any effect and an operation itself can never fault halfway.
 */

export type Access =
  /** Not touched as memory (lea, prefetch). */
  | "none"
  | "read"
  | "write"
  | "both"
  /** The operation checks for itself (string instructions, fxsave). */
  | "own";

export interface Operation {
  readonly access: Access;
  /** Status flags, letters of "cpazso", that decide something; not those it merely leaves alone. */
  readonly reads: string;
  readonly writes: string;
  readonly undefined: string;
  /** May leave flags as they are (shift by zero): does not end their life. */
  readonly maybe: boolean;
  /** Ends a block. */
  readonly ends: boolean;
}

const ALL = "cpazso";

function operation(text: string): Operation {
  const words = text.split(/\s+/).filter((word) => word !== "");
  const named = (name: string): string =>
    words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1).replace("all", ALL) ?? "";
  const access = (["none", "read", "write", "both", "own"] as const).find((name) => words.includes(name));
  return {
    access: access ?? "read",
    reads: named("r"),
    writes: named("w"),
    undefined: named("u"),
    maybe: words.includes("maybe"),
    ends: words.includes("ends"),
  };
}

/** Every operation that is not a plain vector function, with its facts. */
const TEXT: Readonly<Record<string, string>> = {
  add: "both w=all", or: "both w=cpzso u=a", adc: "both r=c w=all", sbb: "both r=c w=all",
  and: "both w=cpzso u=a", sub: "both w=all", xor: "both w=cpzso u=a", cmp: "read w=all",
  test: "read w=cpzso u=a", inc: "both w=pazso", dec: "both w=pazso", neg: "both w=all",
  not: "both", mov: "write", lea: "none", xchg: "both", xchgAcc: "both",
  movsxd: "write", movzxb: "write", movzxw: "write", movsxb: "write", movsxw: "write",
  movFromSegment: "write", movToSegment: "read",
  imul2: "both w=co u=pazs", imul3: "both w=co u=pazs", mul: "read w=co u=pazs", imul1: "read w=co u=pazs",
  div: "read u=all", idiv: "read u=all",
  rol: "both w=c u=o maybe", ror: "both w=c u=o maybe",
  rcl: "both r=c w=c u=o maybe", rcr: "both r=c w=c u=o maybe",
  shl: "both w=cpzs u=ao maybe", shr: "both w=cpzs u=ao maybe", sar: "both w=cpzs u=ao maybe",
  shld: "both w=cpzs u=ao maybe", shrd: "both w=cpzs u=ao maybe",
  bt: "own w=c u=paso maybe", bts: "own w=c u=paso maybe",
  btr: "own w=c u=paso maybe", btc: "own w=c u=paso maybe",
  bsf: "write w=z u=cpaso", bsr: "write w=z u=cpaso", popcnt: "write w=all",
  bswap: "both", movbe: "write", crc32b: "both", crc32v: "both",
  cmov: "both r=all", setcc: "write r=all",
  cmpxchg: "both w=all", xadd: "both w=all",
  cmpxchg8b: "both w=z", cmpxchg16b: "own w=z",
  tzcnt: "write w=zc u=paso", lzcnt: "write w=zc u=paso", adcx: "both r=c w=c", adox: "both r=o w=o",
  andn: "write w=czso u=pa", blsr: "write w=czso u=pa", blsmsk: "write w=czso u=pa", blsi: "write w=czso u=pa",
  bzhi: "write w=czso u=pa", bextr: "write w=czo u=pas",
  pext: "write", pdep: "write", mulx: "write", shlx: "write", sarx: "write", shrx: "write", rorx: "write",
  cbw: "", cwd: "", sahf: "w=cpazs", lahf: "r=all", cmc: "r=c w=c", clc: "w=c",
  stc: "w=c", cld: "", std: "", xlat: "own",
  movs: "own", stos: "own", lods: "own", cmps: "own w=all maybe", scas: "own w=all maybe",
  push: "read", pop: "own", pushSegment: "", popSegment: "", pushf: "r=all", popf: "w=all ends",
  enter: "", leave: "", nop: "none", clflush: "own",
  cpuid: "", rdtsc: "", rdtscp: "",
  jmp: "ends", jcc: "r=all ends", call: "ends", ret: "ends", jmpIndirect: "read ends", callIndirect: "read ends",
  loop: "ends", loope: "r=z ends", loopne: "r=z ends", jrcxz: "ends",
  syscall: "r=all ends", int3: "r=all ends", int1: "r=all ends", int: "r=all ends",
  x87: "", x87Memory: "own", fcmov: "r=czp", fcomi: "w=all", fwait: "", fnstsw: "", emms: "",
  fxsave: "own", fxrstor: "own", ldmxcsr: "read", stmxcsr: "write",
  comiss: "w=all", comisd: "w=all", ucomiss: "w=all", ucomisd: "w=all", ptest: "w=all",
  pcmpistri: "w=all", pcmpistrm: "w=all", pcmpestri: "w=all", pcmpestrm: "w=all", maskmovdqu: "own", maskmovq: "own",
  vptest: "w=all", vtestps: "w=all", vtestpd: "w=all", vmaskload32: "own", vmaskload64: "own", vmaskstore32: "own",
  vmaskstore64: "own", vgather32by32: "own", vgather64by32: "own", vgather32by64: "own", vgather64by64: "own", vzeroupper: "", vzeroall: "", vpcmpistrm: "w=all", vpcmpestrm: "w=all",
  undefined: "none r=all ends", privileged: "own r=all ends",
  movFromControl: "own r=all ends", movToControl: "own r=all ends",
  movFromDebug: "own r=all ends", movToDebug: "own r=all ends",
};

export const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  Object.entries(TEXT).map(([name, text]) => [name, operation(text)]),
);

/** Bits of the flags masks, which are those of rflags squeezed: CF PF AF ZF SF OF. */
export function flagsMask(letters: string): number {
  let mask = 0;
  for (const letter of letters) mask |= 1 << ALL.indexOf(letter);
  return mask;
}
