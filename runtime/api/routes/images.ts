/** Images: pull, list, inspect, history, tag, delete, push, prune, one function per operation. */
import { decodeUtf8 } from "../../../layers/base/bytes.ts";
import { fail } from "../../../layers/base/errors.ts";
import type { ContainerConfig } from "../../engine/containers/config.ts";
import { commitContainer } from "../../engine/images/commit.ts";
import { deleteImage } from "../../engine/images/delete.ts";
import { imageHistory as readHistory } from "../../engine/images/history.ts";
import { listImages } from "../../engine/images/list.ts";
import { pruneImages } from "../../engine/images/prune.ts";
import { pullImage } from "../../engine/images/pull.ts";
import { pushImage } from "../../engine/images/push.ts";
import type { Credentials } from "../../engine/images/requests.ts";
import {
  readNewName,
  readPlatform,
  readPullReference,
  readPushReference,
  requirePlatforms,
} from "../../engine/images/requests.ts";
import { tagImage } from "../../engine/images/tag.ts";
import { timeNs, unixSeconds } from "../../engine/time.ts";
import type { ApiCall, Route } from "../call.ts";
import { param, readJsonBody } from "../call.ts";
import { CONFIG } from "../go/container-structs.ts";
import { decodeStruct } from "../go/go-json.ts";
import { imageInspect, imageSummaries } from "../image-json.ts";
import { emptyReply, jsonLinesReply, jsonReply } from "../replies.ts";

export const imageCreate: Route = async (call) => {
  const { engine, query } = call;
  const from = query.text("fromImage");
  if (from === "") throw fail("notImplemented", "importing an image is not implemented by Slipway yet");
  const messages = await pullImage(engine, {
    reference: readPullReference(from, query.text("tag")),
    platform: readPlatform(query.text("platform")),
    credentials: credentialsOf(call),
    signal: call.client.signal,
  });
  return jsonLinesReply(call.client, messages);
};

/** X-Registry-Auth: JSON in base64url. What cannot be read counts as absent, as in moby. */
function credentialsOf(call: ApiCall): Credentials | undefined {
  const header = call.request.headers["x-registry-auth"];
  if (header === undefined || header === "") return undefined;
  const fields = parseAuth(header);
  const text = (name: string): string => (typeof fields[name] === "string" ? fields[name] : "");
  const credentials = {
    username: text("username"),
    password: text("password"),
    identityToken: text("identitytoken") || undefined,
    registryToken: text("registrytoken") || undefined,
  };
  const isEmpty = credentials.username === "" && !credentials.identityToken && !credentials.registryToken;
  return isEmpty ? undefined : credentials;
}

function parseAuth(header: string): Readonly<Record<string, unknown>> {
  try {
    const binary = atob(header.replace(/-/g, "+").replace(/_/g, "/"));
    const value: unknown = JSON.parse(
      decodeUtf8(Uint8Array.from(binary, (character) => character.charCodeAt(0))),
    );
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {}; // An object.
  } catch {
    return {}; // Not readable: as if there were none.
  }
}

export const imageList: Route = async ({ engine, query }) => {
  const options = { hasSharedSize: query.boolean("shared-size"), hasManifests: query.boolean("manifests") };
  return jsonReply(200, await imageSummaries(engine, listImages(engine, query.filters()), options));
};

export const imageInspectRoute: Route = async (call) => {
  const image = call.engine.images.get(param(call, "name"));
  return jsonReply(200, await imageInspect(call.engine, image, call.version));
};

export const imageHistory: Route = async (call) => {
  const steps = await readHistory(call.engine, param(call, "name"));
  return jsonReply(
    200,
    steps.map((step) => ({
      Comment: step.comment,
      Created: unixSeconds(timeNs(step.created)),
      CreatedBy: step.createdBy,
      Id: step.id,
      Size: step.sizeBytes,
      Tags: step.tags,
    })),
  );
};

export const imageTag: Route = async (call) => {
  await tagImage(call.engine, param(call, "name"), {
    repository: call.query.text("repo"),
    tag: call.query.text("tag"),
  });
  return emptyReply(201);
};

export const imageCommit: Route = async (call) => {
  const { engine, query } = call;
  const body = await readJsonBody(call);
  const config = body === undefined || body === null ? undefined : decodeStruct(CONFIG, body);
  const id = await commitContainer(engine, {
    container: query.text("container"),
    reference: readNewName(query.text("repo"), query.text("tag")),
    author: query.text("author"),
    comment: query.text("comment"),
    config: config as ContainerConfig | undefined, // decodeStruct gave every field its type.
    changes: query.all("changes"),
    isPausing: query.text("pause") === "" || query.boolean("pause"),
  });
  return jsonReply(201, { Id: id });
};

export const imageDelete: Route = async (call) => {
  const name = param(call, "name");
  if (name.trim() === "") throw fail("invalidParameter", "image name cannot be blank");
  if (call.version >= 50) requirePlatforms(call.engine, name, call.query.all("platforms"));
  return jsonReply(200, await deleteImage(call.engine, name, { force: call.query.boolean("force") }));
};

export const imagePrune: Route = async ({ engine, query }) => {
  const result = await pruneImages(engine, query.filters());
  return jsonReply(200, {
    ImagesDeleted: result.deleted.length === 0 ? null : result.deleted,
    SpaceReclaimed: result.reclaimedBytes,
  });
};

export const imagePush: Route = async (call) => {
  const messages = await pushImage(call.engine, {
    reference: readPushReference(param(call, "name"), call.query.text("tag")),
    credentials: credentialsOf(call),
    signal: call.client.signal,
  });
  return jsonLinesReply(call.client, messages);
};
