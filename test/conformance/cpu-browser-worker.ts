/** In a worker of a browser: runs static programs on the processor alone and says what they printed. */
import { decodeUtf8 } from "../../layers/base/bytes.ts";
import { InterpreterMachine } from "../../runtime/cpu/interpreter/machine.ts";
import { answer } from "../support/browser-worker.ts";
import { runOnToy } from "./cpu-toy-kernel.ts";

export interface ProgramsInBrowser {
  /** Base64, because a page's arguments are JSON. */
  readonly module: string;
  readonly programs: readonly { readonly file: string; readonly argv: readonly string[] }[];
}

export interface RunInBrowser {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly instructions: number;
  readonly durationMs: number;
}

const bytesOf = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

answer(async ({ module, programs }: ProgramsInBrowser): Promise<RunInBrowser[]> => {
  const counterNs = (): number => performance.now() * 1e6;
  const machine = new InterpreterMachine({ module: await WebAssembly.compile(bytesOf(module)), counterNs });
  return programs.map(({ file, argv }): RunInBrowser => {
    const started = performance.now();
    const { stdout, stderr, exitCode, instructions } = runOnToy(machine, {
      file: bytesOf(file),
      argv,
      environment: ["GREETING=hello", "LC_ALL=C"],
    });
    const durationMs = performance.now() - started;
    return { stdout: decodeUtf8(stdout), stderr: decodeUtf8(stderr), exitCode, instructions, durationMs };
  });
});
