/**
 * The general-purpose instructions: SDM volume 2, appendix A, tables, in the order of the
 * opcode map. Rows that differ only in a digit or a condition are written by a loop.
 */
import { parseRows } from "./row.ts";
import type { Row } from "./row.ts";

const hex = (value: number): string => value.toString(16).padStart(2, "0");

export const CONDITIONS = [
  "o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g",
] as const;

const ARITHMETIC = ["add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"];

function arithmetic(name: string, index: number): string {
  const lock = name === "cmp" ? "" : "lock";
  const at = (form: number): string => hex(index * 8 + form);
  return `
    ${at(0)} | ${name} Eb,Gb | ${name} ${lock}
    ${at(1)} | ${name} Ev,Gv | ${name} ${lock}
    ${at(2)} | ${name} Gb,Eb | ${name}
    ${at(3)} | ${name} Gv,Ev | ${name}
    ${at(4)} | ${name} AL,Ib | ${name}
    ${at(5)} | ${name} rAX,Iz | ${name}
    80 /${index} | ${name} Eb,Ib | ${name} ${lock}
    81 /${index} | ${name} Ev,Iz | ${name} ${lock}
    83 /${index} | ${name} Ev,Ibs | ${name} ${lock}`;
}

/** The seventh is the undocumented second shl. */
const SHIFTS = ["rol", "ror", "rcl", "rcr", "shl", "shr", "shl", "sar"];

function shift(name: string, index: number): string {
  return `
    c0 /${index} | ${name} Eb,Ib | ${name}
    c1 /${index} | ${name} Ev,Ib | ${name}
    d0 /${index} | ${name} Eb,1 | ${name}
    d1 /${index} | ${name} Ev,1 | ${name}
    d2 /${index} | ${name} Eb,CL | ${name}
    d3 /${index} | ${name} Ev,CL | ${name}`;
}

function condition(name: string, index: number): string {
  return `
    ${hex(0x70 + index)} | j${name} Jb | jcc f64
    0f ${hex(0x80 + index)} | j${name} Jz | jcc f64
    0f ${hex(0x40 + index)} | cmov${name} Gv,Ev | cmov feature=cmov
    0f ${hex(0x90 + index)} | set${name} Eb | setcc`;
}

/** Moves from and to cr0, cr2, cr3, cr4 (and cr8, which is cr0 with REX.R). */
const control = (number: number): string => `
    0f 20 /${number} | mov Rq,Cq | movFromControl f64
    0f 22 /${number} | mov Cq,Rq | movToControl f64`;

function bitTest(name: string, opcode: number, digit: number): string {
  const lock = name === "bt" ? "" : "lock";
  return `
    0f ${hex(opcode)} | ${name} Ev,Gv | ${name} ${lock}
    0f ba /${digit} | ${name} Ev,Ib | ${name} ${lock}`;
}

const ONE_BYTE = `
  50 +r   | push Zv        | push d64
  58 +r   | pop Zv         | pop d64
  63      | movsxd Gv,Ed   | movsxd
  68      | pushw/push/push Iz | push d64
  69      | imul Gv,Ev,Iz  | imul3
  6a      | pushw/push/push Ibs | push d64
  6b      | imul Gv,Ev,Ibs | imul3
  6c      | ins Yb,DX      | privileged
  6d      | ins Yz,DX      | privileged
  6e      | outs DX,Xb     | privileged
  6f      | outs DX,Xz     | privileged
  84      | test Eb,Gb     | test
  85      | test Ev,Gv     | test
  86      | xchg Eb,Gb     | xchg lock
  87      | xchg Ev,Gv     | xchg lock
  88      | mov Eb,Gb      | mov
  89      | mov Ev,Gv      | mov
  8a      | mov Gb,Eb      | mov
  8b      | mov Gv,Ev      | mov
  8c reg  | mov Ev,Sw      | movFromSegment
  8c mem  | mov Mw,Sw      | movFromSegment
  8c /6 reg | mov Ev,Sw    | undefined
  8c /6 mem | mov Mw,Sw    | undefined
  8c /7 reg | mov Ev,Sw    | undefined
  8c /7 mem | mov Mw,Sw    | undefined
  8d      | lea Gv,M       | lea
  8e reg  | mov Sw,Ev      | movToSegment
  8e mem  | mov Sw,Mw      | movToSegment
  8f /0   | pop Ev         | pop d64
  90 +r   | xchg Zv,rAX    | xchgAcc
  98      | cbw/cwde/cdqe  | cbw
  99      | cwd/cdq/cqo    | cwd
  9c      | pushfw/pushf/pushf | pushf d64
  9d      | popfw/popf/popf | popf d64
  9e      | sahf           | sahf feature=lahf_lm
  9f      | lahf           | lahf feature=lahf_lm
  a0      | movabs AL,Ob   | mov
  a1      | movabs rAX,Ov  | mov
  a2      | movabs Ob,AL   | mov
  a3      | movabs Ov,rAX  | mov
  a4      | movs Yb,Xb     | movs
  a5      | movs Yv,Xv     | movs
  a6      | cmps Xb,Yb     | cmps
  a7      | cmps Xv,Yv     | cmps
  a8      | test AL,Ib     | test
  a9      | test rAX,Iz    | test
  aa      | stos Yb,AL     | stos
  ab      | stos Yv,rAX    | stos
  ac      | lods AL,Xb     | lods
  ad      | lods rAX,Xv    | lods
  ae      | scas AL,Yb     | scas
  af      | scas rAX,Yv    | scas
  b0 +r   | mov Zb,Ib      | mov
  b8 +r w1 | movabs Zv,Iv  | mov
  b8 +r   | mov Zv,Iv      | mov
  c2      | ret Iw         | ret f64
  c3      | ret            | ret f64
  c6 /0   | mov Eb,Ib      | mov
  c7 /0   | mov Ev,Iz      | mov
  c8      | enterw/enter/enter Iw,Ib | enter d64
  c9      | leavew/leave/leave | leave d64
  cc      | int3           | int3
  cd      | int Ib         | int
  d7      | xlat           | xlat
  e0      | loopne Jb      | loopne f64
  e1      | loope Jb       | loope f64
  e2      | loop Jb        | loop f64
  e3      | jrcxz Jb       | jrcxz f64
  e4      | in AL,Ib       | privileged
  e5      | in eAX,Ib      | privileged
  e6      | out Ib,AL      | privileged
  e7      | out Ib,eAX     | privileged
  e8      | call Jz        | call f64
  e9      | jmp Jz         | jmp f64
  eb      | jmp Jb         | jmp f64
  ec      | in AL,DX       | privileged
  ed      | in eAX,DX      | privileged
  ee      | out DX,AL      | privileged
  ef      | out DX,eAX     | privileged
  f1      | int1           | int1
  f4      | hlt            | privileged
  f5      | cmc            | cmc
  f6 /0   | test Eb,Ib     | test
  f6 /1   | test Eb,Ib     | test
  f6 /2   | not Eb         | not lock
  f6 /3   | neg Eb         | neg lock
  f6 /4   | mul Eb         | mul
  f6 /5   | imul Eb        | imul1
  f6 /6   | div Eb         | div
  f6 /7   | idiv Eb        | idiv
  f7 /0   | test Ev,Iz     | test
  f7 /1   | test Ev,Iz     | test
  f7 /2   | not Ev         | not lock
  f7 /3   | neg Ev         | neg lock
  f7 /4   | mul Ev         | mul
  f7 /5   | imul Ev        | imul1
  f7 /6   | div Ev         | div
  f7 /7   | idiv Ev        | idiv
  f8      | clc            | clc
  f9      | stc            | stc
  fa      | cli            | privileged
  fb      | sti            | privileged
  fc      | cld            | cld
  fd      | std            | std
  fe /0   | inc Eb         | inc lock
  fe /1   | dec Eb         | dec lock
  ff /0   | inc Ev         | inc lock
  ff /1   | dec Ev         | dec lock
  ff /2   | call Ev        | callIndirect f64
  ff /4   | jmp Ev         | jmpIndirect f64
  ff /6   | push Ev        | push d64
`;

const TWO_BYTE = `
  0f 05       | syscall       | syscall feature=syscall
  0f 06       | clts          | privileged
  0f 07       | sysretd/sysretd/sysretq | privileged
  0f 08       | invd          | privileged
  0f 09       | wbinvd        | privileged
  0f 21       | mov Rq,Dq     | movFromDebug f64
  0f 23       | mov Dq,Rq     | movToDebug f64
  0f 30       | wrmsr         | privileged
  0f 32       | rdmsr         | privileged
  0f 33       | rdpmc         | privileged
  0f 34       | sysenter      | privileged
  0f 35       | sysexitd/sysexitd/sysexitq | privileged
  0f 0b       | ud2           | undefined
  0f b9       | ud1 Gv,Ev     | undefined
  0f ff       | ud0 Gv,Ev     | undefined
  0f 01 =f9   | rdtscp        | rdtscp feature=rdtscp
  0f 0d /1    | prefetchw M   | nop feature=3dnowprefetch memory=BYTE
  0f 0d mem   | prefetch M    | nop feature=3dnowprefetch memory=BYTE
  0f 18 /0    | prefetchnta M | nop memory=BYTE
  0f 18 /1    | prefetcht0 M  | nop memory=BYTE
  0f 18 /2    | prefetcht1 M  | nop memory=BYTE
  0f 18 /3    | prefetcht2 M  | nop memory=BYTE
  0f 18       | nop Ev        | nop
  0f 19       | nop Ev        | nop
  0f 1a       | nop Ev        | nop
  0f 1b       | nop Ev        | nop
  0f 1c       | nop Ev        | nop
  0f 1d       | nop Ev        | nop
  0f 1e =fa pf3 | endbr64     | nop
  0f 1e /1 reg pf3 | rdsspd/rdsspd/rdsspq Ev | nop
  0f 1e       | nop Ev        | nop
  0f 1f       | nop Ev        | nop
  0f 31       | rdtsc         | rdtsc feature=tsc
  0f a0       | pushw/push/push FS | pushSegment d64
  0f a1       | popw/pop/pop FS | popSegment d64
  0f a2       | cpuid         | cpuid
  0f a4       | shld Ev,Gv,Ib | shld
  0f a5       | shld Ev,Gv,CL | shld
  0f a8       | pushw/push/push GS | pushSegment d64
  0f a9       | popw/pop/pop GS | popSegment d64
  0f ac       | shrd Ev,Gv,Ib | shrd
  0f ad       | shrd Ev,Gv,CL | shrd
  0f ae /5 reg np | lfence    | nop
  0f ae /6 reg np | mfence    | nop
  0f ae /7 reg np | sfence    | nop
  0f ae /7 mem np | clflush M | clflush feature=clflush memory=BYTE
  0f af       | imul Gv,Ev    | imul2
  0f b0       | cmpxchg Eb,Gb | cmpxchg lock
  0f b1       | cmpxchg Ev,Gv | cmpxchg lock
  0f b6       | movzx Gv,Eb   | movzxb
  0f b7       | movzx Gv,Ew   | movzxw
  0f b8 pf3   | popcnt Gv,Ev  | popcnt feature=popcnt
  0f bc       | bsf Gv,Ev     | bsf
  0f bd       | bsr Gv,Ev     | bsr
  0f be       | movsx Gv,Eb   | movsxb
  0f bf       | movsx Gv,Ew   | movsxw
  0f c0       | xadd Eb,Gb    | xadd lock
  0f c1       | xadd Ev,Gv    | xadd lock
  0f c3 np    | movnti My,Gy  | mov feature=sse2
  0f c7 /1 w1 | cmpxchg16b Mx | cmpxchg16b lock feature=cx16 memory=OWORD
  0f c7 /1    | cmpxchg8b Mq  | cmpxchg8b lock feature=cx8
  0f c8 +r    | bswap Zv      | bswap
  0f 38 f0 np | movbe Gv,Mv   | movbe feature=movbe
  0f 38 f0 p66 | movbe Gv,Mv  | movbe feature=movbe
  0f 38 f1 np | movbe Mv,Gv   | movbe feature=movbe
  0f 38 f1 p66 | movbe Mv,Gv  | movbe feature=movbe
  0f 38 f0 pf2 | crc32 Gy,Eb  | crc32b feature=sse4_2
  0f 38 f1 pf2 | crc32 Gy,Ev  | crc32v feature=sse4_2
`;

export const GENERAL: readonly Row[] = parseRows(
  [
    ...ARITHMETIC.map(arithmetic),
    ...SHIFTS.map(shift),
    ...CONDITIONS.map(condition),
    ...[0, 2, 3, 4].map(control),
    bitTest("bt", 0xa3, 4),
    bitTest("bts", 0xab, 5),
    bitTest("btr", 0xb3, 6),
    bitTest("btc", 0xbb, 7),
    ONE_BYTE,
    TWO_BYTE,
  ].join("\n"),
);
