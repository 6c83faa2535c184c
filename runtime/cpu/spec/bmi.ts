/**
 * General instructions that came after x86-64: BMI1, BMI2, LZCNT and ADX (SDM volume 2, appendix A, tables A-3
 * to, group 17). One hard idea: most have three operands; the one VEX.vvvv names is `B`.
 */
import { parseRows } from "./row.ts";
import type { Row } from "./row.ts";

const ROWS = `
  0f bc pf3              | tzcnt Gv,Ev      | tzcnt feature=bmi1
  0f bd pf3              | lzcnt Gv,Ev      | lzcnt feature=abm
  0f 38 f6 p66           | adcx Gy,Ey       | adcx feature=adx
  0f 38 f6 pf3           | adox Gy,Ey       | adox feature=adx
  vex 0f 38 f2 np l0     | andn Gy,By,Ey    | andn feature=bmi1
  vex 0f 38 f3 /1 np l0  | blsr By,Ey       | blsr feature=bmi1
  vex 0f 38 f3 /2 np l0  | blsmsk By,Ey     | blsmsk feature=bmi1
  vex 0f 38 f3 /3 np l0  | blsi By,Ey       | blsi feature=bmi1
  vex 0f 38 f5 np l0     | bzhi Gy,Ey,By    | bzhi feature=bmi2
  vex 0f 38 f5 pf3 l0    | pext Gy,By,Ey    | pext feature=bmi2
  vex 0f 38 f5 pf2 l0    | pdep Gy,By,Ey    | pdep feature=bmi2
  vex 0f 38 f6 pf2 l0    | mulx Gy,By,Ey    | mulx feature=bmi2
  vex 0f 38 f7 np l0     | bextr Gy,Ey,By   | bextr feature=bmi1
  vex 0f 38 f7 p66 l0    | shlx Gy,Ey,By    | shlx feature=bmi2
  vex 0f 38 f7 pf3 l0    | sarx Gy,Ey,By    | sarx feature=bmi2
  vex 0f 38 f7 pf2 l0    | shrx Gy,Ey,By    | shrx feature=bmi2
  vex 0f 3a f0 pf2 l0    | rorx Gy,Ey,Ib    | rorx feature=bmi2
`;

export const BMI: readonly Row[] = parseRows(ROWS);
