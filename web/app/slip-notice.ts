/** A banner about the whole page: what is wrong, why, and what can be done. Renders only. */
import { LitElement, css, html } from "lit";
import type { TemplateResult } from "lit";
import { shared } from "../styles/shared.ts";

export class SlipNotice extends LitElement {
  static override properties = { kind: { type: String } };
  static override styles = [
    shared,
    css`
      :host {
        display: block;
      }
      div {
        display: flex;
        align-items: center;
        gap: var(--space-3);
        padding: var(--space-2) var(--space-4);
        border-block-end: 1px solid var(--line);
        background: var(--warn-wash);
      }
      div[data-kind="failed"] {
        background: var(--bad-wash);
      }
      p {
        flex: 1;
        overflow-wrap: anywhere;
      }
    `,
  ];
  declare kind: "warning" | "failed";

  constructor() {
    super();
    this.kind = "warning";
  }

  override render(): TemplateResult {
    return html`<div data-kind=${this.kind} role=${this.kind === "failed" ? "alert" : "status"}>
      <p><slot></slot></p>
      <slot name="action"></slot>
    </div>`;
  }
}

customElements.define("slip-notice", SlipNotice);

declare global {
  interface HTMLElementTagNameMap {
    "slip-notice": SlipNotice;
  }
}
