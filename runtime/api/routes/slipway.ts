/** What is not part of Docker's API: Slipway's own settings and state, under /slipway/. */
import { fail } from "../../../layers/base/errors.ts";
import type { Route } from "../call.ts";
import { readJsonBody } from "../call.ts";
import { jsonReply } from "../replies.ts";

const settingsRead: Route = async ({ engine }) => jsonReply(200, engine.settings());

const settingsWrite: Route = async (call) => {
  const body = await readJsonBody(call);
  if (body === undefined) throw fail("invalidParameter", "invalid JSON: got EOF while reading request body");
  return jsonReply(200, await call.engine.updateSettings(body));
};

/** What a page wants to show about the machine it runs on: which backends, and why one does not work. */
const status: Route = async ({ engine }) => {
  const usage = await engine.storage.usage();
  return jsonReply(200, {
    version: engine.host.version,
    backends: engine.backends.map((backend) => ({
      name: backend.name,
      platforms: backend.platforms,
      unavailable: backend.unavailable() ?? null,
    })),
    storage: { usageBytes: usage.usageBytes, quotaBytes: usage.quotaBytes ?? null },
  });
};

const EXTENSIONS: Readonly<Record<string, Route>> = {
  "GET /slipway/settings": settingsRead,
  "PUT /slipway/settings": settingsWrite,
  "GET /slipway/status": status,
};

export function extensionOf(method: string, path: string): Route | undefined {
  return EXTENSIONS[`${method} ${path}`];
}
