/** The interpreter's module for tests: built when its sources changed, compiled once per process. */
import { readFileSync } from "node:fs";
import { buildInterpreter } from "../../runtime/cpu/build.mjs";
import { generate } from "../../runtime/cpu/spec/generate.ts";
import { LAYOUT } from "../../runtime/cpu/spec/layout.ts";
import { ROWS } from "../../runtime/cpu/spec/rows.ts";

export async function interpreterModule(options: { isChecked?: boolean } = {}): Promise<WebAssembly.Module> {
  const path = await buildInterpreter({ generate, rows: ROWS, dataStart: LAYOUT.DATA, isChecked: options.isChecked ?? true });
  return new WebAssembly.Module(readFileSync(path));
}
