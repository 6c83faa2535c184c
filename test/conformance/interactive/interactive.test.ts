/**
 * Programs of Debian at a terminal, natively and here: the same keys, the same screens. SESSION in the environment
 * picks by name; without it a quick few run in `npm test`.
 */
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { treePath } from "../../fixtures/images/debian-programs/mmdebstrap.mjs";
import { missingForNative } from "../programs/native-run.ts";
import { CACHE } from "../programs/harness.ts";
import { HostTree } from "../programs/host-tree.ts";
import { runInKernel } from "./guest-terminal.ts";
import type { Shown } from "./native-terminal.ts";
import { runNatively } from "./native-terminal.ts";
import { Screen } from "./screen.ts";
import type { Session } from "./scripts.ts";
import { SESSIONS } from "./sessions.ts";

const tree = treePath("full", CACHE);
const isPossible = existsSync(tree) && missingForNative() === undefined;
const wanted = process.env["SESSION"] ?? "^(less|script)";

/** What was on the screen at each step. */
function screensOf({ steps, rows = 24, columns = 80 }: Session, { pieces }: Shown): readonly unknown[] {
  const screen = new Screen(rows, columns);
  return pieces.map((piece, index) => {
    screen.write(piece);
    const shown = {
      after: steps[index - 1]?.[1] ?? "start",
      lines: screen.lines.map(withoutNumbers),
      cursor: screen.cursor,
    };
    const keys = steps[index]?.[1];
    if (keys !== undefined && typeof keys !== "string") screen.resize(keys[0], keys[1]);
    return shown;
  });
}

/** Process numbers differ: a shell names that of a job it starts. */
function withoutNumbers(line: string): string {
  return line.replace(/^(\[\d+\]) \d+$/, "$1 PID");
}

const chosen = SESSIONS.filter(({ name }) => new RegExp(wanted).test(name));

test.skipIf(!isPossible).each(chosen)(
  "$name (needs the full Debian tree and root)",
  async (session) => {
    const native = runNatively(tree, session);
    const guest = await runInKernel(new HostTree(tree), session);
    expect(screensOf(session, guest), guest.missing.join(" ")).toEqual(screensOf(session, native));
    expect(guest.status).toBe(native.status);
  },
  120_000,
);
