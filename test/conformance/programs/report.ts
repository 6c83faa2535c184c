/** Runs cases natively and in the guest and says what differs: the body of report.mjs. */
import { CASES } from "./tables/index.ts";
import { ProgramHarness } from "./harness.ts";

export async function report(args: readonly string[]): Promise<number> {
  const texts = args.filter((argument) => !argument.startsWith("--"));
  const isVerbose = args.includes("--verbose");
  const chosen = CASES.filter(({ name }) => texts.length === 0 || texts.some((text) => name.includes(text)));
  const harness = new ProgramHarness();
  let failed = 0;
  for (const programCase of chosen) {
    const { native, guest, reason } = await harness.run(programCase, args.includes("--trace"));
    if (reason !== undefined) failed += 1;
    const time = guest === undefined ? "" : `${(guest.ms / 1000).toFixed(1)} s`;
    console.log(
      `${reason === undefined ? "ok  " : "FAIL"} ${programCase.name} ${time}${reason === undefined ? "" : `\n     ${reason}`}`,
    );
    if (isVerbose) console.log({ native, guest });
  }
  console.log(`${chosen.length - failed} of ${chosen.length}`);
  return failed === 0 ? 0 : 1;
}
