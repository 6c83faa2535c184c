/**
 * One request on its way through a route: the engine, the parameters of path and query, the version
 * the client speaks, and the body under limits.
 */
import { decodeUtf8 } from "../../layers/base/bytes.ts";
import { fail, messageOf } from "../../layers/base/errors.ts";
import { collectBytes } from "../../layers/base/streams.ts";
import type { Engine } from "../engine/engine.ts";
import { Filters } from "../engine/filters.ts";
import type { Client } from "./client.ts";
import type { ApiReply, ApiRequest } from "./handler.ts";

/** A JSON body is a configuration; seccomp profiles are the largest (moby: 4 MiB for headers and form). */
const BODY_BYTES_MAX = 4 * 1024 * 1024;

export interface ApiCall {
  readonly engine: Engine;
  readonly request: ApiRequest;
  /** Whether anybody still listens; its `stream` makes bodies that notice. */
  readonly client: Client;
  /** Parameters in the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  /** The minor number of the version: 50 for v1.50. */
  readonly version: number;
}

export type Route = (call: ApiCall) => Promise<ApiReply>;

/** A parameter the route's path declares. */
export function param(call: ApiCall, name: string): string {
  return call.params[name] ?? "";
}

export class Query {
  readonly #values: URLSearchParams;

  constructor(text: string) {
    this.#values = new URLSearchParams(text);
  }

  text(name: string): string {
    return this.#values.get(name) ?? "";
  }

  all(name: string): readonly string[] {
    return this.#values.getAll(name);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** moby's BoolValue: everything but a few words for no is yes. */
  boolean(name: string, otherwise = false): boolean {
    if (!this.#values.has(name)) return otherwise;
    return !["", "0", "no", "false", "none"].includes(this.text(name).trim().toLowerCase());
  }

  /** A whole number; undefined when absent or empty. `invalidParameter` in Go's words. */
  integer(name: string): number | undefined {
    const text = this.text(name);
    if (text === "") return undefined;
    if (/^[+-]?\d{1,15}$/.test(text)) return Number(text);
    throw fail("invalidParameter", `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  }

  /** `{"key": ["value"]}` or, from old clients, `{"key": {"value": true}}`. */
  filters(name = "filters"): Filters {
    const text = this.text(name);
    if (text === "") return new Filters();
    const parsed = parseJson(text);
    const fields = parsed === undefined ? undefined : readFilters(parsed);
    if (fields === undefined) throw fail("invalidParameter", "invalid filter");
    return new Filters(fields);
  }
}

function readFilters(value: unknown): ReadonlyMap<string, readonly string[]> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const fields = new Map<string, readonly string[]>();
  for (const [key, item] of Object.entries(value as Record<string, unknown>)) {
    if (Array.isArray(item) && item.every((entry) => typeof entry === "string")) fields.set(key, item);
    else if (typeof item === "object" && item !== null) {
      const entries = Object.entries(item as Record<string, unknown>);
      if (!entries.every(([, isSet]) => typeof isSet === "boolean")) return undefined;
      fields.set(key, entries.filter(([, isSet]) => isSet === true).map(([entry]) => entry));
    } else return undefined;
  }
  return fields;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The caller says "invalid filter", as moby does, without Go's reason.
  }
}

/**
 * The JSON body, or undefined when there is none.
 * @throws SlipwayError `invalidParameter` for a wrong Content-Type or malformed JSON, in moby's words.
 */
export async function readJsonBody(call: ApiCall): Promise<unknown> {
  const bytes = await collectBytes(call.request.body, BODY_BYTES_MAX);
  requireJsonType(call.request.headers["content-type"] ?? "", bytes.length);
  if (bytes.length === 0) return undefined;
  const text = decodeUtf8(bytes);
  if (text.trim() === "") throw fail("invalidParameter", "invalid JSON: got EOF while reading request body");
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw fail("invalidParameter", `invalid JSON: ${goJsonError(text, messageOf(thrown))}`, { cause: thrown });
  }
}

function requireJsonType(header: string, sizeBytes: number): void {
  if (header === "" && sizeBytes === 0) return;
  const type = header.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (type === "application/json") return;
  if (!/^[\w.+-]+\/[\w.+-]+$/.test(type)) {
    throw fail("invalidParameter", `malformed Content-Type header (${header}): mime: no media type`);
  }
  throw fail("invalidParameter", `unsupported Content-Type header (${header}): must be 'application/json'`);
}

/** Go's two commonest complaints; anything else in the platform's own words. */
function goJsonError(text: string, reason: string): string {
  const position = Number(/position (\d+)/.exec(reason)?.[1] ?? -1);
  if (/end of (JSON )?(data|input)|Unterminated/i.test(reason) || position >= text.length) return "unexpected EOF";
  const character = text[position];
  if (character === undefined) return reason;
  return `invalid character ${quoted(character)} looking for beginning of value`;
}

function quoted(character: string): string {
  return character === "'" ? "'\\''" : `'${character}'`;
}
