/** What the processor raises, as signals; what it says of itself; and code that changes: natively and here. */
import { expect, test } from "vitest";
import { FEATURE_PLACES } from "../../../runtime/cpu/spec/features.ts";
import { hostFeatures } from "../../fuzz/cpu/native/native-runner.ts";
import { compile, hasCompiler, isRoot, runInKernel, runNatively } from "../../support/differential.ts";

const PROGRAMS = [
  { name: "exceptions", what: "every exception is the signal, code and address it is on Linux" },
  {
    name: "instructions",
    what: "segment registers, syscall and the time stamp counter do what they do natively",
  },
  { name: "changing-code", what: "code that changed by a store, a system call, fork or mmap is what runs" },
];

test.skipIf(!hasCompiler || !isRoot).each(PROGRAMS)("$what", async ({ name }) => {
  const program = compile(name);
  const guest = await runInKernel(program);
  expect(guest.stdout.split("\n")).toEqual(runNatively(program).stdout.split("\n"));
  expect(guest.status).toBe(0);
});

test.skipIf(!hasCompiler || !isRoot)(
  "cpuid has every feature where the host has what Linux calls so",
  async () => {
    const bits = FEATURE_PLACES.map(({ name, leaf, register, bit }) => ({
      name,
      text: `${leaf.toString(16)}:${register}:${bit.toString(16)}`,
    }));
    const program = compile("instructions");
    const guest = await runInKernel(
      program,
      bits.map(({ text }) => text),
    );
    expect(guest.stdout).toBe(bits.map(({ text }) => `${text} 1\n`).join(""));
    const known = bits.filter(({ name }) => hostFeatures().has(name)).map(({ text }) => text);
    expect(runNatively(program, known).stdout).toBe(known.map((text) => `${text} 1\n`).join(""));
  },
);
