/** OPFS and IndexedDB against the Storage suite, in every browser of this machine. */
import { beforeAll, describe, expect, test } from "vitest";
import { browsers, withBrowserPage } from "../support/browser-page.ts";
import { storageCases } from "./storage.ts";
import type { CaseOutcome } from "./opfs-place.ts";

describe.each(browsers())("Storage in OPFS and IndexedDB of $name", ({ name: browser, missing }) => {
  let outcomes: readonly CaseOutcome[] = [];

  beforeAll(async () => {
    if (missing !== undefined) return;
    await withBrowserPage({ browser }, async (page) => {
      outcomes = await page.runWorker("test/contracts/storage-worker.ts");
    });
  });

  test.skipIf(missing !== undefined).each(storageCases)("$name", ({ name }) => {
    const outcome = outcomes.find((candidate) => candidate.name === name);
    expect(outcome).toMatchObject({ name, error: undefined });
  });
});
