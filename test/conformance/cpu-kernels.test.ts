/** The kernels of the bench, with small arguments: results as natively, in both variants of the interpreter. */
import { expect, test } from "vitest";
import { createCore } from "../../runtime/cpu/interpreter/core.ts";
import { LAYOUT } from "../../runtime/cpu/spec/layout.ts";
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
  120_000,
);

test("static data ends before what the layout puts behind it", async () => {
  const memory = new WebAssembly.Memory({ initial: 63, maximum: 65535 });
  const core = createCore(await interpreterModule(), memory, { reserve: () => 0, counter: () => 0 });
  expect(core.dataEnd()).toBeLessThanOrEqual(LAYOUT.DATA_END);
});
