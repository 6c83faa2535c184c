/**
 * What the server says about itself in slipway.json: its mirrors and its proxy, so that a page served
 * by `slipway serve` works without a setting. A static host needs no such file.
 */
import type { EngineDefaults } from "../../runtime/client/worker-protocol.ts";

const NONE: EngineDefaults = { mirrors: [], proxy: "" };
/** The page must open without a network: waiting longer for a configuration helps nobody. */
const TIMEOUT_MS = 3000;

export async function readPageConfiguration(base: string): Promise<EngineDefaults> {
  const address = new URL("slipway.json", base);
  const response = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => undefined);
  if (response?.ok !== true || response.headers.get("content-type")?.includes("json") !== true) return NONE;
  const fields: unknown = await response.json().catch(() => undefined);
  return parseConfiguration(fields, base);
}

/** Relative addresses are the server's own. */
export function parseConfiguration(fields: unknown, base: string): EngineDefaults {
  if (typeof fields !== "object" || fields === null) return NONE;
  const { mirrors, proxy } = fields as Readonly<Record<string, unknown>>; // An object, checked above.
  const absolute = (text: unknown): string[] =>
    typeof text === "string" && text !== "" && URL.canParse(text, base) ? [new URL(text, base).href] : [];
  return {
    mirrors: Array.isArray(mirrors) ? mirrors.flatMap(absolute) : [],
    proxy: absolute(proxy)[0] ?? "",
  };
}
