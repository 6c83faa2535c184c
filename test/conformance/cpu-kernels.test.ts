/** The kernels of the bench, with small arguments: results as natively, in both variants of the interpreter. */
import { expect, test } from "vitest";
import { KERNELS, KernelMachine, missingForKernels, runNative } from "../support/cpu-kernels.ts";
import { interpreterModule } from "../support/cpu-module.ts";

test.skipIf(missingForKernels() !== undefined).each([true, false])(
  "kernels answer as natively (page map tested: %s)",
  async (isChecked) => {
    const machine = new KernelMachine(await interpreterModule({ isChecked }));
    const ours = KERNELS.map(([name, , argument]) => [name, machine.call(name, argument)]);
    const native = runNative(KERNELS.map(([name, , argument]) => [name, argument]), 1);
    expect(ours).toEqual(KERNELS.map(([name], index) => [name, native[index]?.result]));
  },
);
