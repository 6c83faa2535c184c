/**
 * One terminal: xterm over the bytes of a session. The one hard idea is backpressure: output is read
 * only as fast as xterm draws it, so that a flood waits in the container and the page keeps answering.
 */
import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import xtermStyles from "@xterm/xterm/css/xterm.css?inline";
import { LitElement, css, html, unsafeCSS } from "lit";
import type { PropertyValues, TemplateResult } from "lit";
import type { TerminalTab } from "../state/terminals.ts";
import { shared } from "../styles/shared.ts";
import { terminalTheme } from "./terminal-theme.ts";
import { WELCOME } from "./welcome.ts";

/** Lines kept above the screen: enough to read back, little enough to search and draw at once. */
const SCROLLBACK_LINES = 5000;
/** Handed to xterm and not yet drawn: little, so that ^C is seen at once. More draws no faster. */
const UNDRAWN_BYTES_MAX = 2 * 1024;
const FONT_SIZE_PX = 13;

export class SlipTerminal extends LitElement {
  static override properties = {
    tab: { attribute: false },
    themeShown: { type: String },
    screenReader: { type: Boolean },
    isActive: { type: Boolean },
  };
  static override styles = [
    unsafeCSS(xtermStyles),
    shared,
    css`
      :host { display: block; height: 100%; min-height: 0; background: var(--terminal); }
      .place { height: 100%; overflow: hidden; }
      /* Here and not on .place: the rows and columns that fit are reckoned from this element's padding. */
      .xterm { height: 100%; padding: var(--space-3) var(--space-1) var(--space-2) var(--space-3); }
      .xterm .xterm-viewport { background: transparent !important; }
    `,
  ];
  declare tab: TerminalTab;
  declare themeShown: string;
  declare screenReader: boolean;
  declare isActive: boolean;
  #terminal: Terminal | undefined;
  readonly #fit = new FitAddon();
  readonly #sizes = new ResizeObserver(() => this.#fitSoon());
  #output: ReadableStream<Uint8Array> | undefined;
  #frame = 0;
  #followed: TerminalTab["state"] | undefined;

  override render(): TemplateResult {
    return html`<div class="place"></div>`;
  }

  protected override firstUpdated(): void {
    const place = this.#place();
    const terminal = new Terminal({
      fontFamily: getComputedStyle(this).getPropertyValue("--font-mono"),
      fontSize: FONT_SIZE_PX,
      lineHeight: 1.25,
      scrollback: SCROLLBACK_LINES,
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      screenReaderMode: this.screenReader,
      theme: terminalTheme(this.#place()),
      minimumContrastRatio: 4.5,
    });
    this.#terminal = terminal;
    terminal.loadAddon(this.#fit);
    terminal.attachCustomKeyEventHandler((event) => this.#handleKey(event));
    terminal.open(place);
    terminal.onData((text) => this.#typed(text));
    terminal.onResize(({ cols, rows }) => this.#emit("slip-terminal-resize", { id: this.tab.id, columns: cols, rows }));
    terminal.onTitleChange((title) => this.#emit("slip-terminal-title", { id: this.tab.id, title }));
    terminal.write(WELCOME);
    this.#sizes.observe(place);
    this.#fitSoon();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#sizes.disconnect();
    this.#terminal?.dispose();
  }

  protected override updated(changed: PropertyValues): void {
    const terminal = this.#terminal;
    if (terminal === undefined) return;
    if (changed.has("themeShown")) terminal.options.theme = terminalTheme(this.#place());
    if (changed.has("screenReader")) terminal.options.screenReaderMode = this.screenReader;
    if (changed.has("tab")) this.#follow();
    if (changed.has("isActive") && this.isActive) this.#fitSoon();
  }

  override focus(): void {
    this.#terminal?.focus();
  }

  /** The text on screen and above, for tests and for copying everything. */
  get text(): string {
    const buffer = this.#terminal?.buffer.active;
    if (buffer === undefined) return "";
    const lines: string[] = [];
    for (let index = 0; index < buffer.length; index++) {
      const line = buffer.getLine(index);
      const isContinued = buffer.getLine(index + 1)?.isWrapped === true;
      lines.push((line?.translateToString(!isContinued) ?? "") + (isContinued ? "" : "\n"));
    }
    return lines.join("");
  }

  #place(): HTMLElement {
    return this.renderRoot.querySelector(".place") as HTMLElement; // Rendered just above.
  }

  #follow(): void {
    const { state } = this.tab;
    if (state === this.#followed) return;
    this.#followed = state;
    if (state.kind === "open" && state.output !== this.#output) {
      this.#output = state.output;
      void this.#draw(state.output);
    }
    if (state.kind === "ended") this.#say("\r\n\x1b[90mThe session ended. Press Enter for a new one.\x1b[0m\r\n");
    if (state.kind === "failed") this.#say(`\r\n\x1b[31m${state.message}\x1b[0m\r\n\x1b[90mPress Enter to try again.\x1b[0m\r\n`);
  }

  async #draw(output: ReadableStream<Uint8Array>): Promise<void> {
    const reader = output.getReader();
    try {
      let undrawnBytes = 0;
      let wake = (): void => undefined;
      for (;;) {
        const step = await reader.read();
        if (step.done) return;
        const sizeBytes = step.value.length;
        undrawnBytes += sizeBytes;
        this.#terminal?.write(step.value, () => {
          undrawnBytes -= sizeBytes;
          if (undrawnBytes <= UNDRAWN_BYTES_MAX) wake();
        });
        if (undrawnBytes > UNDRAWN_BYTES_MAX) await new Promise<void>((resolve) => (wake = resolve));
      }
    } catch (thrown) {
      this.#say(`\r\n\x1b[31m${thrown instanceof Error ? thrown.message : String(thrown)}\x1b[0m\r\n`);
    }
  }

  #say(text: string): void {
    this.#terminal?.write(text);
  }

  #typed(text: string): void {
    const { kind } = this.tab.state;
    if (kind === "ended" || kind === "failed") {
      if (text === "\r") this.#emit("slip-terminal-reopen", { id: this.tab.id });
      return;
    }
    this.#emit("slip-terminal-input", { id: this.tab.id, text });
  }

  /** False for keys that are the page's: F6 leaves the terminal, Ctrl+Shift+C and V are the clipboard. */
  #handleKey(event: KeyboardEvent): boolean {
    if (event.key === "F6") return false;
    const isClipboard = event.ctrlKey && event.shiftKey && (event.code === "KeyC" || event.code === "KeyV");
    if (isClipboard && event.type === "keydown" && event.code === "KeyC" && this.#terminal?.hasSelection() === true) {
      event.preventDefault();
      void navigator.clipboard.writeText(this.#terminal.getSelection());
    }
    return !isClipboard;
  }

  #fitSoon(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      if (this.offsetWidth > 0) this.#fit.fit();
    });
  }

  #emit<K extends keyof TerminalEvents>(type: K, detail: TerminalEvents[K]): void {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }));
  }
}

customElements.define("slip-terminal", SlipTerminal);

interface TerminalEvents {
  readonly "slip-terminal-input": { readonly id: number; readonly text: string };
  readonly "slip-terminal-resize": { readonly id: number; readonly columns: number; readonly rows: number };
  readonly "slip-terminal-title": { readonly id: number; readonly title: string };
  readonly "slip-terminal-reopen": { readonly id: number };
}

declare global {
  interface HTMLElementTagNameMap {
    "slip-terminal": SlipTerminal;
  }
  interface HTMLElementEventMap {
    "slip-terminal-input": CustomEvent<TerminalEvents["slip-terminal-input"]>;
    "slip-terminal-resize": CustomEvent<TerminalEvents["slip-terminal-resize"]>;
    "slip-terminal-title": CustomEvent<TerminalEvents["slip-terminal-title"]>;
    "slip-terminal-reopen": CustomEvent<TerminalEvents["slip-terminal-reopen"]>;
  }
}
