import { expect, test } from "vitest";
import { humanDuration, humanSize, shortID } from "./format.ts";
import { domainOf, tagOf } from "./pulls.ts";

test("sizes are decimal with three digits, as docker prints them", () => {
  expect([0, 999, 1000, 1_984_512, 30_000_000_000].map(humanSize)).toEqual([
    "0 B",
    "999 B",
    "1 kB",
    "1.98 MB",
    "30 GB",
  ]);
});

test("ages are in the words of go-units", () => {
  expect(
    [0.4, 1, 59, 60, 125, 3600, 7200, 3 * 86_400, 20 * 86_400, 70 * 86_400, 800 * 86_400].map(
      humanDuration,
    ),
  ).toEqual([
    "less than a second",
    "1 second",
    "59 seconds",
    "about a minute",
    "2 minutes",
    "about an hour",
    "2 hours",
    "3 days",
    "2 weeks",
    "2 months",
    "2 years",
  ]);
});

test("an id is shown by twelve digits", () => {
  expect(shortID("sha256:70cf97a28055aabbccddeeff")).toBe("70cf97a28055");
});

test("a reference names its registry only when the first component can be a host", () => {
  const references = [
    "busybox",
    "library/busybox:1",
    "ghcr.io/owner/name",
    "localhost/name",
    "registry:5000/name@sha256:00",
  ];
  expect(references.map(domainOf)).toEqual([
    "docker.io",
    "docker.io",
    "ghcr.io",
    "localhost",
    "registry:5000",
  ]);
});

test("latest is meant only where neither tag nor digest is given", () => {
  expect(["busybox", "busybox:1", "registry:5000/name", "name@sha256:00"].map(tagOf)).toEqual([
    "latest",
    "",
    "latest",
    "",
  ]);
});
