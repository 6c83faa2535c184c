/**
 * `docker commit` through the API handler, with real layers: what the image holds, that a push sends it
 * in its parent's dialect, and that a failure leaves nothing.
 */
import { describe, expect, it } from "vitest";
import { decodeUtf8 } from "../../layers/base/bytes.ts";
import { fail } from "../../layers/base/errors.ts";
import { layerTar } from "../support/image-layout.ts";
import { openWorld, pull } from "../support/image-world.ts";
import type { World } from "../support/image-world.ts";

/** A container `one` of `app` with a file more and a file less than its image. */
async function changedWorld(): Promise<World> {
  const world = await openWorld();
  const { api, layout } = world;
  const config = { Cmd: ["true"], Env: ["PATH=/bin"], Labels: { from: "image" } };
  layout.name("app", layout.build({ layers: [{ "etc/motd": "from the image\n" }], config }).manifest);
  await pull(api, "app");
  await api.call("POST", "/containers/create?name=one", {
    body: { Image: "app", Cmd: ["echo", "hi there"] },
  });
  await api.call("PUT", "/containers/one/archive?path=/etc", {
    text: decodeUtf8(layerTar({ "new.txt": "copied in\n" })),
  });
  return world;
}

describe("commit", () => {
  it("makes an image of the container's files and configuration, with history and name", async () => {
    const { api, engine } = await changedWorld();
    const changes = `changes=${encodeURIComponent("ENV A=1")}&changes=${encodeURIComponent('CMD ["two"]')}`;
    const made = await api.call(
      "POST",
      `/commit?container=one&repo=new&tag=v1&author=me&comment=why&${changes}`,
    );
    expect(made.status).toBe(201);
    const { Id: id } = made.json as { Id: string };
    const image = engine.images.get("new:v1");
    expect(image).toMatchObject({ id, author: "me" });
    const steps = [{}, {}, { createdBy: "echo hi there", comment: "why", isEmptyLayer: false }];
    expect(image.history).toMatchObject(steps);
    expect((await api.call("GET", "/images/new:v1/json")).json).toMatchObject({
      Id: id,
      RepoTags: ["new:v1"],
      Comment: "why",
      Size: "from the image\ncopied in\n".length,
      Config: { Cmd: ["two"], Env: ["PATH=/bin", "A=1"], Labels: { from: "image" } },
    });
    const parent = engine.images.get("app");
    expect(image.manifest.mediaType).toBe(parent.manifest.mediaType);
    expect(image.blobs.slice(0, -1)).toEqual(parent.blobs);
    // Everything that a push sends is there, and says what the record says.
    const manifest = JSON.parse(
      decodeUtf8(await engine.content.readAll(image.manifest.digest, 1 << 20)),
    ) as object;
    expect(manifest).toEqual({
      schemaVersion: 2,
      mediaType: image.manifest.mediaType,
      config: image.configDescriptor,
      layers: image.blobs,
    });
    const config = JSON.parse(decodeUtf8(await engine.content.readAll(id, 1 << 20))) as object;
    expect(config).toMatchObject({ rootfs: { type: "layers", diff_ids: image.diffIDs }, os: "linux" });
    // A container of it has the file, and the sweep keeps its layers when its parent goes.
    await api.call("DELETE", "/containers/one");
    await api.call("DELETE", "/images/app");
    await api.call("POST", "/containers/create?name=two", { body: { Image: "new:v1" } });
    expect((await api.call("GET", "/containers/two/export")).text).toContain("copied in\n");
    await engine.close();
  });

  it("adds no layer when nothing was changed, and leaves the image without a name when none is given", async () => {
    const { api, engine } = await changedWorld();
    await api.call("POST", "/containers/create?name=plain", { body: { Image: "app" } });
    const { json } = await api.call("POST", "/commit?container=plain");
    const image = engine.images.get((json as { Id: string }).Id);
    expect(image.diffIDs).toEqual(engine.images.get("app").diffIDs);
    expect(image.history.at(-1)).toMatchObject({ isEmptyLayer: true });
    expect(engine.images.referencesOf(image.id)).toEqual([]);
    await engine.close();
  });

  it("refuses what it cannot do in Docker's words", async () => {
    const { api, engine } = await changedWorld();
    const refused = async (query: string): Promise<unknown> => {
      const { status, json } = await api.call("POST", `/commit?${query}`);
      return [status, (json as { message: string }).message];
    };
    expect(await refused("container=nope")).toEqual([404, "No such container: nope"]);
    expect(await refused("container=one&changes=RUN%20x")).toEqual([
      400,
      "RUN is not a valid change command",
    ]);
    expect(await refused("container=one&repo=UPPER")).toEqual([
      400,
      "invalid reference format: repository name (library/UPPER) must be lowercase",
    ]);
    await engine.close();
  });

  it("leaves nothing behind when the layer cannot be unpacked", async () => {
    const { api, engine } = await changedWorld();
    const files = async (): Promise<unknown> => (await engine.storage.files.list("")).map(({ name }) => name);
    const before = await files();
    const unpack = engine.snapshots.unpack.bind(engine.snapshots);
    engine.snapshots.unpack = async () => {
      throw fail("resourceExhausted", "no space left on device");
    };
    const failed = await api.call("POST", "/commit?container=one&repo=new");
    expect(failed.json).toEqual({ message: "no space left on device" });
    expect(await files()).toEqual(before);
    expect(engine.images.find("new")).toBeUndefined();
    engine.snapshots.unpack = unpack;
    expect((await api.call("POST", "/commit?container=one&repo=new")).status).toBe(201);
    await engine.close();
  });
});
