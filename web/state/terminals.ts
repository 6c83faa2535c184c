/**
 * The terminal tabs and the session behind each. A tab outlives its session: when the user ends the
 * session, or its worker fails, the tab says so and can begin another.
 */
import type { Slipway, TerminalSession } from "../../runtime/client/slipway.ts";
import { messageOf } from "./messages.ts";
import { Store } from "./store.ts";

export interface TerminalTab {
  readonly id: number;
  readonly title: string;
  readonly state:
    | { readonly kind: "opening" }
    | { readonly kind: "open"; readonly output: ReadableStream<Uint8Array> }
    | { readonly kind: "ended" }
    | { readonly kind: "failed"; readonly message: string };
}

export interface TerminalTabs {
  readonly tabs: readonly TerminalTab[];
  readonly active: number;
}

/** Until the element has measured itself. */
const FIRST_SIZE = { columns: 80, rows: 24 };

interface Line {
  readonly session: TerminalSession;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
}

export class Terminals {
  readonly tabs = new Store<TerminalTabs>({ tabs: [], active: 0 });
  readonly #slipway: Slipway;
  readonly #lines = new Map<number, Line>();
  readonly #sizes = new Map<number, { columns: number; rows: number }>();
  /** Typed before the session was there. */
  readonly #typedAhead = new Map<number, string>();
  readonly #encoder = new TextEncoder();
  #nextId = 1;

  constructor(slipway: Slipway) {
    this.#slipway = slipway;
  }

  open(): void {
    const id = this.#nextId++;
    const tab: TerminalTab = { id, title: defaultTitle(id), state: { kind: "opening" } };
    this.tabs.set({ tabs: [...this.tabs.value.tabs, tab], active: id });
    void this.#begin(id);
  }

  /** A new session in a tab whose session is over. */
  reopen(id: number): void {
    this.#put(id, { kind: "opening" });
    void this.#begin(id);
  }

  activate(id: number): void {
    this.tabs.set({ ...this.tabs.value, active: id });
  }

  /** As the session itself asks, by the escape sequence for titles; an empty one is the tab's own again. */
  rename(id: number, title: string): void {
    const { tabs, active } = this.tabs.value;
    const shown = title === "" ? defaultTitle(id) : title;
    this.tabs.set({ tabs: tabs.map((tab) => (tab.id === id ? { ...tab, title: shown } : tab)), active });
  }

  close(id: number): void {
    this.#lines.get(id)?.session.dispose();
    this.#lines.delete(id);
    const { tabs, active } = this.tabs.value;
    const index = tabs.findIndex((tab) => tab.id === id);
    const kept = tabs.filter((tab) => tab.id !== id);
    const next = active === id ? kept[Math.max(0, index - 1)]?.id ?? 0 : active;
    this.tabs.set({ tabs: kept, active: next });
    if (kept.length === 0) this.open();
  }

  send(id: number, text: string): void {
    const line = this.#lines.get(id);
    if (line === undefined) this.#typedAhead.set(id, (this.#typedAhead.get(id) ?? "") + text);
    // Fails only when the session has just ended, which the tab shows by itself.
    else line.writer.write(this.#encoder.encode(text)).catch(() => undefined);
  }

  /** Types a command into the terminal that is shown, and runs it. */
  run(command: string): void {
    this.send(this.tabs.value.active, `${command}\r`);
  }

  resize(id: number, size: { columns: number; rows: number }): void {
    this.#sizes.set(id, size);
    this.#lines.get(id)?.session.resize(size);
  }

  async #begin(id: number): Promise<void> {
    try {
      const session = await this.#slipway.openTerminal(this.#sizes.get(id) ?? FIRST_SIZE);
      if (!this.tabs.value.tabs.some((tab) => tab.id === id)) {
        session.dispose();
        return;
      }
      const size = this.#sizes.get(id);
      if (size !== undefined) session.resize(size);
      this.#lines.set(id, { session, writer: session.connection.writable.getWriter() });
      this.#put(id, { kind: "open", output: session.connection.readable });
      const ahead = this.#typedAhead.get(id);
      this.#typedAhead.delete(id);
      if (ahead !== undefined) this.send(id, ahead);
      await session.closed;
      this.#lines.delete(id);
      session.dispose();
      this.#put(id, { kind: "ended" });
    } catch (thrown) {
      this.#put(id, { kind: "failed", message: messageOf(thrown) });
    }
  }

  #put(id: number, state: TerminalTab["state"]): void {
    const { tabs, active } = this.tabs.value;
    this.tabs.set({ tabs: tabs.map((tab) => (tab.id === id ? { ...tab, state } : tab)), active });
  }
}

function defaultTitle(id: number): string {
  return `Terminal ${id}`;
}
