/** Snapshots over OPFS, and gzip through each browser's own DecompressionStream. */
import { beforeAll, describe, expect, test } from "vitest";
import { browsers, withBrowserPage } from "../support/browser-page.ts";
import type { CaseOutcome } from "./opfs-place.ts";
import { snapshotsCases } from "./snapshots.ts";

const WORKER = "test/contracts/snapshots-worker.ts";

describe.each(browsers())("snapshots in OPFS of $name", ({ name: browser, missing }) => {
  let outcomes: readonly CaseOutcome[] = [];

  beforeAll(async () => {
    if (missing !== undefined) return;
    await withBrowserPage({ browser }, async (page) => {
      outcomes = await page.runWorker<readonly CaseOutcome[]>(WORKER);
    });
  });

  test.skipIf(missing !== undefined).each(snapshotsCases)("$name", ({ name }) => {
    expect(outcomes.find((candidate) => candidate.name === name)).toMatchObject({ name, error: undefined });
  });
});
