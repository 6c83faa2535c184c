/** The containers, newest first: state, image, age, and what can be done to each. Renders only. */
import { LitElement, css, html, nothing } from "lit";
import type { PropertyValues, TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { ContainerSummary } from "../state/api-types.ts";
import type { ContainerAction, ContainerList } from "../state/containers.ts";
import { shortID } from "../state/format.ts";
import type { Loadable } from "../state/store.ts";
import { shared } from "../styles/shared.ts";
import type { ViewState } from "../components/slip-view.ts";
import type { IconName } from "../components/slip-icon.ts";

const RUNNING: readonly ContainerAction[] = ["stop", "restart", "kill"];
const RESTING: readonly ContainerAction[] = ["start", "remove"];
const VERBS: Record<ContainerAction, string> = {
  start: "Start",
  stop: "Stop",
  restart: "Restart",
  kill: "Kill",
  remove: "Remove",
};

export const nameOf = (container: ContainerSummary): string =>
  (container.Names?.[0] ?? shortID(container.Id ?? "")).replace(/^\//, "");

export class SlipContainers extends LitElement {
  static override properties = { list: { attribute: false }, announcement: { state: true } };
  static override styles = [
    shared,
    css`
      :host {
        display: block;
      }
      li {
        display: grid;
        grid-template-columns: auto 1fr auto;
        gap: 0 var(--space-3);
        padding: var(--space-3) var(--space-4);
        border-block-end: 1px solid var(--line);
      }
      li:hover {
        background: var(--hover);
      }
      .mark {
        width: 0.625rem;
        height: 0.625rem;
        margin-block-start: 0.35rem;
        border: 2px solid var(--line-strong);
        border-radius: 50%;
      }
      [data-state="running"] .mark {
        background: var(--good);
        border-color: var(--good);
      }
      [data-state="created"] .mark {
        border-style: dotted;
      }
      [data-state="paused"] .mark {
        border-radius: 0;
        border-width: 0 3px;
        border-color: var(--warn);
      }
      [data-failed] .mark {
        border-color: var(--bad);
      }
      .who {
        min-width: 0;
      }
      h3 {
        font-size: var(--text-l);
        font-weight: 600;
        overflow-wrap: anywhere;
      }
      .what {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        font-family: var(--font-mono);
        font-size: var(--text-s);
      }
      [data-state="running"] .status {
        color: var(--good);
      }
      [data-failed] .status {
        color: var(--bad);
      }
      .actions {
        display: flex;
        align-items: start;
      }
      .error {
        grid-column: 2 / -1;
        padding-block-start: var(--space-1);
        overflow-wrap: anywhere;
      }
      @media (max-width: 26rem) {
        li {
          grid-template-columns: auto 1fr;
        }
        .actions {
          grid-column: 2;
          margin-inline-start: calc(-1 * var(--space-2));
        }
      }
    `,
  ];
  declare list: Loadable<ContainerList>;
  /** What changed, for screen readers. */
  declare private announcement: string;
  #states = new Map<string, string>();

  constructor() {
    super();
    this.list = { kind: "loading" };
    this.announcement = "";
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has("list") || this.list.kind !== "ready") return;
    const states = new Map(this.list.value.containers.map((one) => [nameOf(one), one.State ?? ""]));
    const news = [...states].filter(
      ([name, state]) => this.#states.has(name) && this.#states.get(name) !== state,
    );
    if (news.length > 0)
      this.announcement = news.map(([name, state]) => `${name} is ${state}`).join(", ");
    this.#states = states;
  }

  override render(): TemplateResult {
    const { list } = this;
    const containers = list.kind === "ready" ? list.value.containers : [];
    const state: ViewState = list.kind === "ready" && containers.length === 0 ? "empty" : list.kind;
    return html`<div class="visually-hidden" role="status" aria-live="polite">
        ${this.announcement}
      </div>
      <slip-view
        state=${state}
        label="containers"
        message=${list.kind === "failed" ? list.message : ""}
      >
        <div slot="empty">
          <p>
            No containers yet. A container stays here after it ends unless it was run with
            <code>--rm</code>.
          </p>
        </div>
        <slip-try slot="empty" command="docker run --name hello hello-wasi"></slip-try>
        ${
          list.kind === "ready"
            ? html`<ul aria-label="Containers">
                ${repeat(
                  containers,
                  (one) => one.Id,
                  (one) => this.#row(one, list.value),
                )}
              </ul>`
            : nothing
        }
      </slip-view>`;
  }

  #row(container: ContainerSummary, list: ContainerList): TemplateResult {
    const id = container.Id ?? "";
    const name = nameOf(container);
    const state = container.State ?? "";
    const isFailed = /^(Exited \((?!0\))|Dead)/.test(container.Status ?? "");
    const error = list.errors.get(id);
    const actions = state === "running" || state === "restarting" ? RUNNING : RESTING;
    return html`<li
      data-state=${state}
      ?data-failed=${isFailed}
      aria-busy=${list.busy.has(id) ? "true" : "false"}
    >
      <span class="mark" aria-hidden="true"></span>
      <div class="who">
        <h3>${name}</h3>
        <p class="what soft" title=${`${container.Image ?? ""} ${container.Command ?? ""}`}>
          ${container.Image} · ${container.Command}
        </p>
        <p class="status number">${container.Status === "" ? state : container.Status}</p>
      </div>
      <div class="actions" role="group" aria-label=${`Actions for ${name}`}>
        ${this.#button("logs", `Logs of ${name}`, false, () => this.#emit("slip-logs", { id, name }))}
        ${actions.map((action) =>
          this.#button(action, `${VERBS[action]} ${name}`, list.busy.has(id), () =>
            this.#emit("slip-container", { id, action }),
          ),
        )}
      </div>
      ${error === undefined ? nothing : html`<p class="error" role="alert">${error}</p>`}
    </li>`;
  }

  /** Busy, not disabled: a button that is disabled under the focus loses it. */
  #button(icon: IconName, label: string, isBusy: boolean, click: () => void): TemplateResult {
    const kind = icon === "kill" || icon === "remove" ? "quiet icon danger" : "quiet icon";
    return html`<button
      class=${kind}
      aria-label=${label}
      title=${label}
      aria-disabled=${isBusy ? "true" : "false"}
      @click=${isBusy ? nothing : click}
    >
      <slip-icon name=${icon}></slip-icon>
    </button>`;
  }

  #emit<K extends "slip-logs" | "slip-container">(
    type: K,
    detail: HTMLElementEventMap[K]["detail"],
  ): void {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }));
  }
}

customElements.define("slip-containers", SlipContainers);

declare global {
  interface HTMLElementTagNameMap {
    "slip-containers": SlipContainers;
  }
  interface HTMLElementEventMap {
    "slip-logs": CustomEvent<{ readonly id: string; readonly name: string }>;
    "slip-container": CustomEvent<{ readonly id: string; readonly action: ContainerAction }>;
  }
}
