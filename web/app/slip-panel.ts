/**
 * The side panel: containers, images and storage as tabs. It follows the model's stores and hands
 * their values to the elements that render them; it knows which view is open and nothing more.
 */
import { LitElement, css, html, nothing } from "lit";
import type { PropertyValues, TemplateResult } from "lit";
import type { Model } from "../state/model.ts";
import { StoreController } from "../state/store.ts";
import { shared } from "../styles/shared.ts";

export const VIEWS = ["containers", "images", "storage"] as const;
export type PanelView = (typeof VIEWS)[number];
const TITLES: Record<PanelView, string> = {
  containers: "Containers",
  images: "Images",
  storage: "Storage",
};

export class SlipPanel extends LitElement {
  static override properties = { model: { attribute: false }, view: { type: String } };
  static override styles = [
    shared,
    css`
      :host {
        display: flex;
        flex-direction: column;
        min-width: 0;
        min-height: 0;
        background: var(--surface);
      }
      [role="tablist"] {
        display: flex;
        min-height: 2.375rem;
        background: var(--paper);
        border-block-end: 1px solid var(--line);
      }
      [role="tab"] {
        flex: 1;
        min-height: 2.375rem;
        border: 0;
        border-radius: 0;
        background: none;
        color: var(--ink-soft);
      }
      [role="tab"][aria-selected="true"] {
        background: var(--surface);
        color: var(--ink);
        box-shadow: inset 0 2px 0 var(--signal);
      }
      [role="tab"]:focus-visible {
        outline-offset: -3px;
      }
      .count {
        padding: 0.1rem 0.4rem;
        border-radius: 1rem;
        background: var(--sunken);
        color: var(--ink-soft);
        font-size: var(--text-s);
      }
      .panel {
        flex: 1;
        min-height: 0;
        overflow: auto;
      }
      .panel:focus-visible {
        outline-offset: -3px;
      }
    `,
  ];
  declare model: Model;
  declare view: PanelView;
  #followed: StoreController | undefined;

  constructor() {
    super();
    this.view = "containers";
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has("model")) return;
    const { containers, images, pulls, usage, openLog } = this.model;
    if (this.#followed !== undefined) this.removeController(this.#followed);
    this.#followed = new StoreController(
      this,
      containers.list,
      images.list,
      images.details,
      pulls.list,
      usage.usage,
      openLog,
    );
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("view")) this.model.usage.watch(this.view === "storage");
  }

  override focus(): void {
    this.renderRoot.querySelector<HTMLElement>('[aria-selected="true"]')?.focus();
  }

  override render(): TemplateResult {
    return html`<div role="tablist" aria-label="Engine" @keydown=${this.#handleKey}>
        ${VIEWS.map(
          (view) =>
            html`<button
              role="tab"
              id="tab-${view}"
              aria-controls="panel"
              aria-selected=${view === this.view ? "true" : "false"}
              tabindex=${view === this.view ? 0 : -1}
              @click=${() => this.#choose(view)}
            >
              ${TITLES[view]}${this.#count(view)}
            </button>`,
        )}
      </div>
      <div
        class="panel"
        id="panel"
        role="tabpanel"
        tabindex="0"
        aria-labelledby="tab-${this.view}"
        @slip-retry=${this.#retry}
      >
        ${this.#content()}
      </div>`;
  }

  #count(view: PanelView): TemplateResult | typeof nothing {
    const { containers, images } = this.model;
    const list =
      view === "containers"
        ? containers.list.value
        : view === "images"
          ? images.list.value
          : undefined;
    if (list?.kind !== "ready") return nothing;
    const count =
      "containers" in list.value ? list.value.containers.length : list.value.images.length;
    return html` <span class="count number">${count}</span>`;
  }

  #content(): TemplateResult {
    const { model } = this;
    switch (this.view) {
      case "containers": {
        const open = model.openLog.value;
        if (open === undefined)
          return html`<slip-containers .list=${model.containers.list.value}></slip-containers>`;
        return html`<slip-log-view .open=${open}></slip-log-view>`;
      }
      case "images":
        return html`<slip-pulls .pulls=${model.pulls.list.value}></slip-pulls>
          <slip-images
            .list=${model.images.list.value}
            .details=${model.images.details.value}
          ></slip-images>`;
      case "storage":
        return html`<slip-storage .usage=${model.usage.usage.value}></slip-storage>`;
      default:
        return html``;
    }
  }

  #retry(): void {
    const { model } = this;
    const open = model.openLog.value;
    if (this.view === "containers" && open !== undefined) model.showLog(open.id, open.name);
    else if (this.view === "containers") void model.containers.refresh();
    else if (this.view === "images") void model.images.refresh();
    else void model.usage.refresh();
  }

  #choose(view: PanelView): void {
    this.dispatchEvent(
      new CustomEvent("slip-panel-view", { bubbles: true, composed: true, detail: { view } }),
    );
  }

  #handleKey(event: KeyboardEvent): void {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const next = VIEWS[(VIEWS.indexOf(this.view) + step + VIEWS.length) % VIEWS.length];
    if (next !== undefined) this.#choose(next);
    void this.updateComplete.then(() => this.focus());
  }
}

customElements.define("slip-panel", SlipPanel);

declare global {
  interface HTMLElementTagNameMap {
    "slip-panel": SlipPanel;
  }
  interface HTMLElementEventMap {
    "slip-panel-view": CustomEvent<{ readonly view: PanelView }>;
  }
}
