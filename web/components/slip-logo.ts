/** The mark: a hull on an inclined way, about to meet the water, one container aboard. */
import { LitElement, css, html } from "lit";
import type { TemplateResult } from "lit";

export class SlipLogo extends LitElement {
  static override styles = css`
    :host { display: inline-flex; width: 1.75rem; height: 1.75rem; flex: none; }
    svg { width: 100%; height: 100%; }
    .hull { fill: var(--ink); }
    .cargo { fill: var(--signal); }
    .way { stroke: var(--ink-soft); }
    .water { stroke: var(--sea); }
    path, line { stroke-linecap: round; fill: none; stroke-width: 2; }
    path.hull { stroke: none; }
  `;

  override render(): TemplateResult {
    return html`<svg viewBox="0 0 32 32" aria-hidden="true">
      <g transform="rotate(14 16 16)">
        <rect class="cargo" x="9" y="7" width="9" height="6" rx="0.8"></rect>
        <path class="hull" d="M4 15h25c-1 4.5-4 7-8 7H8.5C6 22 4 19.500 4 15z"></path>
        <line class="way" x1="2" y1="25" x2="27" y2="25"></line>
      </g>
      <path class="water" d="M19 30c1.500-1.200 3-1.200 4.500 0s3 1.200 4.500 0"></path>
    </svg>`;
  }
}

customElements.define("slip-logo", SlipLogo);

declare global {
  interface HTMLElementTagNameMap {
    "slip-logo": SlipLogo;
  }
}
