/** Containers' files: copy in and out, changes, export. */
import { encodeUtf8 } from "../../../layers/base/bytes.ts";
import { fail } from "../../../layers/base/errors.ts";
import type { PathInfo } from "../../engine/containers/files.ts";
import {
  containerChanges as changesOf,
  exportContainer,
  readArchive,
  statPath,
  writeArchive,
} from "../../engine/containers/files.ts";
import { formatTime } from "../../engine/time.ts";
import type { ApiCall, Route } from "../call.ts";
import { param } from "../call.ts";
import type { ApiReply } from "../handler.ts";
import { emptyReply, jsonReply, streamReply } from "../replies.ts";

export const containerArchiveInfo: Route = async (call): Promise<ApiReply> => {
  const info = await statPath(call.engine, param(call, "id"), requirePath(call));
  return { ...emptyReply(200), headers: statHeader(info) };
};

export const containerArchive: Route = async (call): Promise<ApiReply> => {
  const { info, archive } = await readArchive(call.engine, param(call, "id"), requirePath(call));
  const reply = streamReply("application/x-tar", archive);
  return { ...reply, headers: { ...reply.headers, ...statHeader(info) } };
};

export const putContainerArchive: Route = async (call) => {
  const options = { noOverwriteDirNonDir: call.query.boolean("noOverwriteDirNonDir") };
  await writeArchive(call.engine, param(call, "id"), requirePath(call), call.request.body, options);
  return emptyReply(200);
};

function requirePath(call: ApiCall): string {
  const path = call.query.text("path");
  if (path === "") throw fail("invalidParameter", "bad parameter: path cannot be empty");
  return path.startsWith("/") ? path : `/${path}`;
}

function statHeader(info: PathInfo): Readonly<Record<string, string>> {
  const { name, sizeBytes: size, mode, mtimeNs, linkTarget } = info;
  const bytes = encodeUtf8(JSON.stringify({ name, size, mode, mtime: formatTime(mtimeNs), linkTarget }));
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return { "x-docker-container-path-stat": btoa(binary) };
}

export const containerChanges: Route = async (call) => {
  const changes = await changesOf(call.engine, param(call, "id"));
  const listed = changes.map((change) => ({ Path: change.path, Kind: change.kind }));
  return jsonReply(200, listed.length === 0 ? null : listed);
};

export const containerExport: Route = async (call) =>
  streamReply("application/octet-stream", await exportContainer(call.engine, param(call, "id")));
