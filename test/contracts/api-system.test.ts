/** The engine as a whole through the API handler: info, disk usage, settings, versions, what is missing. */
import { describe, expect, it } from "vitest";
import { openWorld, pull, twoLayers } from "../support/image-world.ts";

describe("the rest of the API", () => {
  it("answers info, disk usage and settings", async () => {
    const { api, layout } = await openWorld();
    twoLayers(layout);
    await pull(api, "app");
    expect((await api.call("GET", "/info")).json).toMatchObject({
      Images: 1,
      Containers: 0,
      OSType: "linux",
    });
    expect((await api.call("GET", "/system/df")).json).toMatchObject({
      LayersSize: 11,
      Images: [{ Containers: 0, Size: 11, SharedSize: 0 }],
    });
    expect(await api.call("PUT", "/slipway/settings", { body: { mirrors: ["nonsense"] } })).toMatchObject({
      status: 400,
    });
    expect(
      (await api.call("PUT", "/slipway/settings", { body: { mirrors: ["https://m.example/"] } })).json,
    ).toMatchObject({
      mirrors: ["https://m.example/"],
    });
    expect((await api.call("GET", "/slipway/settings")).json).toMatchObject({
      mirrors: ["https://m.example/"],
      proxy: "",
    });
    expect((await api.call("GET", "/slipway/status")).json).toMatchObject({ backends: [{ name: "fake" }] });
  });

  it("names every operation it does not have, and speaks versions as dockerd does", async () => {
    const { api } = await openWorld();
    expect(await api.call("GET", "/v1.50/networks")).toMatchObject({
      status: 501,
      json: { message: "NetworkList is not implemented by Slipway yet" },
      headers: { "api-version": "1.50", ostype: "linux" },
    });
    expect(await api.call("GET", "/v1.51/info")).toMatchObject({
      status: 400,
      json: { message: "client version 1.51 is too new. Maximum supported API version is 1.50" },
    });
    expect(await api.call("GET", "/v1.23/info")).toMatchObject({ status: 400 });
    expect(await api.call("GET", "/nowhere")).toMatchObject({
      status: 404,
      json: { message: "page not found" },
    });
    expect(
      await api.call("POST", "/containers/create", {
        text: "{",
        headers: { "content-type": "application/json" },
      }),
    ).toMatchObject({
      status: 400,
      json: { message: "invalid JSON: unexpected EOF" },
    });
    expect(
      await api.call("POST", "/containers/create", { text: "{}", headers: { "content-type": "text/plain" } }),
    ).toMatchObject({
      status: 400,
      json: { message: "unsupported Content-Type header (text/plain): must be 'application/json'" },
    });
  });
});
