/**
 * Images through the API handler: pulled from a static mirror in memory, verified, unpacked for real,
 * listed, tagged and deleted; and every way a pull can go wrong.
 */
import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../layers/base/bytes.ts";
import { collectBytes } from "../../layers/base/streams.ts";
import { MemoryPlace } from "../../layers/content/memory-storage.ts";
import { ImageLayout, digestOf, json } from "../support/image-layout.ts";
import type { World } from "../support/image-world.ts";
import { failureOf, openWorld, pull, short, twoLayers, words } from "../support/image-world.ts";

describe("pull", () => {
  it("tells every step in dockerd's words and leaves an image with names", async () => {
    const { api, layout } = await openWorld();
    const image = twoLayers(layout);
    const [low, high] = image.layers.map((layer) => short(layer.digest));
    const told = words(await pull(api, "app"));
    expect(told[0]).toBe("latest: Pulling from library/app");
    for (const id of [low, high]) {
      const mine = told
        .filter((line) => line.startsWith(`${id ?? ""}: `))
        .map((line) => line.slice(14));
      expect(mine).toEqual([
        "Pulling fs layer",
        "Verifying Checksum",
        "Download complete",
        "Pull complete",
      ]);
    }
    expect(told.slice(-2)).toEqual([
      `Digest: ${image.manifest.digest}`,
      "Status: Downloaded newer image for app:latest",
    ]);
    expect((await api.call("GET", "/images/json")).json).toMatchObject([
      {
        Id: image.config.digest,
        RepoTags: ["app:latest"],
        RepoDigests: [`app@${image.manifest.digest}`],
        Size: 11,
      },
    ]);
    expect(words(await pull(api, "app"))).toEqual([
      "latest: Pulling from library/app",
      `Digest: ${image.manifest.digest}`,
      "Status: Image is up to date for app:latest",
    ]);
  });

  it("brings back what the browser has cleared, also when only the files are gone", async () => {
    const place = new MemoryPlace();
    const { api, layout, engine } = await openWorld({ place });
    const image = twoLayers(layout);
    await pull(api, "app");
    const [record] = engine.images.all();
    place.files.clear();
    for (const diffID of record?.diffIDs ?? []) expect(await engine.snapshots.layer(diffID)).toBeUndefined();
    expect(words(await pull(api, "app"))).toContain(`${short(image.layers[0]?.digest ?? "")}: Pull complete`);
    for (const diffID of record?.diffIDs ?? []) expect(await engine.snapshots.layer(diffID)).toBeDefined();
    expect(engine.images.all()).toHaveLength(1);
    // One layer alone: the others are not loaded again.
    const lost = record?.diffIDs[1] ?? "";
    await engine.snapshots.removeLayer(lost);
    const before = layout.asked.length;
    await pull(api, "app");
    expect(await engine.snapshots.layer(lost)).toBeDefined();
    expect(layout.asked.slice(before)).toEqual([]);
  });

  it("does not load layers twice that another image brought", async () => {
    const { api, layout } = await openWorld();
    const base = { "bin/a": "shared" };
    const one = layout.build({ layers: [base] });
    const two = layout.build({ layers: [base, { "etc/c": "own" }] });
    layout.name("one", one.manifest);
    layout.name("two", two.manifest);
    await pull(api, "one");
    const told = words(await pull(api, "two"));
    expect(told).toContain(`${short(one.layers[0]?.digest ?? "")}: Already exists`);
    expect(layout.asked.filter((digest) => digest === one.layers[0]?.digest)).toHaveLength(1);
  });

  it("shares the work of two pulls at once", async () => {
    const { api, layout, engine } = await openWorld();
    const image = twoLayers(layout);
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    layout.intercept = async (digest) => {
      if (image.layers.some((layer) => layer.digest === digest)) await gate;
      return undefined;
    };
    const both = Promise.all([pull(api, "app"), pull(api, "app")]);
    setTimeout(release, 50);
    for (const messages of await both) expect(messages.at(-1)?.status).toMatch(/^Status: /);
    for (const layer of image.layers)
      expect(layout.asked.filter((digest) => digest === layer.digest)).toHaveLength(1);
    expect(engine.images.all()).toHaveLength(1);
  });

  it("chooses linux/amd64, then wasi/wasm, then what was asked for; names what there is", async () => {
    const { api, layout, engine } = await openWorld();
    const amd = layout.build({ layers: [{ a: "amd" }] });
    const wasi = layout.build({ layers: [{ a: "wasi" }], platform: "wasi/wasm" });
    const arm = layout.build({ layers: [{ a: "arm" }], platform: "linux/arm64" });
    layout.name("all", layout.buildIndex([arm.manifest, wasi.manifest, amd.manifest]));
    layout.name("some", layout.buildIndex([arm.manifest, wasi.manifest]));
    layout.name("arm", layout.buildIndex([arm.manifest]));
    await pull(api, "all");
    expect(engine.images.get("all").id).toBe(amd.config.digest);
    await pull(api, "some");
    expect(engine.images.get("some").id).toBe(wasi.config.digest);
    await pull(api, "all", "&platform=wasi/wasm");
    expect(engine.images.get("all").id).toBe(wasi.config.digest);
    expect(failureOf(await pull(api, "arm"))).toBe(
      "no matching manifest for linux/amd64 or wasi/wasm in the manifest list entries; available: linux/arm64",
    );
  });

  it("asks for no manifest it has, be it an index, and forgets it with its name", async () => {
    const { api, layout, engine } = await openWorld();
    const image = layout.build({ layers: [{ a: "amd" }] });
    const index = layout.buildIndex([image.manifest]);
    layout.name("app", index);
    await pull(api, "app");
    const before = layout.asked.length;
    expect(words(await pull(api, "app")).at(-1)).toBe("Status: Image is up to date for app:latest");
    expect(layout.asked.slice(before)).toEqual([]);
    expect((await api.call("DELETE", "/images/app")).status).toBe(200);
    expect(await engine.content.list()).toEqual([]);
  });

  it("makes an image with an entrypoint of a bare wasm module", async () => {
    const { api, layout, engine } = await openWorld();
    const module = layout.put(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]), "application/wasm", {
      annotations: { "org.opencontainers.image.title": "hello.wasm" },
    });
    const config = layout.put(
      json({ os: "wasip1", architecture: "wasm" }),
      "application/vnd.wasm.config.v0+json",
    );
    const manifest = {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config,
      layers: [module],
    };
    layout.name("hello", layout.put(json(manifest), manifest.mediaType));
    expect(failureOf(await pull(api, "hello"))).toBeUndefined();
    const image = engine.images.get("hello");
    expect(image).toMatchObject({
      os: "wasi",
      architecture: "wasm",
      config: { Entrypoint: ["/hello.wasm"] },
    });
    const mounted = await engine.snapshots.mount({ layers: image.diffIDs, writable: undefined });
    expect(mounted.filesystem.lookup(mounted.filesystem.root, "hello.wasm")).toBeDefined();
    await mounted.unmount();
  });
});

describe("a pull that goes wrong leaves nothing visible", () => {
  const nothing = async ({ api }: World): Promise<void> => {
    expect((await api.call("GET", "/images/json")).json).toEqual([]);
  };

  it("wrong bytes", async () => {
    const world = await openWorld();
    const image = twoLayers(world.layout);
    const bad = image.layers[1]?.digest ?? "";
    world.layout.intercept = (digest, bytes) =>
      digest === bad ? new Response(bytes.map((byte) => byte ^ 1)) : undefined;
    expect(failureOf(await pull(world.api, "app"))).toBe(
      `filesystem layer verification failed for digest ${bad}`,
    );
    await nothing(world);
    world.layout.intercept = undefined;
    expect(failureOf(await pull(world.api, "app"))).toBeUndefined();
  });

  it("a truncated archive inside a correct blob", async () => {
    const world = await openWorld();
    const good = world.layout.build({ layers: [{ a: "x".repeat(100_000) }] });
    const layer = world.layout.blobs.get(good.layers[0]?.digest ?? "");
    const cut = world.layout.put(
      (layer ?? new Uint8Array()).slice(0, 60),
      good.layers[0]?.mediaType ?? "",
    );
    const manifest = {
      schemaVersion: 2,
      mediaType: good.manifest.mediaType,
      config: good.config,
      layers: [cut],
    };
    world.layout.name("cut", world.layout.put(json(manifest), manifest.mediaType));
    expect(failureOf(await pull(world.api, "cut"))).toMatch(/^failed to register layer: /);
    await nothing(world);
  });

  it("a name that climbs out of the root", async () => {
    const world = await openWorld();
    const image = world.layout.build({ layers: [{ "../../etc/passwd": "root" }] });
    world.layout.name("evil", image.manifest);
    expect(failureOf(await pull(world.api, "evil"))).toMatch(/^failed to register layer: /);
    await nothing(world);
  });

  it("a blob the registry does not have, a type nobody knows, layers the config does not list", async () => {
    const world = await openWorld();
    const image = twoLayers(world.layout, "hole");
    world.layout.blobs.delete(image.layers[0]?.digest ?? "");
    expect(failureOf(await pull(world.api, "hole"))).toBeDefined();
    const variants = {
      unknown: { ...image, layers: [{ ...image.layers[1], mediaType: "application/x-odd" }] },
      uneven: { ...image, layers: [image.layers[1]] },
    };
    for (const [name, variant] of Object.entries(variants)) {
      const manifest = {
        schemaVersion: 2,
        mediaType: image.manifest.mediaType,
        config: image.config,
        layers: variant.layers,
      };
      world.layout.name(name, world.layout.put(json(manifest), manifest.mediaType));
    }
    expect(failureOf(await pull(world.api, "unknown"))).toBe(
      "unsupported media type application/x-odd",
    );
    expect(failureOf(await pull(world.api, "uneven"))).toBe(
      "image config lists 2 layers, but the manifest has 1",
    );
    await nothing(world);
  });

  it("no such image: an error response, since nothing was told yet", async () => {
    const world = await openWorld();
    expect(failureOf(await pull(world.api, "missing"))).toMatch(/^(404|500|503): /);
    await nothing(world);
  });

  it("a full disk", async () => {
    const world = await openWorld({ place: new MemoryPlace({ quotaBytes: 200_000 }) });
    const noise = crypto.getRandomValues(new Uint8Array(60_000));
    const image = world.layout.build({
      layers: [{ a: noise, b: noise.slice().reverse(), c: noise.map((byte) => byte ^ 85) }],
    });
    world.layout.name("big", image.manifest);
    expect(failureOf(await pull(world.api, "big"))).toMatch(/no space left on device/);
    await nothing(world);
  });

  it("a client that goes away and a tab that is closed: the next pull continues", async () => {
    const place = new MemoryPlace();
    const layout = new ImageLayout();
    const image = twoLayers(layout);
    const [first, second] = image.layers.map((layer) => layer.digest);
    const before = await openWorld({ place, layout });
    layout.intercept = (digest) =>
      digest === second
        ? new Response(new ReadableStream({ pull: () => new Promise(() => undefined) }))
        : undefined;
    const gone = new AbortController();
    const { body } = await before.api.open("POST", "/images/create?fromImage=app&tag=latest", {
      signal: gone.signal,
    });
    const told = collectBytes(body, 1 << 20).then(decodeUtf8);
    await expect.poll(() => before.engine.snapshots.layer(image.diffIDs[0] ?? "")).toBeDefined();
    gone.abort();
    expect(await told).toContain("context canceled");
    layout.intercept = undefined;
    layout.asked.length = 0;
    const after = await openWorld({ place, layout });
    const again = words(await pull(after.api, "app"));
    expect(again).toContain(`${short(first ?? "")}: Already exists`);
    expect(layout.asked).toContain(second);
    expect(layout.asked).not.toContain(first);
  });
});

describe("names and removal", () => {
  it("finds an image by name, ID, short ID and digest, with the same answer", async () => {
    const { api, layout } = await openWorld();
    const image = twoLayers(layout);
    await pull(api, "app");
    const inspect = async (name: string): Promise<unknown> =>
      (await api.call("GET", `/images/${name}/json`)).json;
    const answer = await inspect("app");
    expect(answer).toMatchObject({
      Id: image.config.digest,
      RootFS: { Type: "layers", Layers: image.diffIDs },
      Config: { Cmd: ["cat"], Labels: { tier: "web" } },
      Architecture: "amd64",
      Os: "linux",
    });
    for (const name of [
      "app:latest",
      "docker.io/library/app",
      image.config.digest,
      short(image.config.digest),
      `app@${image.manifest.digest}`,
    ]) {
      expect(await inspect(name)).toEqual(answer);
    }
    expect(await api.call("GET", "/images/other:1/json")).toMatchObject({
      status: 404,
      json: { message: "No such image: other:1" },
    });
    expect(await api.call("GET", "/images/UPPER/json")).toMatchObject({
      status: 400,
      json: {
        message: "invalid reference format: repository name (library/UPPER) must be lowercase",
      },
    });
    const history = (await api.call("GET", "/images/app/history")).json as {
      Id: string;
      CreatedBy: string;
      Size: number;
    }[];
    expect(history.map((step) => [step.CreatedBy, step.Size])).toEqual([
      ["CMD", 0],
      ["ADD layer 1", 6],
      ["ADD layer 0", 5],
    ]);
    expect(history.map((step) => step.Id)).toEqual([image.config.digest, "<missing>", "<missing>"]);
  });

  it("filters by reference, label, dangling and time", async () => {
    const { api, layout } = await openWorld();
    const image = layout.build({
      layers: [{ a: "1" }],
      config: { Labels: { a: "b" } },
      created: "2026-01-01T00:00:00Z",
    });
    const later = layout.build({ layers: [{ a: "2" }], created: "2026-02-01T00:00:00Z" });
    layout.name("early", image.manifest);
    layout.name("late", later.manifest);
    await pull(api, "early");
    await pull(api, "late");
    await api.call("POST", "/images/late/tag?repo=example.com/team/late&tag=v1");
    const names = async (filters: object): Promise<string[]> => {
      const { json: list } = await api.call(
        "GET",
        `/images/json?filters=${encodeURIComponent(JSON.stringify(filters))}`,
      );
      return (list as { RepoTags: string[] }[]).flatMap((entry) => entry.RepoTags);
    };
    expect(await names({})).toEqual(["late:latest", "example.com/team/late:v1", "early:latest"]);
    expect(await names({ reference: ["example.com/*/late"] })).toEqual([
      "example.com/team/late:v1",
    ]);
    expect(await names({ reference: ["l*"] })).toEqual(["late:latest"]);
    expect(await names({ label: ["a=b"] })).toEqual(["early:latest"]);
    expect(await names({ before: ["late"] })).toEqual(["early:latest"]);
    expect(await names({ since: ["early"] })).toEqual(["late:latest", "example.com/team/late:v1"]);
    expect(await names({ until: ["2026-01-15T00:00:00Z"] })).toEqual(["early:latest"]);
    expect(await names({ dangling: ["true"] })).toEqual([]);
  });

  it("removes what nobody else needs, and only that", async () => {
    const { api, layout, engine } = await openWorld();
    const base = { "bin/a": "shared" };
    const one = layout.build({ layers: [base] });
    const two = layout.build({ layers: [base, { "etc/c": "own" }] });
    layout.name("one", one.manifest);
    layout.name("two", two.manifest);
    await pull(api, "one");
    await pull(api, "two");
    await api.call("POST", "/images/two/tag?repo=alias");
    expect((await api.call("DELETE", "/images/alias")).json).toEqual([
      { Untagged: "alias:latest" },
    ]);
    expect((await api.call("DELETE", "/images/two")).json).toEqual([
      { Untagged: "two:latest" },
      { Untagged: `two@${two.manifest.digest}` },
      { Deleted: two.config.digest },
      { Deleted: digestOf(encodeUtf8(two.diffIDs.join(" "))) },
    ]);
    expect((await engine.snapshots.layers()).map((layer) => layer.diffID)).toEqual(one.diffIDs);
    await api.call("DELETE", `/images/${short(one.config.digest)}`);
    expect(await engine.snapshots.layers()).toEqual([]);
    expect(await engine.content.list()).toEqual([]);
  });

  it("refuses to remove what containers use, in Docker's words", async () => {
    const { api, layout } = await openWorld();
    const image = twoLayers(layout);
    await pull(api, "app");
    const { Id: id } = (
      await api.call("POST", "/containers/create", { body: { Image: "app", Cmd: ["sleep", "9"] } })
    ).json as { Id: string };
    const [container, imageID] = [id.slice(0, 12), short(image.config.digest)];
    expect(await api.call("DELETE", "/images/app")).toMatchObject({
      status: 409,
      json: {
        message:
          `conflict: unable to remove repository reference "app" (must force) - container ${container} ` +
          `is using its referenced image ${imageID}`,
      },
    });
    await api.call("POST", `/containers/${id}/start`);
    expect(await api.call("DELETE", `/images/${imageID}?force=1`)).toMatchObject({
      status: 409,
      json: {
        message: `conflict: unable to delete ${imageID} (cannot be forced) - image is being used by running container ${container}`,
      },
    });
    await api.call("DELETE", `/containers/${id}?force=1`);
    expect(await api.call("DELETE", "/images/app")).toMatchObject({ status: 200 });
  });

  it("prunes dangling images, or all that are unused", async () => {
    const { api, layout, engine } = await openWorld();
    const old = twoLayers(layout, "moving");
    await pull(api, "moving");
    const fresh = layout.build({ layers: [{ z: "new" }] });
    layout.name("moving", fresh.manifest);
    await pull(api, "moving");
    await api.call("DELETE", `/images/moving@${old.manifest.digest}`);
    expect(engine.images.byId(old.config.digest)).toBeUndefined();
    const pruned = await api.call(
      "POST",
      `/images/prune?filters=${encodeURIComponent('{"dangling":["false"]}')}`,
    );
    expect(pruned.json).toMatchObject({
      SpaceReclaimed: 3,
      ImagesDeleted: expect.arrayContaining([{ Deleted: fresh.config.digest }]) as unknown,
    });
    expect(engine.images.all()).toEqual([]);
  });
});
