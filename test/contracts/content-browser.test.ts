/** The content store over OPFS with hash-wasm, in every browser: the suite, a full quota, a crash. */
import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import type { BrowserPage } from "../support/browser-page.ts";
import { browsers, withBrowserPage } from "../support/browser-page.ts";
import type { ContentOrder } from "./content-worker.ts";
import { contentCases } from "./content.ts";
import type { CaseOutcome } from "./opfs-place.ts";

const WORKER = "test/contracts/content-worker.ts";
const MIB = 1024 * 1024;
const QUOTA_BYTES = 20 * MIB;

/** Firefox counts in KiB, and gives one site a fifth of the whole. */
const FIREFOX_QUOTA = {
  "dom.quotaManager.temporaryStorage.fixedLimit": (5 * QUOTA_BYTES) / 1024,
};

function order(page: BrowserPage, what: ContentOrder): Promise<unknown> {
  return page.runWorker(WORKER, what);
}

async function limitQuota(page: BrowserPage): Promise<void> {
  if (page.browser !== "chromium") return; // Firefox was started with a preference.
  const session = await page.context.newCDPSession(page.page);
  await session.send("Storage.overrideQuotaForOrigin", { origin: page.origin, quotaSize: QUOTA_BYTES });
}

/** Resolves when the worker of a "begin" order in `page` has written. */
async function written(page: BrowserPage): Promise<void> {
  await page.page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        new BroadcastChannel("crash").onmessage = () => resolve();
      }),
  );
}

describe.each(browsers())("ContentStore in OPFS of $name", ({ name: browser, missing }) => {
  let outcomes: readonly CaseOutcome[] = [];
  let quota: unknown;
  let afterCrash: unknown;

  beforeAll(async () => {
    if (missing !== undefined) return;
    await withBrowserPage({ browser, firefoxPreferences: FIREFOX_QUOTA }, async (page) => {
      outcomes = (await order(page, { kind: "suite" })) as readonly CaseOutcome[]; // As the worker says.
      afterCrash = await crashAndFinish(page);
      await limitQuota(page);
      quota = await order(page, { kind: "quota", fillerBytes: 4 * MIB });
    });
  });

  test.skipIf(missing !== undefined).each(contentCases)("$name", ({ name }) => {
    expect(outcomes.find((candidate) => candidate.name === name)).toMatchObject({ name, error: undefined });
  });

  test.skipIf(missing !== undefined)("a full quota loses nothing", () => {
    expect(quota).toMatchObject({ error: undefined });
  });

  test.skipIf(missing !== undefined)("a tab closed in mid-ingest: the next one continues", () => {
    expect(afterCrash).toEqual({ offset: 6, text: "hello, blob" });
  });
});

async function crashAndFinish(page: BrowserPage): Promise<unknown> {
  const digest = `sha256:${createHash("sha256").update("hello, blob").digest("hex")}`;
  const tab = await page.openTab();
  const isWritten = written(page);
  // Never answers: the tab is closed under it.
  order(tab, { kind: "begin", digest, text: "hello," }).catch(() => undefined);
  await isWritten;
  await tab.page.close();
  return order(page, { kind: "finish", digest, text: "hello, blob" });
}
