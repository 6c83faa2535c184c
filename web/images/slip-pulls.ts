/** The box that pulls an image, and the progress of every pull begun from it. Renders only. */
import { LitElement, css, html, nothing } from "lit";
import type { TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { formText } from "../components/form-text.ts";
import { humanSize } from "../state/format.ts";
import type { LayerProgress, Pull } from "../state/pulls.ts";
import { shared } from "../styles/shared.ts";

export class SlipPulls extends LitElement {
  static override properties = { pulls: { attribute: false } };
  static override styles = [
    shared,
    css`
      :host {
        display: block;
        border-block-end: 1px solid var(--line);
      }
      form {
        display: grid;
        grid-template-columns: 1fr auto;
        gap: var(--space-2);
        padding: var(--space-3) var(--space-4);
      }
      form label {
        grid-column: 1 / -1;
      }
      section {
        padding: var(--space-3) var(--space-4);
        border-block-start: 1px solid var(--line);
        display: grid;
        gap: var(--space-2);
      }
      header {
        display: flex;
        align-items: center;
        gap: var(--space-2);
      }
      h3 {
        flex: 1;
        font: 600 var(--text-m) var(--font-mono);
        overflow-wrap: anywhere;
      }
      li {
        display: grid;
        grid-template-columns: 7.5rem 1fr auto;
        align-items: center;
        gap: var(--space-3);
        font-size: var(--text-s);
        min-height: 1.4rem;
      }
      li .mono {
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .error {
        overflow-wrap: anywhere;
      }
    `,
  ];
  declare pulls: readonly Pull[];

  constructor() {
    super();
    this.pulls = [];
  }

  override render(): TemplateResult {
    return html`<form @submit=${this.#submit}>
        <label for="reference">Pull an image</label>
        <input
          id="reference"
          name="reference"
          type="text"
          required
          autocomplete="off"
          autocapitalize="off"
          spellcheck="false"
          placeholder="hello-wasi, ghcr.io/owner/name:tag"
        />
        <button class="primary" type="submit"><slip-icon name="pull"></slip-icon>Pull</button>
      </form>
      ${repeat(
        this.pulls,
        (pull) => pull.reference,
        (pull) => this.#pull(pull),
      )}`;
  }

  #pull(pull: Pull): TemplateResult {
    const isRunning = pull.state === "running";
    const { reference } = pull;
    return html`<section aria-label="Pull of ${reference}">
      <header>
        <h3>${reference}</h3>
        ${
          pull.state === "failed" || pull.state === "cancelled"
            ? html`<button class="quiet" @click=${() => this.#emit("slip-pull", { reference })}>
                Try again
              </button>`
            : nothing
        }
        <button
          class="quiet icon"
          aria-label=${isRunning ? `Cancel the pull of ${reference}` : `Dismiss ${reference}`}
          @click=${() => this.#emit("slip-pull-end", { reference, isRunning })}
        >
          <slip-icon name="close"></slip-icon>
        </button>
      </header>
      ${
        pull.layers.length === 0
          ? nothing
          : html`<ul>
              ${pull.layers.map((layer) => this.#layer(layer))}
            </ul>`
      }
      <p
        class=${pull.state === "failed" ? "error" : "soft"}
        role=${pull.state === "failed" ? "alert" : "status"}
      >
        ${pull.error ?? (pull.state === "cancelled" ? "Cancelled. What has arrived is kept; trying again continues there." : pull.status)}
      </p>
    </section>`;
  }

  #layer(layer: LayerProgress): TemplateResult {
    const isDone = layer.status === "Pull complete" || layer.status === "Already exists";
    const total = isDone ? 1 : (layer.total ?? 0);
    const current = isDone ? 1 : (layer.current ?? 0);
    const isMoving = isDone || total > 0;
    return html`<li>
      <span class="mono" title=${layer.id}>${layer.id}</span>
      ${isMoving ? html`<slip-gauge .value=${current} .total=${total} label="${layer.id}: ${layer.status}"></slip-gauge>` : html`<span></span>`}
      <span class="number soft"
        >${layer.status}${!isDone && layer.total !== undefined && layer.total > 0
          ? ` ${humanSize(layer.current ?? 0)} of ${humanSize(layer.total)}`
          : ""}</span
      >
    </li>`;
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault();
    const form = event.target as HTMLFormElement; // The form above.
    const reference = formText(form, "reference").trim();
    if (reference === "") return;
    form.reset();
    this.#emit("slip-pull", { reference });
  }

  #emit<K extends "slip-pull" | "slip-pull-end">(
    type: K,
    detail: HTMLElementEventMap[K]["detail"],
  ): void {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }));
  }
}

customElements.define("slip-pulls", SlipPulls);

declare global {
  interface HTMLElementTagNameMap {
    "slip-pulls": SlipPulls;
  }
  interface HTMLElementEventMap {
    "slip-pull": CustomEvent<{ readonly reference: string }>;
    /** Cancel while it runs, dismiss when it is over. */
    "slip-pull-end": CustomEvent<{ readonly reference: string; readonly isRunning: boolean }>;
  }
}
