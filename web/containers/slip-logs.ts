/** The log of one container, following its end as long as the reader is at the end. Renders only. */
import { LitElement, css, html } from "lit";
import type { PropertyValues, TemplateResult } from "lit";
import type { Log } from "../state/container-log.ts";
import type { Loadable } from "../state/store.ts";
import { shared } from "../styles/shared.ts";
import type { ViewState } from "../components/slip-view.ts";

/** Closer to the end than this counts as at the end. */
const END_PX = 24;

export class SlipLogs extends LitElement {
  static override properties = {
    log: { attribute: false },
    name: { type: String },
    isPinned: { state: true },
  };
  static override styles = [
    shared,
    css`
      :host {
        display: flex;
        flex-direction: column;
        min-height: 0;
        height: 100%;
      }
      header {
        display: flex;
        align-items: center;
        gap: var(--space-2);
        padding: var(--space-2) var(--space-3);
        border-block-end: 1px solid var(--line);
      }
      h2 {
        flex: 1;
        font-size: var(--text-l);
        font-weight: 600;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      slip-view {
        flex: 1;
        min-height: 0;
        overflow: hidden;
        display: flex;
        flex-direction: column;
      }
      .lines {
        height: 100%;
        overflow: auto;
        padding: var(--space-3) var(--space-4);
        background: var(--sunken);
        font: var(--text-s)/1.55 var(--font-mono);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .stderr {
        color: var(--warn);
      }
      .pin {
        font-size: var(--text-s);
        font-weight: 500;
        display: flex;
        gap: var(--space-1);
        align-items: center;
      }
      .frame {
        flex: 1;
        min-height: 0;
        overflow: auto;
      }
    `,
  ];
  declare log: Loadable<Log>;
  declare name: string;
  declare private isPinned: boolean;

  constructor() {
    super();
    this.log = { kind: "loading" };
    this.name = "";
    this.isPinned = true;
  }

  protected override updated(_changed: PropertyValues): void {
    const lines = this.renderRoot.querySelector(".lines");
    if (lines !== null && this.isPinned) lines.scrollTop = lines.scrollHeight;
  }

  override render(): TemplateResult {
    const { log } = this;
    const lines = log.kind === "ready" ? log.value.lines : [];
    const isLive = log.kind === "ready" && log.value.isFollowing;
    const state: ViewState = log.kind === "ready" && lines.length === 0 ? "empty" : log.kind;
    return html`<header>
        <button class="quiet icon" aria-label="Back to the containers" @click=${this.#close}>
          <slip-icon name="back"></slip-icon>
        </button>
        <h2>Logs of ${this.name}</h2>
        <span class="soft" role="status"
          >${isLive ? "live" : log.kind === "ready" ? "ended" : ""}</span
        >
        <label class="pin"
          ><input type="checkbox" .checked=${this.isPinned} @change=${this.#pin} /> Follow</label
        >
      </header>
      ${
        state === "ready"
          ? html`<div
              class="lines"
              tabindex="0"
              role="log"
              aria-label="Log of ${this.name}"
              @scroll=${this.#scrolled}
            >
              ${lines.map((line) => html`<span class=${line.stream}>${line.text}</span>`)}
            </div>`
          : html`<div class="frame">
              <slip-view
                state=${state}
                label="the log"
                message=${log.kind === "failed" ? log.message : ""}
              >
                <p slot="empty">
                  ${isLive ? "Nothing written yet." : "This container wrote nothing."}
                </p>
              </slip-view>
            </div>`
      }`;
  }

  #close(): void {
    this.dispatchEvent(new CustomEvent("slip-close", { bubbles: true, composed: true }));
  }

  #pin(event: Event): void {
    this.isPinned = (event.target as HTMLInputElement).checked; // The checkbox above.
  }

  #scrolled(event: Event): void {
    const lines = event.target as HTMLElement; // The log itself.
    this.isPinned = lines.scrollHeight - lines.scrollTop - lines.clientHeight < END_PX;
  }
}

customElements.define("slip-logs", SlipLogs);

declare global {
  interface HTMLElementTagNameMap {
    "slip-logs": SlipLogs;
  }
  interface HTMLElementEventMap {
    /** A view that covers another wants to be closed. */
    "slip-close": CustomEvent<undefined>;
  }
}
