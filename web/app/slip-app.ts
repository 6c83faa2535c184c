/**
 * The page: header, notices, terminals beside the panel; below 60rem one of them at a time. Events of
 * the elements come up to here and are turned into calls of the model.
 */
import { LitElement, css, html, nothing } from "lit";
import type { TemplateResult } from "lit";
import type { Model } from "../state/model.ts";
import { parseSettings } from "../state/settings.ts";
import type { FormErrors } from "../state/settings.ts";
import { StoreController } from "../state/store.ts";
import { shared } from "../styles/shared.ts";
import type { PanelView } from "./slip-panel.ts";

const SCREEN_READER_KEY = "slipway-screen-reader";

export class SlipApp extends LitElement {
  static override properties = {
    model: { attribute: false },
    isIsolated: { type: Boolean },
    view: { state: true },
    isPanelShown: { state: true },
    screenReader: { state: true },
    errors: { state: true },
    saved: { state: true },
    loginResult: { state: true },
  };
  static override styles = [
    shared,
    css`
      :host {
        display: flex;
        flex-direction: column;
        height: 100dvh;
      }
      main {
        flex: 1;
        min-height: 0;
        display: grid;
        grid-template-columns: minmax(0, 1fr) minmax(22rem, 27rem);
      }
      slip-panel {
        border-inline-start: 1px solid var(--line);
      }
      nav {
        display: none;
      }
      @media (max-width: 60rem) {
        main {
          grid-template-columns: minmax(0, 1fr);
        }
        slip-panel {
          border: 0;
        }
        main[data-shown="terminal"] slip-panel,
        main[data-shown="panel"] slip-terminals {
          display: none;
        }
        nav {
          display: grid;
          grid-template-columns: 1fr 1fr;
          background: var(--surface);
          border-block-start: 1px solid var(--line);
          padding-block-end: env(safe-area-inset-bottom);
        }
        nav button {
          min-height: 3rem;
          border: 0;
          border-radius: 0;
          background: none;
          color: var(--ink-soft);
        }
        nav button[aria-pressed="true"] {
          color: var(--ink);
          box-shadow: inset 0 2px 0 var(--signal);
        }
        nav button:focus-visible {
          outline-offset: -3px;
        }
      }
    `,
  ];
  declare model: Model;
  declare isIsolated: boolean;
  declare private view: PanelView;
  declare private isPanelShown: boolean;
  declare private screenReader: boolean;
  declare private errors: FormErrors;
  declare private saved: string;
  declare private loginResult: { readonly isError: boolean; readonly text: string } | undefined;

  constructor() {
    super();
    this.isIsolated = true;
    this.view = "containers";
    this.isPanelShown = false;
    this.screenReader = localStorage.getItem(SCREEN_READER_KEY) === "on";
    this.errors = {};
    this.saved = "";
    this.#listen();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener("keydown", this.#onKey);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // On the window: the keys must lead back in when the focus was lost.
    window.addEventListener("keydown", this.#onKey);
    const { role, theme, terminals, settings } = this.model;
    new StoreController(this, role, theme.shown, terminals.tabs, settings.form);
  }

  override render(): TemplateResult {
    const { model } = this;
    const themeShown = model.theme.shown.value;
    return html`<slip-header engineRole=${model.role.value} themeShown=${themeShown}></slip-header>
      ${this.#notices()}
      <main data-shown=${this.isPanelShown ? "panel" : "terminal"}>
        <slip-terminals
          .tabs=${model.terminals.tabs.value}
          themeShown=${themeShown}
          ?screenReader=${this.screenReader}
        ></slip-terminals>
        <slip-panel .model=${model} view=${this.view}></slip-panel>
      </main>
      <nav aria-label="Shown part">
        <button
          aria-pressed=${this.isPanelShown ? "false" : "true"}
          @click=${() => (this.isPanelShown = false)}
        >
          Terminal
        </button>
        <button
          aria-pressed=${this.isPanelShown ? "true" : "false"}
          @click=${() => (this.isPanelShown = true)}
        >
          Engine
        </button>
      </nav>
      <slip-settings
        .form=${model.settings.form.value}
        .errors=${this.errors}
        saved=${this.saved}
        .loginResult=${this.loginResult}
        @slip-retry=${() => void model.settings.load()}
      ></slip-settings>`;
  }

  #notices(): TemplateResult {
    const { model } = this;
    return html`${
      model.role.value === "failed"
        ? html`<slip-notice kind="failed"
            >The engine could not be started: ${model.failure}
            <button slot="action" @click=${() => model.retryEngine()}>
              Try again
            </button></slip-notice
          >`
        : nothing
    }
    ${
      this.isIsolated
        ? nothing
        : html`<slip-notice kind="warning"
            >WASI images cannot run here: this page was served without cross-origin isolation (the
            headers Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy), which the Wasmer
            SDK needs for its shared memory. linux/amd64 images run all the same.</slip-notice
          >`
    }`;
  }

  #listen(): void {
    const on = <K extends keyof HTMLElementEventMap>(
      type: K,
      act: (detail: HTMLElementEventMap[K] extends CustomEvent<infer D> ? D : never) => void,
    ): void => {
      // Every slip-* event is a CustomEvent whose detail the event map names.
      this.addEventListener(type, (event) => act((event as CustomEvent).detail as never));
    };
    on("slip-theme", () => this.model.theme.toggle());
    on("slip-settings-open", () => this.#openSettings());
    on("slip-settings-save", (form) => void this.#save(form));
    on(
      "slip-login",
      ({ registry, username, password }) => void this.#login(registry, username, password),
    );
    on("slip-logout", ({ registry }) => void this.model.settings.logout(registry));
    on("slip-panel-view", ({ view }) => (this.view = view));
    on("slip-container", ({ id, action }) => void this.model.containers.act(id, action));
    on("slip-logs", ({ id, name }) => this.model.showLog(id, name));
    on("slip-close", () => this.model.hideLog());
    on("slip-image-open", ({ id }) => void this.model.images.open(id));
    on("slip-image-remove", ({ id, reference }) => void this.model.images.remove(id, reference));
    on("slip-pull", ({ reference }) => void this.model.pulls.pull(reference));
    on("slip-pull-end", ({ reference, isRunning }) =>
      isRunning ? this.model.pulls.cancel(reference) : this.model.pulls.dismiss(reference),
    );
    on("slip-persist", () => void this.model.usage.persist());
    on("slip-try", ({ command }) => this.#try(command));
    on("slip-terminal-open", () => this.#newTerminal());
    on("slip-terminal-close", ({ id }) => this.model.terminals.close(id));
    on("slip-terminal-activate", ({ id }) => this.model.terminals.activate(id));
    on("slip-terminal-input", ({ id, text }) => this.model.terminals.send(id, text));
    on("slip-terminal-resize", ({ id, columns, rows }) =>
      this.model.terminals.resize(id, { columns, rows }),
    );
    on("slip-terminal-title", ({ id, title }) => this.model.terminals.rename(id, title));
    on("slip-terminal-reopen", ({ id }) => this.model.terminals.reopen(id));
    on("slip-screen-reader", () => this.#toggleScreenReader());
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key === "F6") {
      event.preventDefault();
      this.#nextRegion();
    } else if (event.ctrlKey && event.shiftKey && event.code === "KeyT") {
      event.preventDefault();
      this.#newTerminal();
    }
  };

  /** F6 goes round: terminal, its tabs, the panel. */
  #nextRegion(): void {
    const terminals = this.renderRoot.querySelector("slip-terminals");
    const panel = this.renderRoot.querySelector("slip-panel");
    const focused = this.shadowRoot?.activeElement;
    if (
      focused === terminals &&
      terminals?.shadowRoot?.activeElement?.localName === "slip-terminal"
    )
      terminals.focusTabs();
    else if (focused === terminals && panel !== null && panel.offsetWidth > 0) panel.focus();
    else terminals?.focus();
  }

  #newTerminal(): void {
    this.model.terminals.open();
    void this.updateComplete
      .then(() => this.renderRoot.querySelector("slip-terminals")?.updateComplete)
      .then(() => this.#focusTerminal());
  }

  #try(command: string): void {
    this.isPanelShown = false;
    this.model.terminals.run(command);
    void this.updateComplete.then(() => this.#focusTerminal());
  }

  #focusTerminal(): void {
    this.renderRoot.querySelector("slip-terminals")?.focus();
  }

  #toggleScreenReader(): void {
    this.screenReader = !this.screenReader;
    localStorage.setItem(SCREEN_READER_KEY, this.screenReader ? "on" : "off");
  }

  #openSettings(): void {
    this.errors = {};
    this.saved = "";
    this.loginResult = undefined;
    void this.model.settings.load();
    this.renderRoot.querySelector("slip-settings")?.show();
  }

  async #save(form: Parameters<typeof parseSettings>[0]): Promise<void> {
    const { settings, errors } = parseSettings(form, document.baseURI);
    this.errors = errors;
    this.saved = "";
    if (Object.keys(errors).length > 0) return;
    this.saved = (await this.model.settings.save(settings)) ?? "Saved. The next pull uses it.";
  }

  async #login(registry: string, username: string, password: string): Promise<void> {
    const error = await this.model.settings.login(registry, username, password);
    this.loginResult =
      error === undefined
        ? { isError: false, text: `Logged in to ${registry}.` }
        : { isError: true, text: error };
  }
}

customElements.define("slip-app", SlipApp);

declare global {
  interface HTMLElementTagNameMap {
    "slip-app": SlipApp;
  }
}
