/** Follows the open log's store and hands its value to slip-logs. */
import { LitElement, css, html } from "lit";
import type { PropertyValues, TemplateResult } from "lit";
import type { OpenLog } from "../state/model.ts";
import { StoreController } from "../state/store.ts";

export class SlipLogView extends LitElement {
  static override properties = { open: { attribute: false } };
  static override styles = css`:host { display: block; height: 100%; }`;
  declare open: OpenLog;
  #followed: StoreController | undefined;

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has("open")) return;
    if (this.#followed !== undefined) {
      this.#followed.hostDisconnected();
      this.removeController(this.#followed);
    }
    this.#followed = new StoreController(this, this.open.log.log);
  }

  override render(): TemplateResult {
    return html`<slip-logs .log=${this.open.log.log.value} .name=${this.open.name}></slip-logs>`;
  }
}

customElements.define("slip-log-view", SlipLogView);

declare global {
  interface HTMLElementTagNameMap {
    "slip-log-view": SlipLogView;
  }
}
