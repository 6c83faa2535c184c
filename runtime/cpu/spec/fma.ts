/**
 * FMA (SDM volume 2, appendix A, table A-4) and F16C. One hard idea: sixty instructions are three orders of the
 * operands, six ways of signs and four types, so rows and operations come from those, and one function does
 * them all (assembly/vector-fused.ts).
 */
import { parseRows } from "./row.ts";
import type { Row } from "./row.ts";

const ORDERS = [
  ["132", 0x90], ["213", 0xa0], ["231", 0xb0],
] as const;
/** Name, low digit of the packed form's opcode, and whether there is a scalar one behind it. */
const WAYS = [
  ["maddsub", 6, false], ["msubadd", 7, false], ["madd", 8, true], ["msub", 10, true], ["nmadd", 12, true],
  ["nmsub", 14, true],
] as const;
/** As FUSED_… in vector-fused.ts. */
const WAY_NUMBERS = { madd: 0, msub: 1, nmadd: 2, nmsub: 3, maddsub: 4, msubadd: 5 } as const;

interface Fused {
  readonly name: string;
  readonly lines: readonly string[];
  readonly call: string;
}

function packed(order: string, base: number, way: keyof typeof WAY_NUMBERS, digit: number): Fused[] {
  return (["ps", "pd"] as const).map((type, w) => {
    const name = `vf${way}${order}${type}`;
    const opcode = (base + digit).toString(16);
    const lines = ["l0", "l1"].map((l) => `vex 0f 38 ${opcode} p66 w${w} ${l} | ${name} Vx,Hx,Wx | ${name} feature=fma`);
    return { name, lines, call: `fusedPacked(u, d, s, ${order}, ${WAY_NUMBERS[way]}, ${type === "pd"})` };
  });
}

function scalar(order: string, base: number, way: keyof typeof WAY_NUMBERS, digit: number): Fused[] {
  return (["ss", "sd"] as const).map((type, w) => {
    const name = `vf${way}${order}${type}`;
    const opcode = (base + digit + 1).toString(16);
    const lines = [`vex 0f 38 ${opcode} p66 w${w} | ${name} Vx,Hx,W${w === 0 ? "d" : "q"} | ${name} feature=fma`];
    return { name, lines, call: `fusedScalar(u, d, s, ${order}, ${WAY_NUMBERS[way]}, ${type === "sd"})` };
  });
}

const FUSED: readonly Fused[] = ORDERS.flatMap(([order, base]) =>
  WAYS.flatMap(([way, digit, hasScalar]) => [
    ...packed(order, base, way, digit), ...(hasScalar ? scalar(order, base, way, digit) : []),
  ]),
);

const HALF = `
  vex 0f 38 13 p66 w0 l0 | vcvtph2ps Vx,Wq    | vcvtph2ps feature=f16c
  vex 0f 38 13 p66 w0 l1 | vcvtph2ps Vx,Wo    | vcvtph2ps feature=f16c
  vex 0f 3a 1d p66 w0 l0 | vcvtps2ph Wq,Vx,Ib | vcvtps2ph feature=f16c
  vex 0f 3a 1d p66 w0 l1 | vcvtps2ph Wo,Vx,Ib | vcvtps2ph feature=f16c
`;

export const FMA: readonly Row[] = parseRows([...FUSED.flatMap(({ lines }) => lines), HALF].join("\n"));

/** Can raise #XM. */
export const FUSED_NAMES: readonly string[] = [...FUSED.map(({ name }) => name), "vcvtph2ps", "vcvtps2ph"];

/** The operations as AssemblyScript. */
export function fmaSource(): string {
  const operation = ({ name, call }: Fused): string =>
    `export function op${name.charAt(0).toUpperCase()}${name.slice(1)}(u: usize, d: usize, s: usize): void { ${call}; }`;
  return ['import { fusedPacked, fusedScalar } from "./operations-fma";', ...FUSED.map(operation), ""].join("\n");
}
