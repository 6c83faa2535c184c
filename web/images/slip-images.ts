/** The images: names, sizes, and for the one that is open its layers and configuration. Renders only. */
import { LitElement, css, html, nothing } from "lit";
import type { TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { ImageSummary } from "../state/api-types.ts";
import { humanDuration, humanSize, shortID } from "../state/format.ts";
import type { ImageDetails, ImageList } from "../state/images.ts";
import type { Loadable } from "../state/store.ts";
import { shared } from "../styles/shared.ts";
import type { ViewState } from "../components/slip-view.ts";

const MS_PER_SECOND = 1000;

export class SlipImages extends LitElement {
  static override properties = {
    list: { attribute: false },
    details: { attribute: false },
    opened: { state: true },
  };
  static override styles = [
    shared,
    css`
      :host {
        display: block;
      }
      li.image {
        border-block-end: 1px solid var(--line);
      }
      .row {
        display: grid;
        grid-template-columns: 1fr auto auto;
        align-items: center;
        gap: var(--space-2);
        padding: var(--space-1) var(--space-2) var(--space-1) var(--space-4);
      }
      .row:hover {
        background: var(--hover);
      }
      button.open {
        display: grid;
        justify-content: start;
        justify-items: start;
        width: 100%;
        gap: 0.2rem;
        min-width: 0;
        padding: var(--space-2) 0;
        text-align: start;
        white-space: normal;
        line-height: 1.35;
      }
      button.open:hover:not(:disabled) {
        background: none;
      }
      .name {
        font-size: var(--text-l);
        font-weight: 600;
        overflow-wrap: anywhere;
      }
      .name .tag {
        color: var(--ink-soft);
        font-weight: 450;
      }
      .open .soft {
        font-weight: 400;
        font-size: var(--text-s);
      }
      .error {
        padding: 0 var(--space-4) var(--space-2);
        overflow-wrap: anywhere;
      }
    `,
  ];
  declare list: Loadable<ImageList>;
  declare details: Loadable<ImageDetails> | undefined;
  declare private opened: string | undefined;

  constructor() {
    super();
    this.list = { kind: "loading" };
    this.details = undefined;
    this.opened = undefined;
  }

  override render(): TemplateResult {
    const { list } = this;
    const images = list.kind === "ready" ? list.value.images : [];
    const state: ViewState = list.kind === "ready" && images.length === 0 ? "empty" : list.kind;
    return html`<slip-view
      state=${state}
      label="images"
      message=${list.kind === "failed" ? list.message : ""}
    >
      <p slot="empty">
        No images yet. Pull one above, or let <code>docker run</code> pull what it needs.
      </p>
      ${
        list.kind === "ready"
          ? html`<ul aria-label="Images">
              ${repeat(
                images,
                (one) => one.Id,
                (one) => this.#row(one, list.value),
              )}
            </ul>`
          : nothing
      }
    </slip-view>`;
  }

  #row(image: ImageSummary, list: ImageList): TemplateResult {
    const reference = image.RepoTags[0] ?? image.RepoDigests[0] ?? image.Id;
    const colon = reference.lastIndexOf(":");
    const hasTag = colon > reference.lastIndexOf("/") && !reference.startsWith("sha256:");
    const isOpen = this.opened === image.Id;
    const error = list.errors.get(image.Id);
    const age = humanDuration(Math.max(0, Date.now() / MS_PER_SECOND - image.Created));
    const others = image.RepoTags.slice(1);
    return html`<li class="image">
      <div class="row">
        <button
          class="quiet open"
          aria-expanded=${isOpen ? "true" : "false"}
          @click=${() => this.#toggle(image.Id)}
        >
          <span class="name"
            >${hasTag ? html`${reference.slice(0, colon)}<span class="tag">:${reference.slice(colon + 1)}</span>` : reference}</span
          >
          <span class="soft number"
            ><span class="mono">${shortID(image.Id)}</span> · ${age}
            old${others.length > 0 ? ` · also ${others.join(", ")}` : ""}</span
          >
        </button>
        <span class="number">${humanSize(image.Size)}</span>
        <button
          class="quiet icon danger"
          aria-label="Remove ${reference}"
          title="Remove ${reference}"
          aria-disabled=${list.busy.has(image.Id) ? "true" : "false"}
          @click=${() => list.busy.has(image.Id) || this.#emit("slip-image-remove", { id: image.Id, reference })}
        >
          <slip-icon name="remove"></slip-icon>
        </button>
      </div>
      ${error === undefined ? nothing : html`<p class="error" role="alert">${error}</p>`}
      ${isOpen && this.details !== undefined
        ? html`<slip-image .details=${this.details} .image=${image.Id}></slip-image>`
        : nothing}
    </li>`;
  }

  #toggle(id: string): void {
    this.opened = this.opened === id ? undefined : id;
    if (this.opened !== undefined) this.#emit("slip-image-open", { id });
  }

  #emit<K extends "slip-image-open" | "slip-image-remove">(
    type: K,
    detail: HTMLElementEventMap[K]["detail"],
  ): void {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }));
  }
}

customElements.define("slip-images", SlipImages);

declare global {
  interface HTMLElementTagNameMap {
    "slip-images": SlipImages;
  }
  interface HTMLElementEventMap {
    "slip-image-open": CustomEvent<{ readonly id: string }>;
    "slip-image-remove": CustomEvent<{ readonly id: string; readonly reference: string }>;
  }
}
