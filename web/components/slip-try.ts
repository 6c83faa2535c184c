/** A command to try: shown as it is typed, with a button that asks for it to be run. */
import { LitElement, css, html } from "lit";
import type { TemplateResult } from "lit";
import { shared } from "../styles/shared.ts";

export class SlipTry extends LitElement {
  static override properties = { command: { type: String } };
  static override styles = [
    shared,
    css`
      :host {
        display: block;
      }
      div {
        display: flex;
        align-items: center;
        gap: var(--space-2);
        padding: var(--space-1) var(--space-1) var(--space-1) var(--space-3);
        border-radius: var(--round);
        background: var(--sunken);
        color: var(--ink);
      }
      code {
        flex: 1;
        overflow-wrap: anywhere;
      }
    `,
  ];
  declare command: string;

  override render(): TemplateResult {
    return html`<div>
      <code>${this.command}</code>
      <button class="quiet" aria-label="Run ${this.command} in the terminal" @click=${this.#ask}>
        Run
      </button>
    </div>`;
  }

  #ask(): void {
    this.dispatchEvent(
      new CustomEvent("slip-try", {
        bubbles: true,
        composed: true,
        detail: { command: this.command },
      }),
    );
  }
}

customElements.define("slip-try", SlipTry);

declare global {
  interface HTMLElementTagNameMap {
    "slip-try": SlipTry;
  }
  interface HTMLElementEventMap {
    /** A command is to be typed into the current terminal and run. */
    "slip-try": CustomEvent<{ readonly command: string }>;
  }
}
