/** The terminal tabs: a tab list after the ARIA pattern, and one panel per tab. Renders only. */
import { LitElement, css, html } from "lit";
import type { TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { TerminalTab, TerminalTabs } from "../state/terminals.ts";
import { shared } from "../styles/shared.ts";
import type { SlipTerminal } from "./slip-terminal.ts";

export class SlipTerminals extends LitElement {
  static override properties = {
    tabs: { attribute: false },
    themeShown: { type: String },
    screenReader: { type: Boolean },
  };
  static override styles = [
    shared,
    css`
      :host {
        display: flex;
        flex-direction: column;
        min-width: 0;
        min-height: 0;
        background: var(--terminal);
      }
      .bar {
        display: flex;
        align-items: stretch;
        min-height: 2.375rem;
        background: var(--paper);
        border-block-end: 1px solid var(--line);
      }
      [role="tablist"] {
        display: flex;
        min-width: 0;
        overflow-x: auto;
        scrollbar-width: none;
      }
      .tab {
        display: flex;
        align-items: center;
        border-inline-end: 1px solid var(--line);
      }
      .tab[data-active] {
        background: var(--terminal);
        box-shadow: inset 0 2px 0 var(--signal);
      }
      .tab button {
        border: 0;
        border-radius: 0;
        background: none;
        height: 100%;
      }
      .tab button:focus-visible,
      .bar > button:focus-visible {
        outline-offset: -3px;
      }
      [role="tab"] {
        color: var(--ink-soft);
        padding-inline: var(--space-4) var(--space-1);
      }
      [data-active] [role="tab"] {
        color: var(--ink);
      }
      .tab .shut {
        width: 1.75rem;
        padding: 0;
        color: var(--ink-soft);
      }
      .bar > button {
        height: auto;
        border-radius: 0;
      }
      .space {
        flex: 1;
      }
      .panel {
        flex: 1;
        min-height: 0;
      }
      [aria-pressed="true"] {
        color: var(--signal);
      }
    `,
  ];
  declare tabs: TerminalTabs;
  declare themeShown: string;
  declare screenReader: boolean;

  constructor() {
    super();
    this.tabs = { tabs: [], active: 0 };
    this.themeShown = "light";
    this.screenReader = false;
  }

  override render(): TemplateResult {
    const { tabs, active } = this.tabs;
    return html`<div class="bar">
        <div role="tablist" aria-label="Terminals" @keydown=${this.#handleKey}>
          ${repeat(
            tabs,
            (tab) => tab.id,
            (tab) => this.#tab(tab, tab.id === active),
          )}
        </div>
        <button
          class="quiet icon"
          aria-label="New terminal"
          title="New terminal"
          @click=${() => this.#emit("slip-terminal-open", undefined)}
        >
          <slip-icon name="add"></slip-icon>
        </button>
        <span class="space"></span>
        <button
          class="quiet icon"
          aria-label="Screen reader support"
          title="Screen reader support"
          aria-pressed=${this.screenReader ? "true" : "false"}
          @click=${() => this.#emit("slip-screen-reader", undefined)}
        >
          <slip-icon name="reader"></slip-icon>
        </button>
      </div>
      ${repeat(
        tabs,
        (tab) => tab.id,
        (tab) =>
          html`<div
            class="panel"
            role="tabpanel"
            id="panel-${tab.id}"
            aria-labelledby="tab-${tab.id}"
            ?hidden=${tab.id !== active}
          >
            <slip-terminal
              .tab=${tab}
              .isActive=${tab.id === active}
              .themeShown=${this.themeShown}
              .screenReader=${this.screenReader}
            ></slip-terminal>
          </div>`,
      )}`;
  }

  /** Puts the caret into the terminal that is shown. */
  override focus(): void {
    this.#shown()?.focus();
  }

  /** The tab button of the terminal that is shown: where F6 leads. */
  focusTabs(): void {
    this.renderRoot.querySelector<HTMLElement>('[role="tab"][aria-selected="true"]')?.focus();
  }

  #shown(): SlipTerminal | null {
    return this.renderRoot.querySelector<SlipTerminal>(".panel:not([hidden]) slip-terminal");
  }

  #tab(tab: TerminalTab, isActive: boolean): TemplateResult {
    return html`<div class="tab" role="presentation" ?data-active=${isActive}>
      <button
        role="tab"
        id="tab-${tab.id}"
        aria-selected=${isActive ? "true" : "false"}
        aria-controls="panel-${tab.id}"
        tabindex=${isActive ? 0 : -1}
        @click=${() => this.#activate(tab.id, true)}
      >
        ${tab.title}
      </button>
      <button
        class="shut"
        aria-label="Close ${tab.title}"
        title="Close ${tab.title}"
        tabindex=${isActive ? 0 : -1}
        @click=${() => this.#emit("slip-terminal-close", { id: tab.id })}
      >
        <slip-icon name="close"></slip-icon>
      </button>
    </div>`;
  }

  #activate(id: number, isFocused: boolean): void {
    this.#emit("slip-terminal-activate", { id });
    if (isFocused) void this.updateComplete.then(() => this.focus());
  }

  #handleKey(event: KeyboardEvent): void {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const { tabs, active } = this.tabs;
    const index = tabs.findIndex((tab) => tab.id === active);
    const next = tabs[(index + step + tabs.length) % tabs.length];
    if (next === undefined) return;
    this.#activate(next.id, false);
    void this.updateComplete.then(() => this.focusTabs());
  }

  #emit<K extends keyof TabEvents>(type: K, detail: TabEvents[K]): void {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }));
  }
}

customElements.define("slip-terminals", SlipTerminals);

interface TabEvents {
  readonly "slip-terminal-open": undefined;
  readonly "slip-terminal-close": { readonly id: number };
  readonly "slip-terminal-activate": { readonly id: number };
  readonly "slip-screen-reader": undefined;
}

declare global {
  interface HTMLElementTagNameMap {
    "slip-terminals": SlipTerminals;
  }
  interface HTMLElementEventMap {
    "slip-terminal-open": CustomEvent<undefined>;
    "slip-terminal-close": CustomEvent<TabEvents["slip-terminal-close"]>;
    "slip-terminal-activate": CustomEvent<TabEvents["slip-terminal-activate"]>;
    "slip-screen-reader": CustomEvent<undefined>;
  }
}
