/**
 * A part of a whole as a level on a scale, ticked like the draught marks on a hull: progress of a
 * layer (thin) or use of the quota (tall, with marks). Without a total it shows that work goes on.
 */
import { LitElement, css, html } from "lit";
import type { TemplateResult } from "lit";

export class SlipGauge extends LitElement {
  static override properties = {
    value: { type: Number },
    total: { type: Number },
    label: { type: String },
    marked: { type: Boolean, reflect: true },
  };
  static override styles = css`
    :host {
      display: block;
      --level: 0%;
    }
    .scale {
      position: relative;
      height: 4px;
      overflow: hidden;
      border-radius: 2px;
      background: var(--line);
    }
    .level {
      position: absolute;
      inset: 0 auto 0 0;
      width: var(--level);
      background: var(--sea);
      transition: width var(--motion);
    }
    .unknown .level {
      width: 30%;
      animation: drift 1.4s ease-in-out infinite alternate;
    }
    @keyframes drift {
      from {
        left: 0;
      }
      to {
        left: 70%;
      }
    }
    :host([marked]) .scale {
      height: 1.25rem;
      border-radius: var(--round);
      border: 1px solid var(--line-strong);
      background:
        linear-gradient(90deg, var(--line-strong) 1px, transparent 1px) -1px 0 / 10% 100%,
        var(--sunken);
    }
    :host([marked]) .level {
      background: color-mix(in srgb, var(--sea) 72%, transparent);
      min-width: 2px;
    }
    @media (prefers-reduced-motion: reduce) {
      .unknown .level {
        animation: none;
        width: 100%;
        opacity: 0.4;
      }
    }
  `;
  declare value: number;
  /** Zero when it is not known. */
  declare total: number;
  declare label: string;
  declare marked: boolean;

  constructor() {
    super();
    this.value = 0;
    this.total = 0;
    this.label = "";
    this.marked = false;
  }

  override render(): TemplateResult {
    const isKnown = this.total > 0;
    const percent = isKnown ? Math.min(100, (this.value / this.total) * 100) : 0;
    this.style.setProperty("--level", `${percent.toFixed(2)}%`);
    return html`<div
      class="scale ${isKnown ? "" : "unknown"}"
      role="progressbar"
      aria-label=${this.label}
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${isKnown ? Math.round(percent) : ""}
    >
      <div class="level"></div>
    </div>`;
  }
}

customElements.define("slip-gauge", SlipGauge);

declare global {
  interface HTMLElementTagNameMap {
    "slip-gauge": SlipGauge;
  }
}
