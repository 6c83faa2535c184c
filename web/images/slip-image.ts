/** One image opened up: what it runs, and its history as a stack of layers with their sizes. Renders only. */
import { LitElement, css, html, nothing } from "lit";
import type { TemplateResult } from "lit";
import type { HistoryItem } from "../state/api-types.ts";
import { humanSize } from "../state/format.ts";
import type { ImageDetails } from "../state/images.ts";
import type { Loadable } from "../state/store.ts";
import { shared } from "../styles/shared.ts";

/** A word or two of shell before the instruction itself says nothing to a reader. */
const SHELL_PREFIX = /^\/bin\/sh -c (#\(nop\)\s*)?/;

export class SlipImage extends LitElement {
  static override properties = { details: { attribute: false } };
  static override styles = [
    shared,
    css`
      :host {
        display: block;
        padding: 0 var(--space-4) var(--space-4);
      }
      dl {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: var(--space-1) var(--space-4);
        padding-block-end: var(--space-3);
      }
      dt {
        color: var(--ink-soft);
      }
      dd {
        overflow-wrap: anywhere;
      }
      h4 {
        margin: 0 0 var(--space-2);
        font-size: var(--text-m);
        font-weight: 600;
      }
      ol {
        border: 1px solid var(--line);
        border-radius: var(--round);
        overflow: hidden;
        background: var(--surface);
      }
      li {
        position: relative;
        display: grid;
        grid-template-columns: 1fr auto;
        gap: var(--space-3);
        padding: var(--space-2) var(--space-3);
      }
      li + li {
        border-block-start: 1px solid var(--line);
      }
      li::before {
        content: "";
        position: absolute;
        inset: 0 auto 0 0;
        width: var(--share, 0%);
        background: var(--sea-wash);
      }
      li > * {
        position: relative;
      }
      li code {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
    `,
  ];
  declare details: Loadable<ImageDetails>;

  constructor() {
    super();
    this.details = { kind: "loading" };
  }

  override render(): TemplateResult {
    const { details } = this;
    return html`<slip-view
      state=${details.kind}
      label="the image"
      message=${details.kind === "failed" ? details.message : ""}
    >
      ${details.kind === "ready" ? this.#content(details.value) : nothing}
    </slip-view>`;
  }

  #content({ inspect, history }: ImageDetails): TemplateResult {
    const config = inspect.Config;
    const platform = [inspect.Os, inspect.Architecture, inspect.Variant]
      .filter((part) => part !== undefined && part !== "")
      .join("/");
    const command = [...(config?.Entrypoint ?? []), ...(config?.Cmd ?? [])].join(" ");
    const largest = Math.max(1, ...history.map((item) => item.Size));
    const count = inspect.RootFS?.Layers?.length ?? 0;
    return html`<dl>
        <dt>Platform</dt>
        <dd>${platform}</dd>
        <dt>Runs</dt>
        <dd><code>${command === "" ? "nothing by default" : command}</code></dd>
        ${
          config?.WorkingDir === undefined || config.WorkingDir === ""
            ? nothing
            : html`<dt>In</dt>
                <dd><code>${config.WorkingDir}</code></dd>`
        }
        ${
          inspect.RepoDigests?.[0] === undefined
            ? nothing
            : html`<dt>Digest</dt>
                <dd><code>${inspect.RepoDigests[0].split("@")[1]}</code></dd>`
        }
      </dl>
      <h4>${count} ${count === 1 ? "layer" : "layers"}, newest first</h4>
      <ol>
        ${history.map((item) => this.#layer(item, largest))}
      </ol>`;
  }

  #layer(item: HistoryItem, largest: number): TemplateResult {
    const by = item.CreatedBy.replace(SHELL_PREFIX, "");
    const text = by !== "" ? by : item.Comment !== "" ? item.Comment : "no instruction recorded";
    return html`<li style="--share: ${((item.Size / largest) * 100).toFixed(1)}%">
      <code title=${item.CreatedBy}>${text}</code
      ><span class="number">${humanSize(item.Size)}</span>
    </li>`;
  }
}

customElements.define("slip-image", SlipImage);

declare global {
  interface HTMLElementTagNameMap {
    "slip-image": SlipImage;
  }
}
