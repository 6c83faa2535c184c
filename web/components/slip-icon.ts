/**
 * Icons: drawn on a 16-unit grid with one stroke, in the colour of the text around them. Decorative
 * always: the button or label beside an icon says what it means.
 */
import { LitElement, css, html, svg } from "lit";
import type { TemplateResult } from "lit";

const drawings = {
  start: svg`<path d="M5 3.5 12 8l-7 4.5z"/>`,
  stop: svg`<path d="M4.5 4.5h7v7h-7z"/>`,
  restart: svg`<path d="M12.5 8a4.5 4.5 0 1 1-1.5-3.4M12.5 2.5v3h-3"/>`,
  kill: svg`<path d="m4 4 8 8m0-8-8 8"/>`,
  remove: svg`<path d="M3 4.5h10M6.5 4.5v-2h3v2m-5 0 .6 9h5.8l.6-9"/>`,
  logs: svg`<path d="M3 4h10M3 8h10M3 12h6"/>`,
  close: svg`<path d="m4.5 4.5 7 7m0-7-7 7"/>`,
  add: svg`<path d="M8 3v10M3 8h10"/>`,
  settings: svg`<path d="M2.5 5h6m4 0h1M2.5 11h1m4 0h6"/><circle cx="10.5" cy="5" r="2"/><circle cx="5.5" cy="11" r="2"/>`,
  light: svg`<circle cx="8" cy="8" r="3"/><path d="M8 1.5v1.5m0 10v1.5M1.5 8H3m10 0h1.5M3.4 3.4l1 1m7.2 7.2 1 1m0-9.2-1 1m-7.2 7.2-1 1"/>`,
  dark: svg`<path d="M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z"/>`,
  pull: svg`<path d="M8 2.5v8m-3-3 3 3 3-3M3 13.5h10"/>`,
  copy: svg`<path d="M6 6h7v7H6zM10 6V3H3v7h3"/>`,
  back: svg`<path d="M10 3.5 5.5 8l4.5 4.5"/>`,
  reader: svg`<circle cx="8" cy="3.5" r="1.2"/><path d="M3 6.5c3 .8 7 .8 10 0M8 7v3m0 0-2.5 4M8 10l2.5 4"/>`,
} satisfies Record<string, TemplateResult>;

export type IconName = keyof typeof drawings;

export class SlipIcon extends LitElement {
  static override properties = { name: { type: String } };
  static override styles = css`
    :host {
      display: inline-flex;
      width: 1rem;
      height: 1rem;
      flex: none;
    }
    svg {
      width: 100%;
      height: 100%;
      fill: none;
      stroke: currentColor;
      stroke-width: 1.5;
      stroke-linecap: round;
      stroke-linejoin: round;
    }
  `;
  declare name: IconName;

  override render(): TemplateResult {
    return html`<svg viewBox="0 0 16 16" aria-hidden="true">${drawings[this.name]}</svg>`;
  }
}

customElements.define("slip-icon", SlipIcon);

declare global {
  interface HTMLElementTagNameMap {
    "slip-icon": SlipIcon;
  }
}
