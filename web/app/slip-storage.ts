/** Storage use: the browser's quota as a gauge, and what the engine counts, as `docker system df`. Renders only. */
import { LitElement, css, html, nothing } from "lit";
import type { TemplateResult } from "lit";
import { humanSize } from "../state/format.ts";
import type { Loadable } from "../state/store.ts";
import type { Usage } from "../state/usage.ts";
import { shared } from "../styles/shared.ts";

export class SlipStorage extends LitElement {
  static override properties = { usage: { attribute: false } };
  static override styles = [
    shared,
    css`
      :host {
        display: block;
      }
      section {
        padding: var(--space-4);
        border-block-end: 1px solid var(--line);
        display: grid;
        gap: var(--space-3);
        justify-items: start;
      }
      slip-gauge,
      table {
        width: 100%;
      }
      .large {
        font-size: var(--text-xl);
        font-weight: 600;
      }
      table {
        border-collapse: collapse;
      }
      th {
        text-align: start;
        font-weight: 500;
        color: var(--ink-soft);
        font-size: var(--text-s);
      }
      tbody th {
        color: var(--ink);
        font-weight: 550;
        font-size: var(--text-m);
      }
      th,
      td {
        padding: var(--space-2) 0;
        border-block-end: 1px solid var(--line);
      }
      tr:last-child > * {
        border: 0;
      }
      .count {
        text-align: end;
        font-variant-numeric: tabular-nums;
      }
    `,
  ];
  declare usage: Loadable<Usage>;

  constructor() {
    super();
    this.usage = { kind: "loading" };
  }

  override render(): TemplateResult {
    const { usage } = this;
    return html`<slip-view
      state=${usage.kind}
      label="storage use"
      message=${usage.kind === "failed" ? usage.message : ""}
    >
      ${usage.kind === "ready" ? this.#content(usage.value) : nothing}
    </slip-view>`;
  }

  #content(usage: Usage): TemplateResult {
    return html`<section>
        <p class="number">
          <span class="large">${humanSize(usage.usedBytes)}</span> of ${humanSize(usage.quotaBytes)}
          this browser allows
        </p>
        <slip-gauge
          marked
          .value=${usage.usedBytes}
          .total=${usage.quotaBytes}
          label="Storage used"
        ></slip-gauge>
        ${
          usage.isPersistent
            ? html`<p class="soft">The browser has promised to keep it until you clear it.</p>`
            : html`<p class="soft">
                  The browser may clear it when the disk runs short. Ask it to keep images and
                  containers:
                </p>
                <button
                  @click=${() => this.dispatchEvent(new CustomEvent("slip-persist", { bubbles: true, composed: true }))}
                >
                  Keep this storage
                </button>`
        }
      </section>
      <section>
        <table>
          <thead>
            <tr>
              <th scope="col">Kind</th>
              <th scope="col" class="count">Total</th>
              <th scope="col" class="count">Active</th>
              <th scope="col" class="count">Size</th>
            </tr>
          </thead>
          <tbody>
            ${usage.rows.map(
              (row) =>
                html`<tr>
                  <th scope="row">${row.kind}</th>
                  <td class="count">${row.count}</td>
                  <td class="count">${row.active}</td>
                  <td class="count">${humanSize(row.sizeBytes)}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </section>`;
  }
}

customElements.define("slip-storage", SlipStorage);

declare global {
  interface HTMLElementTagNameMap {
    "slip-storage": SlipStorage;
  }
  interface HTMLElementEventMap {
    "slip-persist": CustomEvent<undefined>;
  }
}
