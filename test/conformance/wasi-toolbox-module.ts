/** The tool box, compiled from test/fixtures/images/wasi-toolbox; the path of the module. */
import { fileURLToPath } from "node:url";

interface ToolboxBuild {
  readonly compileToolbox: (directory: string) => string;
}

export async function toolboxModule(): Promise<string> {
  const url = new URL("../fixtures/images/wasi-toolbox/build.mjs", import.meta.url).href;
  const { compileToolbox } = (await import(url)) as ToolboxBuild; // A script without types.
  return compileToolbox(fileURLToPath(new URL("../../.cache/wasi-tests/toolbox", import.meta.url)));
}
