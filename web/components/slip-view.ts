/**
 * The frame of every view that waits for the engine: loading, failed with a retry, empty, or ready.
 * The ready content is the default slot, the empty message the "empty" slot.
 */
import { LitElement, css, html, nothing } from "lit";
import type { TemplateResult } from "lit";
import { shared } from "../styles/shared.ts";

export type ViewState = "loading" | "failed" | "empty" | "ready";

export class SlipView extends LitElement {
  static override properties = {
    state: { type: String },
    message: { type: String },
    label: { type: String },
  };
  static override styles = [
    shared,
    css`
      :host {
        display: block;
      }
      .loading,
      .failed,
      .empty {
        padding: var(--space-5) var(--space-4);
        color: var(--ink-soft);
      }
      .loading {
        display: grid;
        gap: var(--space-3);
      }
      .bar {
        height: 0.75rem;
        border-radius: var(--round);
        background: var(--line);
        animation: tide 1.6s ease-in-out infinite;
      }
      .bar:nth-child(2) {
        width: 82%;
        animation-delay: 0.15s;
      }
      .bar:nth-child(3) {
        width: 58%;
        animation-delay: 0.3s;
      }
      @keyframes tide {
        50% {
          opacity: 0.4;
        }
      }
      .failed {
        margin: var(--space-4);
        padding: var(--space-4);
        border-inline-start: 3px solid var(--bad);
        background: var(--bad-wash);
        color: var(--ink);
      }
      .failed p {
        margin-block-end: var(--space-3);
        overflow-wrap: anywhere;
      }
      .empty {
        display: grid;
        gap: var(--space-2);
        max-width: 34rem;
      }
    `,
  ];
  declare state: ViewState;
  declare message: string;
  /** What is awaited, for screen readers: "containers". */
  declare label: string;

  constructor() {
    super();
    this.state = "loading";
    this.message = "";
    this.label = "";
  }

  override render(): TemplateResult {
    return html`<div aria-busy=${this.state === "loading" ? "true" : "false"}>
      ${this.#content()}
    </div>`;
  }

  #content(): TemplateResult | typeof nothing {
    switch (this.state) {
      case "loading":
        return html`<div class="loading" role="status">
          <span class="visually-hidden">Loading ${this.label}</span>
          <div class="bar"></div>
          <div class="bar"></div>
          <div class="bar"></div>
        </div>`;
      case "failed":
        return html`<div class="failed" role="alert">
          <p>${this.message}</p>
          <button
            @click=${() => this.dispatchEvent(new CustomEvent("slip-retry", { bubbles: true, composed: true }))}
          >
            Try again
          </button>
        </div>`;
      case "empty":
        return html`<div class="empty"><slot name="empty"></slot></div>`;
      case "ready":
        return html`<slot></slot>`;
      default:
        return nothing;
    }
  }
}

customElements.define("slip-view", SlipView);

declare global {
  interface HTMLElementTagNameMap {
    "slip-view": SlipView;
  }
  interface HTMLElementEventMap {
    /** A failed view is asked to try again. */
    "slip-retry": CustomEvent<undefined>;
  }
}
