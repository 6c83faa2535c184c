/** Images as the API prints them: the element of `docker images` and the whole of `docker inspect`. */
import type { Engine } from "../engine/engine.ts";
import type { ImageRecord } from "../engine/images/image-record.ts";
import { shownNames } from "../engine/images/requests.ts";
import type { ListedImage } from "../engine/images/list.ts";
import { timeNs, unixSeconds } from "../engine/time.ts";
import { STORAGE_DRIVER } from "./container-json.ts";
import { CONFIG, IMAGE_CONFIG } from "./go/container-structs.ts";
import { encodeStruct } from "./go/go-json.ts";

/** "Not computed", as dockerd says it. */
const UNKNOWN = -1;

export async function imageSummaries(
  engine: Engine,
  listed: readonly ListedImage[],
  options: { readonly hasSharedSize: boolean },
): Promise<readonly object[]> {
  const shared = options.hasSharedSize ? await sharedSizes(engine) : undefined;
  return listed.map(({ image, tags, digests }) => ({
    Id: image.id,
    ParentId: "",
    RepoTags: tags,
    RepoDigests: digests,
    Created: unixSeconds(timeNs(image.created)),
    Size: image.sizeBytes,
    SharedSize: shared?.get(image.id) ?? UNKNOWN,
    Labels: image.config.Labels,
    Containers: UNKNOWN,
  }));
}

/** Bytes of each image's layers that another image has too. */
export async function sharedSizes(engine: Engine): Promise<ReadonlyMap<string, number>> {
  const users = new Map<string, number>();
  for (const image of engine.images.all()) {
    for (const diffID of new Set(image.diffIDs)) users.set(diffID, (users.get(diffID) ?? 0) + 1);
  }
  const sizes = new Map<string, number>();
  for (const image of engine.images.all()) {
    let sizeBytes = 0;
    for (const diffID of new Set(image.diffIDs)) {
      if ((users.get(diffID) ?? 0) > 1) sizeBytes += (await engine.snapshots.layer(diffID))?.sizeBytes ?? 0;
    }
    sizes.set(image.id, sizeBytes);
  }
  return sizes;
}

export async function imageInspect(engine: Engine, image: ImageRecord, version: number): Promise<object> {
  const names = shownNames(engine, image);
  const lastComment = image.history.at(-1)?.comment ?? "";
  return {
    Id: image.id,
    RepoTags: names.tags,
    RepoDigests: names.digests,
    Parent: "",
    Comment: image.comment === "" ? lastComment : image.comment,
    Created: image.created,
    DockerVersion: "",
    Author: image.author,
    // Until 1.50 the config was a container's, empty fields and all.
    Config: encodeStruct(version >= 50 ? IMAGE_CONFIG : CONFIG, { ...image.config }),
    Architecture: image.architecture,
    ...(image.variant === "" ? {} : { Variant: image.variant }),
    Os: image.os,
    Size: image.sizeBytes,
    ...(version < 44 ? { VirtualSize: image.sizeBytes } : {}),
    GraphDriver: { Data: { Layers: image.diffIDs.join(",") }, Name: STORAGE_DRIVER },
    RootFS: { Type: "layers", ...(image.diffIDs.length === 0 ? {} : { Layers: image.diffIDs }) },
    Metadata: { LastTagTime: image.lastTagTime },
    ...(version < 48 ? {} : { Descriptor: image.manifest }),
  };
}
