/**
 * No worker of the page starts a worker: `new Worker` inside a worker can hang for ever in Firefox
 * (runtime/client/worker-starter.ts). Only the page's own modules may say it.
 */
import { expect, test } from "vitest";
import { isTest, readText, trackedFiles } from "./sources.ts";

const STARTS = /^(?!\s*(\*|\/\/|\/\*)).*new Worker\(/m;

test("only the page starts workers", () => {
  const starters = trackedFiles().filter(
    (path) =>
      /^(layers|runtime|web)\/.*\.ts$/.test(path) &&
      !/\/(node|bridge)\//.test(path) &&
      !isTest(path) &&
      STARTS.test(readText(path)),
  );
  expect(starters).toEqual(["runtime/client/connect.ts", "runtime/client/worker-starter.ts"]);
});
