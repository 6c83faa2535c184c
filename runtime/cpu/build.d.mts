/** Types of build.mjs. */
import type { GenerateOptions, Generated } from "./spec/generate.ts";
import type { Row } from "./spec/row.ts";

export const outputFolder: string;
/** Builds one variant unless it is fresh; answers the path of the wasm file. */
export function buildInterpreter(options: {
  generate: (options: GenerateOptions) => Generated;
  rows: readonly Row[];
  dataStart: number;
  isChecked?: boolean;
  log?: (line: string) => void;
}): Promise<string>;
