/**
 * The Engine API as a function from request to reply: version, route, error. Everything a carrier
 * (HTTP socket, message port, test) has to know is in handler.ts.
 */
import { fail } from "../../layers/base/errors.ts";
import type { Engine } from "../engine/engine.ts";
import { Query } from "./call.ts";
import { Client } from "./client.ts";
import { errorReply } from "./errors.ts";
import type { ApiHandler, ApiReply, ApiRequest } from "./handler.ts";
import type { OperationRow } from "./operations.ts";
import { OPERATIONS } from "./operations.ts";
import { Router } from "./router.ts";
import { routeOf } from "./routes/index.ts";
import { extensionOf } from "./routes/slipway.ts";
import { API_VERSION, API_VERSION_MIN } from "./schema/types.ts";

const router = new Router<OperationRow>(OPERATIONS);

export function createApiHandler(engine: Engine): ApiHandler {
  const headers = {
    "api-version": API_VERSION,
    "docker-experimental": "false",
    ostype: "linux",
    server: `Slipway/${engine.host.version} (linux)`,
  };
  return async (request) => {
    const reply = await answer(engine, request).catch(errorReply);
    return { ...reply, headers: { ...headers, ...reply.headers } };
  };
}

async function answer(engine: Engine, request: ApiRequest): Promise<ApiReply> {
  const question = request.target.indexOf("?");
  const whole = question < 0 ? request.target : request.target.slice(0, question);
  const query = new Query(question < 0 ? "" : request.target.slice(question + 1));
  const { version, path } = splitVersion(whole);
  const client = new Client(request.signal);
  const extension = extensionOf(request.method, path);
  if (extension !== undefined)
    return extension({ engine, request, client, params: {}, query, version: minorOf(API_VERSION) });
  const match = router.match(request.method, path);
  if (match === undefined) throw fail("notFound", "page not found");
  requireSupported(version);
  const call = { engine, request, client, params: match.params, query, version: minorOf(version) };
  const route = routeOf(match.row.id);
  if (route === undefined) throw fail("notImplemented", `${match.row.id} is not implemented by Slipway yet`);
  return route(call);
}

/** "/v1.47/info" → 1.47 and "/info"; without a version the newest. */
function splitVersion(path: string): { readonly version: string; readonly path: string } {
  const match = /^\/v(\d+\.\d+)(\/.*)$/.exec(path);
  return match === null ? { version: API_VERSION, path } : { version: match[1] ?? "", path: match[2] ?? "" };
}

function requireSupported(version: string): void {
  if (compareVersions(version, API_VERSION_MIN) < 0) {
    throw fail(
      "invalidParameter",
      `client version ${version} is too old. Minimum supported API version is ${API_VERSION_MIN}, ` +
        "please upgrade your client to a newer version",
    );
  }
  if (compareVersions(version, API_VERSION) > 0) {
    throw fail(
      "invalidParameter",
      `client version ${version} is too new. Maximum supported API version is ${API_VERSION}`,
    );
  }
}

function compareVersions(left: string, right: string): number {
  const [leftMajor = 0, leftMinor = 0] = left.split(".").map(Number);
  const [rightMajor = 0, rightMinor = 0] = right.split(".").map(Number);
  return leftMajor - rightMajor || leftMinor - rightMinor;
}

function minorOf(version: string): number {
  return Number(version.split(".")[1] ?? 0);
}
