/** `docker cp`, `diff` and `export` on containers that do not run, with real layers. */
import { expect, it } from "vitest";
import { systemClock } from "../../layers/base/clock.ts";
import { collectBytes } from "../../layers/base/streams.ts";
import { decodeUtf8 } from "../../layers/base/bytes.ts";
import { StorageContentStore } from "../../layers/content/blob-store.ts";
import { MemoryStorage } from "../../layers/content/memory-storage.ts";
import { createNodeHasher } from "../../layers/content/node/node-hasher.ts";
import { StorageSnapshotter } from "../../layers/snapshots/storage-snapshotter.ts";
import { createApiHandler } from "../../runtime/api/create-handler.ts";
import { ApiClient } from "../support/api-calls.ts";
import { openTestEngine } from "../support/engine.ts";
import { ImageLayout, layerTar } from "../support/image-layout.ts";
import { testClient } from "../support/registry-client.ts";

it("copies in and out, tells changes, and exports; the image stays as it was", async () => {
  const layout = new ImageLayout();
  layout.name(
    "app",
    layout.build({ layers: [{ "etc/motd": "from the image\n", "bin/tool": "x" }] }).manifest,
  );
  const storage = new MemoryStorage();
  const engine = await openTestEngine({
    isEmpty: true,
    storage,
    content: new StorageContentStore(storage.files, createNodeHasher),
    snapshots: new StorageSnapshotter({ storage, newHasher: createNodeHasher, clock: systemClock }),
    registry: testClient({ mirrors: ["http://mirror.test/"] }, { fetch: layout.fetch }),
  });
  const api = new ApiClient(createApiHandler(engine));
  await api.call("POST", "/images/create?fromImage=app&tag=latest");
  const create = async (name: string): Promise<void> => {
    await api.call("POST", `/containers/create?name=${name}`, { body: { Image: "app", Cmd: ["true"] } });
  };
  await create("one");
  await create("two");
  const put = await api.call("PUT", "/containers/one/archive?path=/etc", {
    text: decodeUtf8(layerTar({ "new.txt": "copied in\n" })),
  });
  expect(put).toMatchObject({ status: 200, text: "" });
  expect((await api.call("GET", "/containers/one/changes")).json).toEqual([
    { Path: "/etc", Kind: 0 },
    { Path: "/etc/new.txt", Kind: 1 },
  ]);
  expect((await api.call("GET", "/containers/two/changes")).json).toBeNull();
  const head = await api.call("HEAD", "/containers/one/archive?path=/etc/new.txt");
  expect(JSON.parse(atob(head.headers["x-docker-container-path-stat"] ?? ""))).toMatchObject({
    name: "new.txt",
    size: 10,
    mode: 0o755,
  });
  const { body } = await api.open("GET", "/containers/one/archive?path=/etc/motd");
  expect(decodeUtf8(await collectBytes(body, 1 << 20))).toContain("from the image\n");
  // The files were let go of: the next user gets them.
  expect((await api.call("GET", "/containers/one/export")).text).toContain("copied in\n");
  expect((await api.call("GET", "/containers/two/export")).text).not.toContain("copied in\n");
  expect(await api.call("GET", "/containers/one/archive?path=/nope")).toMatchObject({
    status: 404,
    json: { message: "Could not find the file /nope in container one" },
  });
  expect(await api.call("GET", "/containers/one/archive")).toMatchObject({ status: 400 });
  expect(await api.call("POST", "/containers/one/start")).toMatchObject({ status: 204 });
  await engine.close();
});
