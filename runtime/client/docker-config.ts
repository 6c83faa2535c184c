/**
 * The client's configuration, as ~/.docker/config.json holds it: credentials per registry and the
 * preferred formats. It lives in a small asynchronous key-value store that the composition root
 * provides (idb-keyval in the page, memory in tests). Unknown keys are kept.
 */
import { encodeUtf8 } from "../../layers/base/bytes.ts";
import { fail } from "../../layers/base/errors.ts";
import type { RegistryAuth } from "./registry-auth.ts";
import { fromBase64, toBase64 } from "./registry-auth.ts";

/** Text under a name. */
export interface KeyValue {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
}

interface AuthEntry {
  readonly auth?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/** The keys that this client reads (docker/cli: cli/config/configfile/file.go). */
export interface DockerConfig {
  readonly auths?: Readonly<Record<string, AuthEntry>>;
  readonly detachKeys?: string;
  readonly psFormat?: string;
  readonly imagesFormat?: string;
  readonly HttpHeaders?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

export const CONFIG_KEY = "docker/config.json";
/** How config.json names Docker Hub, for ever. */
export const HUB_INDEX = "https://index.docker.io/v1/";

/** Nothing is kept longer than the object. */
export class MemoryKeyValue implements KeyValue {
  readonly #values = new Map<string, string>();

  async get(key: string): Promise<string | undefined> {
    return this.#values.get(key);
  }

  async set(key: string, value: string): Promise<void> {
    this.#values.set(key, value);
  }

  async delete(key: string): Promise<void> {
    this.#values.delete(key);
  }
}

export class DockerConfigStore {
  readonly #values: KeyValue;

  constructor(values: KeyValue) {
    this.#values = values;
  }

  async read(): Promise<DockerConfig> {
    const text = await this.#values.get(CONFIG_KEY);
    if (text === undefined || text.trim() === "") return {};
    try {
      const parsed: unknown = JSON.parse(text);
      if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed))
        return parsed as DockerConfig;
    } catch (thrown) {
      throw fail("invalidParameter", "the docker configuration is not JSON", { cause: thrown });
    }
    throw fail("invalidParameter", "the docker configuration is not a JSON object");
  }

  async write(config: DockerConfig): Promise<void> {
    await this.#values.set(CONFIG_KEY, JSON.stringify(config, null, "\t"));
  }

  /** The credentials for `registry` ("docker.io", "127.0.0.1:5000"), when there are any. */
  async authFor(registry: string): Promise<RegistryAuth | undefined> {
    const key = authKey(registry);
    const auths = (await this.read()).auths ?? {};
    const entry = auths[key] ?? Object.entries(auths).find(([name]) => hostOf(name) === hostOf(key))?.[1];
    return entry === undefined ? undefined : decodeEntry(entry, key);
  }

  async login(registry: string, auth: RegistryAuth): Promise<void> {
    const config = await this.read();
    const entry: AuthEntry =
      auth.identitytoken !== undefined && auth.identitytoken !== ""
        ? { auth: toBase64(encodeUtf8(`${auth.username ?? ""}:`)), identitytoken: auth.identitytoken }
        : { auth: toBase64(encodeUtf8(`${auth.username ?? ""}:${auth.password ?? ""}`)) };
    await this.write({ ...config, auths: { ...config.auths, [authKey(registry)]: entry } });
  }

  /** Whether there were credentials to forget. */
  async logout(registry: string): Promise<boolean> {
    const config = await this.read();
    const kept = { ...config.auths };
    const names = Object.keys(kept).filter(
      (name) => name === authKey(registry) || name === registry || hostOf(name) === hostOf(registry),
    );
    for (const name of names) Reflect.deleteProperty(kept, name);
    if (names.length > 0) await this.write({ ...config, auths: kept });
    return names.length > 0;
  }
}

/** The key of `auths` for a registry: Docker Hub's is its old index address. */
export function authKey(registry: string): string {
  return ["docker.io", "index.docker.io", "registry-1.docker.io"].includes(registry) ? HUB_INDEX : registry;
}

function hostOf(name: string): string {
  return name.replace(/^https?:\/\//, "").split("/")[0] ?? name;
}

function decodeEntry(entry: AuthEntry, serveraddress: string): RegistryAuth {
  const text = entry.auth === undefined ? "" : fromBase64(entry.auth);
  const colon = text.indexOf(":");
  const username = colon < 0 ? text : text.slice(0, colon);
  const password = colon < 0 ? "" : text.slice(colon + 1).replace(/\0+$/, "");
  return {
    ...(username === "" ? {} : { username }),
    ...(password === "" ? {} : { password }),
    ...(entry.identitytoken === undefined ? {} : { identitytoken: entry.identitytoken }),
    ...(entry.registrytoken === undefined ? {} : { registrytoken: entry.registrytoken }),
    serveraddress,
  };
}
