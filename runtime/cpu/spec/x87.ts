/**
 * The x87 escapes D8..DF (SDM volume 2, appendix A.5, tables ), MMX's emms, and what saves and
 * loads the state. One hard idea: a row names the instruction, but the opcode and ModRM byte themselves
 * are the operation's number (f80.ts), so all escapes share four operations that differ in flags only.
 * The processor's undocumented aliases (d9 d8 and so on) are rows as well: it runs them.
 */
import { parseRows } from "./row.ts";
import type { Row } from "./row.ts";

const ARITHMETIC = ["add", "mul", "com", "comp", "sub", "subr", "div", "divr"];

/** ModRM of a register form with i = 0, and the names in DC and DE, where sub and subr trade places. */
function arithmetic(name: string, index: number): string {
  const mirrored = index >= 4 ? (ARITHMETIC[index ^ 1] ?? "") : name;
  const rows = `
    d8 /${index} mem | f${name} M      | x87Memory memory=DWORD
    d8 /${index} reg | f${name} ${name.startsWith("com") ? "STi" : "ST,STi"} | x87
    da /${index} mem | fi${name} M     | x87Memory memory=DWORD
    dc /${index} mem | f${name} M      | x87Memory memory=QWORD
    de /${index} mem | fi${name} M     | x87Memory memory=WORD`;
  if (name.startsWith("com")) return rows;
  return `${rows}
    dc /${index} reg | f${mirrored} STi,ST  | x87
    de /${index} reg | f${mirrored}p STi,ST | x87`;
}

const MOVES = `
  d9 /0 mem | fld M     | x87Memory memory=DWORD
  d9 /2 mem | fst M     | x87Memory memory=DWORD
  d9 /3 mem | fstp M    | x87Memory memory=DWORD
  d9 /4 mem | fldenv M  | x87Memory
  d9 /5 mem | fldcw M   | x87Memory memory=WORD
  d9 /6 mem | fnstenv M | x87Memory
  d9 /7 mem | fnstcw M  | x87Memory memory=WORD
  db /0 mem | fild M    | x87Memory memory=DWORD
  db /1 mem | fisttp M  | x87Memory memory=DWORD feature=pni
  db /2 mem | fist M    | x87Memory memory=DWORD
  db /3 mem | fistp M   | x87Memory memory=DWORD
  db /5 mem | fld M     | x87Memory memory=TBYTE
  db /7 mem | fstp M    | x87Memory memory=TBYTE
  dd /0 mem | fld M     | x87Memory memory=QWORD
  dd /1 mem | fisttp M  | x87Memory memory=QWORD feature=pni
  dd /2 mem | fst M     | x87Memory memory=QWORD
  dd /3 mem | fstp M    | x87Memory memory=QWORD
  dd /4 mem | frstor M  | x87Memory
  dd /6 mem | fnsave M  | x87Memory
  dd /7 mem | fnstsw M  | x87Memory memory=WORD
  df /0 mem | fild M    | x87Memory memory=WORD
  df /1 mem | fisttp M  | x87Memory memory=WORD feature=pni
  df /2 mem | fist M    | x87Memory memory=WORD
  df /3 mem | fistp M   | x87Memory memory=WORD
  df /4 mem | fbld M    | x87Memory memory=TBYTE
  df /5 mem | fild M    | x87Memory memory=QWORD
  df /6 mem | fbstp M   | x87Memory memory=TBYTE
  df /7 mem | fistp M   | x87Memory memory=QWORD
`;

const REGISTERS = `
  d9 /0 reg | fld STi      | x87
  d9 /1 reg | fxch STi     | x87
  d9 /3 reg | fstp1 STi    | x87
  da /0 reg | fcmovb ST,STi   | fcmov
  da /1 reg | fcmove ST,STi   | fcmov
  da /2 reg | fcmovbe ST,STi  | fcmov
  da /3 reg | fcmovu ST,STi   | fcmov
  db /0 reg | fcmovnb ST,STi  | fcmov
  db /1 reg | fcmovne ST,STi  | fcmov
  db /2 reg | fcmovnbe ST,STi | fcmov
  db /3 reg | fcmovnu ST,STi  | fcmov
  db /5 reg | fucomi ST,STi   | fcomi
  db /6 reg | fcomi ST,STi    | fcomi
  df /5 reg | fucomip ST,STi  | fcomi
  df /6 reg | fcomip ST,STi   | fcomi
  dc /2 reg | fcom2 STi    | x87
  dc /3 reg | fcomp3 STi   | x87
  dd /0 reg | ffree STi    | x87
  dd /1 reg | fxch4 STi    | x87
  dd /2 reg | fst STi      | x87
  dd /3 reg | fstp STi     | x87
  dd /4 reg | fucom STi    | x87
  dd /5 reg | fucomp STi   | x87
  de /2 reg | fcomp5 STi   | x87
  df /0 reg | ffreep STi   | x87
  df /1 reg | fxch7 STi    | x87
  df /2 reg | fstp8 STi    | x87
  df /3 reg | fstp9 STi    | x87
`;

/** Escapes with a ModRM byte of their own. */
const SINGLE: Readonly<Record<string, readonly string[]>> = {
  "d9 d0": ["fnop"],
  "d9 e0": ["fchs", "fabs"],
  "d9 e4": ["ftst", "fxam"],
  "d9 e8": ["fld1", "fldl2t", "fldl2e", "fldpi", "fldlg2", "fldln2", "fldz"],
  "d9 f0": ["f2xm1", "fyl2x", "fptan", "fpatan", "fxtract", "fprem1", "fdecstp", "fincstp"],
  "d9 f8": ["fprem", "fyl2xp1", "fsqrt", "fsincos", "frndint", "fscale", "fsin", "fcos"],
  "da e9": ["fucompp"],
  "db e0": ["fneni", "fndisi", "fnclex", "fninit", "fnsetpm"],
  "de d9": ["fcompp"],
};

function single(): string {
  return Object.entries(SINGLE)
    .flatMap(([bytes, names]) => {
      const [opcode = "", first = ""] = bytes.split(" ");
      return names.map((name, index) => {
        const modrm = (Number.parseInt(first, 16) + index).toString(16);
        return `${opcode} =${modrm} | ${name} | x87`;
      });
    })
    .join("\n");
}

const STATE = `
  9b                  | fwait       | fwait
  df =e0              | fnstsw AX   | fnstsw
  0f 77 np            | emms        | emms feature=mmx
  0f ae /0 mem np     | fxsave/fxsave/fxsave64 M   | fxsave feature=fxsr
  0f ae /1 mem np     | fxrstor/fxrstor/fxrstor64 M | fxrstor feature=fxsr
  0f ae /2 mem np     | ldmxcsr Md  | ldmxcsr feature=sse memory=DWORD
  0f ae /3 mem np     | stmxcsr Md  | stmxcsr feature=sse memory=DWORD
`;

export const X87: readonly Row[] = parseRows(
  [...ARITHMETIC.map(arithmetic), MOVES, REGISTERS, single(), STATE].join("\n"),
).map((row) => (row.feature === "x86-64" ? { ...row, feature: "fpu" } : row));
