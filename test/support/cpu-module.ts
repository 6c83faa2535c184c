/** The interpreter's module for tests: built when its sources changed, compiled once per process. */
import { readFileSync } from "node:fs";
import { buildInterpreter } from "../../runtime/cpu/build.mjs";
import { generate } from "../../runtime/cpu/spec/generate.ts";
import { LAYOUT } from "../../runtime/cpu/spec/layout.ts";
import { ROWS } from "../../runtime/cpu/spec/rows.ts";

interface Variant {
  readonly isChecked?: boolean;
}

/** The path of the module. */
export function interpreterFile({ isChecked = true }: Variant = {}): Promise<string> {
  return buildInterpreter({ generate, rows: ROWS, dataStart: LAYOUT.DATA, isChecked });
}

export async function interpreterModule(variant: Variant = {}): Promise<WebAssembly.Module> {
  return new WebAssembly.Module(readFileSync(await interpreterFile(variant)));
}
