/**
 * The settings dialog: where images come from, and who you are to a registry. Two forms, each saved by
 * itself; every field is explained, and checked before it is sent. Renders only.
 */
import { LitElement, css, html, nothing } from "lit";
import type { TemplateResult } from "lit";
import { formText } from "../components/form-text.ts";
import type { Loadable } from "../state/store.ts";
import type { FormErrors, FormField, SettingsForm } from "../state/settings.ts";
import { shared } from "../styles/shared.ts";

export class SlipSettings extends LitElement {
  static override properties = {
    form: { attribute: false },
    errors: { attribute: false },
    saved: { type: String },
    loginResult: { attribute: false },
  };
  static override styles = [
    shared,
    css`
      dialog {
        width: min(40rem, calc(100vw - 2rem));
        max-height: calc(100dvh - 2rem);
        padding: 0;
        border: 1px solid var(--line-strong);
        border-radius: 5px;
        background: var(--surface);
        color: var(--ink);
        box-shadow: var(--shadow);
        overflow: auto;
      }
      dialog::backdrop {
        background: rgb(5 14 18 / 0.5);
      }
      header {
        position: sticky;
        top: 0;
        z-index: 1;
        display: flex;
        align-items: center;
        padding: var(--space-3) var(--space-5);
        background: var(--surface);
        border-block-end: 1px solid var(--line);
      }
      h2 {
        flex: 1;
        font-size: var(--text-xl);
        font-weight: 600;
      }
      h3 {
        font-size: var(--text-l);
        font-weight: 600;
      }
      form,
      section {
        display: grid;
        gap: var(--space-4);
        padding: var(--space-5);
        border-block-end: 1px solid var(--line);
      }
      .field {
        display: grid;
        gap: var(--space-1);
      }
      .row {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-2);
        align-items: center;
      }
      .login {
        display: grid;
        gap: var(--space-3);
        grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr));
        align-items: end;
      }
      .login button {
        justify-self: start;
      }
      li {
        display: flex;
        align-items: center;
        gap: var(--space-3);
        min-height: var(--control);
      }
      li code {
        flex: 1;
        overflow-wrap: anywhere;
      }
    `,
  ];
  declare form: Loadable<SettingsForm>;
  declare errors: FormErrors;
  /** The sentence about the last save, good or bad; "" before there was one. */
  declare saved: string;
  declare loginResult: { readonly isError: boolean; readonly text: string } | undefined;

  constructor() {
    super();
    this.form = { kind: "loading" };
    this.errors = {};
    this.saved = "";
    this.loginResult = undefined;
  }

  show(): void {
    this.renderRoot.querySelector("dialog")?.showModal();
  }

  close(): void {
    this.renderRoot.querySelector("dialog")?.close();
  }

  override render(): TemplateResult {
    const { form } = this;
    return html`<dialog aria-labelledby="title">
      <header>
        <h2 id="title">Settings</h2>
        <button class="quiet icon" aria-label="Close the settings" @click=${() => this.close()}>
          <slip-icon name="close"></slip-icon>
        </button>
      </header>
      <slip-view
        state=${form.kind}
        label="settings"
        message=${form.kind === "failed" ? form.message : ""}
      >
        ${form.kind === "ready" ? html`${this.#sources(form.value)}${this.#logins(form.value)}` : nothing}
      </slip-view>
    </dialog>`;
  }

  #sources(form: SettingsForm): TemplateResult {
    return html`<form @submit=${this.#save} novalidate>
      <h3>Where images come from</h3>
      ${this.#field(
        "mirrors",
        "Static mirrors",
        html`<textarea
          id="mirrors"
          name="mirrors"
          rows="2"
          spellcheck="false"
          aria-describedby="mirrors-hint mirrors-error"
          aria-invalid=${this.errors.mirrors === undefined ? "false" : "true"}
          .value=${form.mirrors}
        ></textarea>`,
        "Addresses of OCI image layouts on any web host, one a line, asked first and in this order. No proxy is needed for them.",
      )}
      ${this.#field(
        "proxy",
        "CORS proxy",
        html`<input
          id="proxy"
          name="proxy"
          type="text"
          spellcheck="false"
          autocomplete="off"
          aria-describedby="proxy-hint proxy-error"
          aria-invalid=${this.errors.proxy === undefined ? "false" : "true"}
          .value=${form.proxy}
        />`,
        "Fetches from registries that do not answer web pages, Docker Hub among them. It sees what you pull; leave it empty to use none.",
      )}
      ${this.#field(
        "insecureRegistries",
        "Registries without TLS",
        html`<textarea
          id="insecureRegistries"
          name="insecureRegistries"
          rows="2"
          spellcheck="false"
          aria-describedby="insecureRegistries-hint insecureRegistries-error"
          aria-invalid=${this.errors.insecureRegistries === undefined ? "false" : "true"}
          .value=${form.insecureRegistries}
        ></textarea>`,
        "Domains spoken to over plain http, one a line, such as registry.lan:5000.",
      )}
      <div class="row">
        <button class="primary" type="submit">Save</button>
        <span role="status">${this.saved}</span>
      </div>
    </form>`;
  }

  #field(name: FormField, label: string, control: TemplateResult, hint: string): TemplateResult {
    const error = this.errors[name];
    return html`<div class="field">
      <label for=${name}>${label}</label>
      ${control}
      <p class="hint" id="${name}-hint">${hint}</p>
      <p class="error" id="${name}-error" role="alert" ?hidden=${error === undefined}>
        ${error ?? ""}
      </p>
    </div>`;
  }

  #logins(form: SettingsForm): TemplateResult {
    const result = this.loginResult;
    return html`<section aria-labelledby="logins">
      <h3 id="logins">Registry logins</h3>
      <p class="hint">
        What <code>docker login</code> keeps. Credentials stay in this browser and go only to their
        registry, through the proxy when one is in use.
      </p>
      ${
        form.logins.length === 0
          ? html`<p class="soft">Not logged in anywhere: public images need no login.</p>`
          : html`<ul>
              ${form.logins.map(
                (registry) =>
                  html`<li>
                    <code>${registry}</code
                    ><button
                      aria-label="Log out of ${registry}"
                      @click=${() => this.#emit("slip-logout", { registry })}
                    >
                      Log out
                    </button>
                  </li>`,
              )}
            </ul>`
      }
      <form class="login" style="padding:0;border:0" @submit=${this.#login}>
        <div class="field">
          <label for="registry">Registry</label
          ><input
            id="registry"
            name="registry"
            required
            spellcheck="false"
            autocomplete="off"
            placeholder="docker.io"
          />
        </div>
        <div class="field">
          <label for="username">User name</label
          ><input
            id="username"
            name="username"
            required
            spellcheck="false"
            autocomplete="username"
          />
        </div>
        <div class="field">
          <label for="password">Password or token</label
          ><input
            id="password"
            name="password"
            type="password"
            required
            autocomplete="current-password"
          />
        </div>
        <button type="submit">Log in</button>
      </form>
      ${result === undefined ? nothing : html`<p class=${result.isError ? "error" : "soft"} role=${result.isError ? "alert" : "status"}>${result.text}</p>`}
    </section>`;
  }

  #save(event: SubmitEvent): void {
    event.preventDefault();
    const form = event.target as HTMLFormElement; // The form above.
    const text = (name: FormField): string => formText(form, name);
    this.#emit("slip-settings-save", {
      mirrors: text("mirrors"),
      proxy: text("proxy"),
      insecureRegistries: text("insecureRegistries"),
    });
  }

  #login(event: SubmitEvent): void {
    event.preventDefault();
    const form = event.target as HTMLFormElement; // The form above.
    const registry = formText(form, "registry").trim();
    this.#emit("slip-login", {
      registry,
      username: formText(form, "username"),
      password: formText(form, "password"),
    });
  }

  #emit<K extends keyof SettingsEvents>(type: K, detail: SettingsEvents[K]): void {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }));
  }
}

customElements.define("slip-settings", SlipSettings);

interface SettingsEvents {
  readonly "slip-settings-save": Readonly<Record<FormField, string>>;
  readonly "slip-login": {
    readonly registry: string;
    readonly username: string;
    readonly password: string;
  };
  readonly "slip-logout": { readonly registry: string };
}

declare global {
  interface HTMLElementTagNameMap {
    "slip-settings": SlipSettings;
  }
  interface HTMLElementEventMap {
    "slip-settings-save": CustomEvent<SettingsEvents["slip-settings-save"]>;
    "slip-login": CustomEvent<SettingsEvents["slip-login"]>;
    "slip-logout": CustomEvent<SettingsEvents["slip-logout"]>;
  }
}
