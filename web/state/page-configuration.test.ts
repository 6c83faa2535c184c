/** slipway.json's addresses become absolute, relative to where the page is. */
import { expect, test } from "vitest";
import { parseConfiguration } from "./page-configuration.ts";

test("addresses are the server's own, seen from the page", () => {
  const fields = { mirrors: ["/mirror/", "images/", "https://cdn.example/oci/"], proxy: "/proxy/" };
  expect(parseConfiguration(fields, "https://docs.example/try/docker/")).toEqual({
    mirrors: [
      "https://docs.example/mirror/",
      "https://docs.example/try/docker/images/",
      "https://cdn.example/oci/",
    ],
    proxy: "https://docs.example/proxy/",
  });
});

test("what is missing or of another type is left out", () => {
  const none = { mirrors: [], proxy: "" };
  for (const fields of [undefined, null, "text", {}, { mirrors: "/mirror/", proxy: 7 }])
    expect(parseConfiguration(fields, "https://docs.example/")).toEqual(none);
  expect(parseConfiguration({ mirrors: ["", 3, "http://["] }, "https://docs.example/")).toEqual(none);
});
