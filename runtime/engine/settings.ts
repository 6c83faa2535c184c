/**
 * Settings a person can change while the engine runs: where images come from. Kept in the storage;
 * whoever composed the engine hears of changes and hands them to the registry client.
 */
import { fail } from "../../layers/base/errors.ts";

export interface EngineSettings {
  /** Static mirrors (OCI layouts on a web host), asked in order. */
  readonly mirrors: readonly string[];
  /** The CORS proxy, or "" for none. */
  readonly proxy: string;
  /** Registries spoken to over plain HTTP. */
  readonly insecureRegistries: readonly string[];
  /** Credentials are not here: they come with each request, as the docker command keeps them. */
}

export const SETTINGS_KEY = "engine/settings";
export const EMPTY_SETTINGS: EngineSettings = { mirrors: [], proxy: "", insecureRegistries: [] };

/** More are a mistake, not a need. */
const LIST_LENGTH_MAX = 100;

/** Settings out of what somebody sent; fields that are absent keep their value in `before`. */
export function readSettings(value: unknown, before: EngineSettings): EngineSettings {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw fail("invalidParameter", "settings must be a JSON object");
  }
  const fields = value as Readonly<Record<string, unknown>>; // An object, checked above.
  for (const name of Object.keys(fields)) {
    if (!(name in EMPTY_SETTINGS)) throw fail("invalidParameter", `unknown setting "${name}"`);
  }
  return {
    mirrors: readUrls(fields["mirrors"], "mirrors", before.mirrors),
    proxy: readProxy(fields["proxy"], before.proxy),
    insecureRegistries: readList(
      fields["insecureRegistries"],
      "insecureRegistries",
      before.insecureRegistries,
    ),
  };
}

function readList(value: unknown, name: string, before: readonly string[]): readonly string[] {
  if (value === undefined) return before;
  const isList =
    Array.isArray(value) &&
    value.length <= LIST_LENGTH_MAX &&
    value.every((item) => typeof item === "string");
  if (!isList) throw fail("invalidParameter", `setting "${name}" must be a list of strings`);
  return value;
}

function readUrls(value: unknown, name: string, before: readonly string[]): readonly string[] {
  const list = readList(value, name, before);
  for (const item of list) requireUrl(item, name);
  return list;
}

function readProxy(value: unknown, before: string): string {
  if (value === undefined) return before;
  if (typeof value !== "string") throw fail("invalidParameter", `setting "proxy" must be a string`);
  if (value !== "") requireUrl(value, "proxy");
  return value;
}

function requireUrl(text: string, name: string): void {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw fail("invalidParameter", `setting "${name}": "${text}" is not an http or https URL`);
  }
}
