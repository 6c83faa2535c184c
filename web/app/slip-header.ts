/** The top of the page: name, what the engine does, theme and settings. Renders only. */
import { LitElement, css, html } from "lit";
import type { TemplateResult } from "lit";
import type { EngineRole } from "../../runtime/client/slipway.ts";
import { shared } from "../styles/shared.ts";

const ROLES: Record<EngineRole, { readonly short: string; readonly long: string }> = {
  starting: { short: "Starting", long: "The engine is starting" },
  owner: { short: "Ready", long: "The engine runs in this tab" },
  guest: {
    short: "Ready, in another tab",
    long: "The engine runs in another tab; this one uses it, and takes over when that tab closes",
  },
  failed: { short: "Failed", long: "The engine could not be started" },
};

export class SlipHeader extends LitElement {
  static override properties = { engineRole: { type: String }, themeShown: { type: String } };
  static override styles = [
    shared,
    css`
      :host {
        display: block;
        position: relative;
        background: var(--surface);
        border-block-end: 1px solid var(--line);
      }
      header {
        display: flex;
        align-items: center;
        gap: var(--space-3);
        min-height: 3rem;
        padding: 0 var(--space-4);
      }
      .name {
        display: flex;
        align-items: center;
        gap: var(--space-2);
        font-size: var(--text-xl);
        font-weight: 650;
        letter-spacing: -0.01em;
      }
      h1 {
        margin: 0;
        font: inherit;
      }
      .space {
        flex: 1;
      }
      .engine {
        display: flex;
        align-items: center;
        gap: var(--space-2);
        color: var(--ink-soft);
        min-width: 0;
      }
      .engine span:last-child {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .lamp {
        width: 0.5rem;
        height: 0.5rem;
        border-radius: 50%;
        background: var(--good);
        flex: none;
      }
      [data-role="starting"] .lamp {
        background: none;
        box-shadow: inset 0 0 0 2px var(--warn);
        animation: lamp 1.2s ease-in-out infinite;
      }
      [data-role="guest"] .lamp {
        background: none;
        box-shadow: inset 0 0 0 2px var(--good);
      }
      [data-role="failed"] .lamp {
        background: var(--bad);
        border-radius: 0;
      }
      @keyframes lamp {
        50% {
          opacity: 0.3;
        }
      }
      /* The ways of a slip: sleepers at even distance. */
      .ways {
        height: 3px;
        background: repeating-linear-gradient(
          90deg,
          var(--line) 0 0.75rem,
          transparent 0.75rem 1rem
        );
      }
    `,
  ];
  declare engineRole: EngineRole;
  declare themeShown: "light" | "dark";

  constructor() {
    super();
    this.engineRole = "starting";
    this.themeShown = "light";
  }

  override render(): TemplateResult {
    const role = ROLES[this.engineRole];
    const other = this.themeShown === "dark" ? "light" : "dark";
    return html`<header>
        <div class="name">
          <slip-logo></slip-logo>
          <h1>Slipway</h1>
        </div>
        <span class="space"></span>
        <p class="engine" role="status" data-role=${this.engineRole} title=${role.long}>
          <span class="lamp" aria-hidden="true"></span
          ><span class="visually-hidden">${role.long}.</span
          ><span aria-hidden="true">${role.short}</span>
        </p>
        <button
          class="quiet icon"
          aria-label="Use the ${other} theme"
          title="Use the ${other} theme"
          @click=${() => this.dispatchEvent(new CustomEvent("slip-theme", { bubbles: true, composed: true }))}
        >
          <slip-icon name=${other}></slip-icon>
        </button>
        <button
          class="quiet icon"
          aria-label="Settings"
          title="Settings"
          @click=${() => this.dispatchEvent(new CustomEvent("slip-settings-open", { bubbles: true, composed: true }))}
        >
          <slip-icon name="settings"></slip-icon>
        </button>
      </header>
      <div class="ways" aria-hidden="true"></div>`;
  }
}

customElements.define("slip-header", SlipHeader);

declare global {
  interface HTMLElementTagNameMap {
    "slip-header": SlipHeader;
  }
  interface HTMLElementEventMap {
    "slip-theme": CustomEvent<undefined>;
    "slip-settings-open": CustomEvent<undefined>;
  }
}
