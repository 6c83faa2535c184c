/**
 * The settings dialog's model: what the engine and the client keep, as the text of a form, and back
 * again with every field checked before anything is saved.
 */
import type { Settings } from "../../runtime/client/settings.ts";
import type { Slipway } from "../../runtime/client/slipway.ts";
import { messageOf } from "./messages.ts";
import type { Loadable } from "./store.ts";
import { LOADING, Store } from "./store.ts";

export interface SettingsForm {
  /** One address a line. */
  readonly mirrors: string;
  readonly proxy: string;
  /** Domains of registries without TLS, one a line. */
  readonly insecureRegistries: string;
  /** Registries with stored credentials. */
  readonly logins: readonly string[];
}

export type FormField = "mirrors" | "proxy" | "insecureRegistries";
/** By field; empty when all is well. */
export type FormErrors = Partial<Record<FormField, string>>;

const DOMAIN = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/i;

const linesOf = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

/** The address made absolute, or undefined when it is none; paths are of this site. */
function addressOf(text: string, base: string): string | undefined {
  const isPath = text.startsWith("/") || text.startsWith("./");
  if (!isPath && !URL.canParse(text)) return undefined;
  const url = new URL(text, base);
  return ["http:", "https:"].includes(url.protocol) ? url.href : undefined;
}

/** The settings that the form's text means. Preconditions: `base` is the page's own address. */
export function parseSettings(
  form: Pick<SettingsForm, FormField>,
  base: string,
): { settings: Settings; errors: FormErrors } {
  const errors: FormErrors = {};
  const complaint = (text: string): string =>
    `“${text}” is not an http(s) address or a path of this site`;
  const mirrors: string[] = [];
  for (const line of linesOf(form.mirrors)) {
    const address = addressOf(line, base);
    if (address === undefined) errors.mirrors = complaint(line);
    else mirrors.push(address);
  }
  const proxyText = form.proxy.trim();
  const proxy = proxyText === "" ? "" : addressOf(proxyText, base);
  if (proxy === undefined) errors.proxy = complaint(proxyText);
  const insecureRegistries = linesOf(form.insecureRegistries);
  const badDomain = insecureRegistries.find((domain) => !DOMAIN.test(domain));
  if (badDomain !== undefined)
    errors.insecureRegistries = `“${badDomain}” is not a registry's domain, such as localhost:5000`;
  return { settings: { mirrors, proxy: proxy ?? "", insecureRegistries }, errors };
}

export function formOf(settings: Settings, logins: readonly string[]): SettingsForm {
  const { mirrors, proxy, insecureRegistries } = settings;
  return {
    mirrors: mirrors.join("\n"),
    proxy,
    insecureRegistries: insecureRegistries.join("\n"),
    logins,
  };
}

export class SettingsState {
  readonly form = new Store<Loadable<SettingsForm>>(LOADING);
  readonly #slipway: Slipway;

  constructor(slipway: Slipway) {
    this.#slipway = slipway;
  }

  async load(): Promise<void> {
    this.form.set(LOADING);
    try {
      const [settings, config] = await Promise.all([
        this.#slipway.settings.read(),
        this.#slipway.credentials.read(),
      ]);
      this.form.set({ kind: "ready", value: formOf(settings, Object.keys(config.auths ?? {})) });
    } catch (thrown) {
      this.form.set({ kind: "failed", message: messageOf(thrown) });
    }
  }

  /** The sentence to show when it could not be saved. */
  async save(settings: Settings): Promise<string | undefined> {
    try {
      await this.#slipway.settings.write(settings);
      return undefined;
    } catch (thrown) {
      return messageOf(thrown);
    }
  }

  /** Checks with the registry, as `docker login` does, then keeps the credentials. */
  async login(registry: string, username: string, password: string): Promise<string | undefined> {
    try {
      const auth = { username, password, serveraddress: registry };
      const answer = await this.#slipway.engine.system.systemAuth(auth);
      const token = answer.IdentityToken;
      await this.#slipway.credentials.login(
        registry,
        token === undefined || token === "" ? auth : { ...auth, identitytoken: token },
      );
      await this.load();
      return undefined;
    } catch (thrown) {
      return messageOf(thrown);
    }
  }

  async logout(registry: string): Promise<void> {
    await this.#slipway.credentials.logout(registry);
    await this.load();
  }
}
