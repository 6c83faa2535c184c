/**
 * `npm run bench -- cpu [NAME…]`: the kernels on the interpreter against the same object code natively,
 * in one run: ratio of the best processor times (wall time would count who else is busy), instructions
 * per second, and the geometric mean. With a name `unchecked` the variant without page map tests is
 * measured as well.
 */
import { KERNELS, KernelMachine, missingForKernels, runNative } from "../support/cpu-kernels.ts";
import { interpreterModule } from "../support/cpu-module.ts";

const REPEATS = 4;
const WARM_UP_MS = 4000;

export default async function main(names: readonly string[]): Promise<number> {
  const missing = missingForKernels();
  if (missing !== undefined) {
    console.error(`not measured: ${missing}`);
    return 1;
  }
  const chosen = names.filter((name) => name !== "unchecked");
  const kernels = KERNELS.filter(([name]) => chosen.length === 0 || chosen.includes(name));
  measure("checked", await interpreterModule(), kernels);
  if (names.includes("unchecked")) measure("unchecked", await interpreterModule({ isChecked: false }), kernels);
  return 0;
}

/** Until the engine has optimised the interpreter, which it does beside. */
function warmUp(machine: KernelMachine): void {
  const started = performance.now();
  while (performance.now() - started < WARM_UP_MS) machine.call("sha", 1);
}

function best(machine: KernelMachine, name: string, argument: number): { ms: number; result: string; million: number } {
  let ms = Infinity;
  let result = "";
  let instructions = 0;
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const before = machine.executed;
    const started = process.cpuUsage();
    result = machine.call(name, argument);
    const { user, system } = process.cpuUsage(started);
    ms = Math.min(ms, (user + system) / 1000);
    instructions = machine.executed - before;
  }
  return { ms, result, million: instructions / 1e6 };
}

function measure(variant: string, module: WebAssembly.Module, kernels: typeof KERNELS): void {
  const machine = new KernelMachine(module);
  warmUp(machine);
  console.log(`${variant.padEnd(10)} native ms      ours ms    ratio   million/s`);
  let sum = 0;
  for (const [name, argument] of kernels) {
    // Native beside ours, so that both see the machine equally busy.
    const [native] = runNative([[name, argument]], REPEATS);
    if (native === undefined) throw new Error(`${name} did not run natively`);
    const ours = best(machine, name, argument);
    if (ours.result !== native.result) throw new Error(`${name}: ${ours.result}, natively ${native.result}`);
    const ratio = ours.ms / native.bestMs;
    sum += Math.log(ratio);
    const speed = (ours.million / ours.ms) * 1000;
    const cells = [native.bestMs.toFixed(2), ours.ms.toFixed(1), `${ratio.toFixed(1)}x`, speed.toFixed(0)];
    console.log(name.padEnd(8) + cells.map((cell) => cell.padStart(12)).join(""));
  }
  console.log(`geometric mean ${Math.exp(sum / kernels.length).toFixed(1)}x`);
}
