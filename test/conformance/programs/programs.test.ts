/**
 * The quick part of the table of programs, against native Linux. Failures that PROGRAMS.md knows must still
 * fail: who mends one takes it off (UPDATE_LEDGERS=1 node test/conformance/programs/report.mjs TEXT). The
 * whole table takes half an hour: the same command without a text.
 */
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { treePath } from "../../fixtures/images/debian-programs/mmdebstrap.mjs";
import { CACHE, ProgramHarness } from "./harness.ts";
import { readLedger } from "./ledger.ts";
import { missingForNative } from "./native-run.ts";
import { CASES } from "./tables/index.ts";

/** At least one of everything, about half a second each. */
const QUICK: ReadonlySet<string> = new Set([
  "dash: redirections",
  "dash: traps and signals",
  "dash: background jobs",
  "dash: a script with an interpreter line",
  "dash: broken pipe",
  "bash: process substitution",
  "bash: job control",
  "bash: coproc and read",
  "busybox: text applets",
  "busybox: vi, ed, patch",
  "busybox: httpd, wget, nc on loopback",
  "coreutils: cp, mv, rm, ln",
  "coreutils: ls",
  "coreutils: mkdir, rmdir, chmod, chown, mkfifo, mknod",
  "coreutils: nice, nohup, timeout, sleep, kill, stdbuf",
  "coreutils: errors are told as natively",
  "findutils: find -exec",
  "grep: files and context",
  "sed: edits",
  "gawk: programs",
  "tar: create, list, extract",
  "compressors: gzip",
  "perl: processes, files, signals",
  "dpkg: query",
]);

/** Making a tree takes minutes and Debian's archive: the tests use what is there. */
const hasTree = existsSync(treePath("full", CACHE)) || existsSync(treePath("base", CACHE));
const missing = hasTree ? missingForNative() : "a tree of Debian's packages (see PROGRAMS.md)";
const ledger = readLedger();
const harness = new ProgramHarness();

describe.skipIf(missing !== undefined)(
  `programs of a Debian image${missing === undefined ? "" : `: needs ${missing}`}`,
  () => {
    const quick = CASES.filter(({ name }) => QUICK.has(name));
    const isKnown = ({ name }: { name: string }): boolean => ledger.get(name)?.result === "FAIL";

    test.each(quick.filter((each) => !isKnown(each)))("$name", async (programCase) => {
      const { reason } = await harness.run(programCase);
      expect(reason).toBeUndefined();
    });

    test.each(quick.filter(isKnown))("known to fail: $name", async (programCase) => {
      const { reason } = await harness.run(programCase);
      expect(reason, "it passes now: note it in PROGRAMS.md").toBeDefined();
    });
  },
);
