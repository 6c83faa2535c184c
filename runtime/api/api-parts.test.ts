import { describe, expect, it } from "vitest";
import { Query } from "./call.ts";
import { frame } from "./multiplex.ts";
import type { OperationRow } from "./operations.ts";
import { OPERATIONS } from "./operations.ts";
import { Router } from "./router.ts";
import { humanDuration } from "./status-text.ts";

describe("paths", () => {
  const router = new Router<OperationRow>(OPERATIONS);
  it.each([
    ["GET", "/images/json", "ImageList", {}],
    ["GET", "/images/localhost:5000/a/b:tag/json", "ImageInspect", { name: "localhost:5000/a/b:tag" }],
    ["GET", "/images/get", "ImageGetAll", {}],
    ["DELETE", "/images/a%2Fb", "ImageDelete", { name: "a/b" }],
    ["GET", "/containers/json", "ContainerList", {}],
    ["POST", "/containers/prune", "ContainerPrune", {}],
    ["POST", "/containers/web/start", "ContainerStart", { id: "web" }],
    ["HEAD", "/_ping", "SystemPingHead", {}],
  ])("%s %s is %s", (method, path, id, params) => {
    expect(router.match(method, path)).toMatchObject({ row: { id }, params });
  });

  it("leads nowhere for anything else", () => {
    for (const path of ["/", "/containers", "/containers/a/b/start", "/containers//json"])
      expect(router.match("GET", path)).toBeUndefined();
  });
});

describe("parameters", () => {
  it("are true, whole or absent as in moby", () => {
    const query = new Query("a=1&b=0&c=&d=True&e=none&n=12&x=1.5");
    expect(["a", "b", "c", "d", "e", "f"].map((name) => query.boolean(name))).toEqual([
      true,
      false,
      false,
      true,
      false,
      false,
    ]);
    expect(query.boolean("f", true)).toBe(true);
    expect([query.integer("n"), query.integer("c"), query.integer("zz")]).toEqual([12, undefined, undefined]);
    expect(() => query.integer("x")).toThrow('strconv.Atoi: parsing "1.5": invalid syntax');
  });

  it("hold filters in both forms, and nothing else", () => {
    const filters = (text: string): Query => new Query(`filters=${encodeURIComponent(text)}`);
    expect(filters('{"a":["x","y"]}').filters().get("a")).toEqual(["x", "y"]);
    expect(filters('{"a":{"x":true,"y":false}}').filters().get("a")).toEqual(["x"]);
    for (const text of ["[", "[]", '"x"', '{"a":1}', '{"a":{"x":1}}'])
      expect(() => filters(text).filters()).toThrow("invalid filter");
  });
});

it("a frame is the stream, three zeros, the length and the bytes", () => {
  expect([...frame("stderr", new Uint8Array([7, 8]))]).toEqual([2, 0, 0, 0, 0, 0, 0, 2, 7, 8]);
});

it.each([
  [0, "Less than a second"],
  [1, "1 second"],
  [59, "59 seconds"],
  [60, "About a minute"],
  [119, "About a minute"],
  [180, "3 minutes"],
  [3599, "59 minutes"],
  [3600, "About an hour"],
  [86_400, "24 hours"],
  [172_800, "2 days"],
  [2_000_000, "3 weeks"],
  [8_000_000, "3 months"],
  [80_000_000, "2 years"],
])("%i s is %s", (seconds, words) => {
  expect(humanDuration(BigInt(seconds) * 1_000_000_000n)).toBe(words);
});
