/**
 * Reads one line from a terminal as readline does: editing keys, history, incremental search,
 * completion. Keys come from whoever owns the terminal's input; a line is over at Enter, ^C or ^D.
 */
import type { History } from "./history.ts";
import type { Key } from "./keys.ts";
import { LineBuffer } from "./line-buffer.ts";
import { Screen } from "./screen.ts";

export type LineResult =
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "cancelled" }
  | { readonly kind: "end" };

export interface Completion {
  /** Where the word being completed begins, in characters of the text before the cursor. */
  readonly start: number;
  readonly candidates: readonly string[];
}

export interface EditorOptions {
  write(text: string): Promise<void>;
  columns(): number;
  readonly history: History;
  complete(textBeforeCursor: string): Promise<Completion>;
}

/** More candidates than this are counted, not listed. */
const CANDIDATES_SHOWN_MAX = 100;

interface Search {
  query: string;
  /** Index into the history of the match shown. */
  at: number;
  isFailed: boolean;
}

export class LineEditor {
  readonly #options: EditorOptions;
  readonly #screen: Screen;
  readonly #buffer = new LineBuffer();
  #prompt = "";
  /** Where in the history the line is; its length means the line being written. */
  #historyAt = 0;
  #draft = "";
  #search: Search | undefined;
  #finish: ((result: LineResult) => void) | undefined;
  #work: Promise<void> = Promise.resolve();
  #hasJustCompleted = false;

  constructor(options: EditorOptions) {
    this.#options = options;
    this.#screen = new Screen(() => options.columns());
  }

  get isReading(): boolean {
    return this.#finish !== undefined;
  }

  async read(prompt: string): Promise<LineResult> {
    this.#prompt = prompt;
    this.#buffer.set("");
    this.#historyAt = this.#options.history.lines.length;
    this.#screen.reset();
    const result = new Promise<LineResult>((resolve) => (this.#finish = resolve));
    await this.#options.write(`\x1b[?2004h${this.#drawn()}`);
    return result;
  }

  /** One key. Keys are handled in order, each after the one before is done. */
  handle(key: Key): Promise<void> {
    this.#work = this.#work.then(() => this.#handle(key));
    return this.#work;
  }

  /** Draws the line again, for a terminal of another size. */
  async redraw(): Promise<void> {
    if (this.isReading) await this.#options.write(this.#drawn());
  }

  async #handle(key: Key): Promise<void> {
    if (this.#search !== undefined && (await this.#searchKey(key, this.#search))) return;
    const wasCompletion = this.#hasJustCompleted;
    this.#hasJustCompleted = false;
    if (key.kind === "key") return this.#named(key.name, wasCompletion);
    this.#buffer.insert(key.kind === "paste" ? key.text.replace(/\n$/, "") : key.text);
    await this.#options.write(this.#drawn());
  }

  async #named(name: string, wasCompletion: boolean): Promise<void> {
    if (name === "enter") return this.#end({ kind: "line", text: this.#buffer.text });
    if (name === "ctrl-c") return this.#end({ kind: "cancelled" }, "^C");
    if (name === "ctrl-d" && this.#buffer.text === "") return this.#end({ kind: "end" });
    if (name === "tab") return this.#complete(wasCompletion);
    if (name === "ctrl-r") {
      this.#search = { query: "", at: this.#options.history.lines.length, isFailed: false };
    } else if (name === "ctrl-l") {
      this.#screen.reset();
      await this.#options.write("\x1b[H\x1b[2J");
    } else if (!this.#edit(name)) {
      return;
    }
    await this.#options.write(this.#drawn());
  }

  /** Whether `name` is an editing key. */
  #edit(name: string): boolean {
    const buffer = this.#buffer;
    const edits: Readonly<Record<string, () => unknown>> = {
      backspace: () => buffer.deleteBackward(),
      delete: () => buffer.deleteForward(),
      left: () => buffer.moveBy(-1),
      right: () => buffer.moveBy(1),
      home: () => buffer.moveTo(0),
      end: () => buffer.moveToEnd(),
      up: () => this.#browse(-1),
      down: () => this.#browse(1),
      "ctrl-a": () => buffer.moveTo(0),
      "ctrl-b": () => buffer.moveBy(-1),
      "ctrl-d": () => buffer.deleteForward(),
      "ctrl-e": () => buffer.moveToEnd(),
      "ctrl-f": () => buffer.moveBy(1),
      "ctrl-k": () => buffer.killToEnd(),
      "ctrl-n": () => this.#browse(1),
      "ctrl-p": () => this.#browse(-1),
      "ctrl-t": () => buffer.transpose(),
      "ctrl-u": () => buffer.killToStart(),
      "ctrl-w": () => buffer.killSpaceWord(),
      "ctrl-y": () => buffer.yank(),
      "ctrl-left": () => buffer.moveWord(-1),
      "ctrl-right": () => buffer.moveWord(1),
      "alt-left": () => buffer.moveWord(-1),
      "alt-right": () => buffer.moveWord(1),
      "alt-b": () => buffer.moveWord(-1),
      "alt-f": () => buffer.moveWord(1),
      "alt-d": () => buffer.killWord(1),
      "alt-backspace": () => buffer.killWord(-1),
      "alt-<": () => this.#browse(-this.#historyAt),
      "alt->": () => this.#browse(this.#options.history.lines.length - this.#historyAt),
    };
    const edit = edits[name];
    edit?.();
    return edit !== undefined;
  }

  #browse(step: number): void {
    const { lines } = this.#options.history;
    const next = Math.min(Math.max(0, this.#historyAt + step), lines.length);
    if (next === this.#historyAt) return;
    if (this.#historyAt === lines.length) this.#draft = this.#buffer.text;
    this.#historyAt = next;
    this.#buffer.set(lines[next] ?? this.#draft);
  }

  async #complete(isSecondTab: boolean): Promise<void> {
    const before = this.#buffer.beforeCursor;
    const { start, candidates } = await this.#options.complete(before);
    this.#hasJustCompleted = true;
    if (candidates.length === 0) return this.#options.write("\x07");
    const typed = before.slice(start);
    const common = commonPrefix(candidates);
    if (candidates.length === 1)
      this.#buffer.insert(`${common.slice(typed.length)}${common.endsWith("=") ? "" : " "}`);
    else if (common.length > typed.length) this.#buffer.insert(common.slice(typed.length));
    else if (isSecondTab) return this.#options.write(this.#listed(candidates));
    else return this.#options.write("\x07");
    await this.#options.write(this.#drawn());
  }

  #listed(candidates: readonly string[]): string {
    const leave = this.#screen.leave(this.#prompt, this.#buffer.text);
    const shown = candidates.slice(0, CANDIDATES_SHOWN_MAX);
    const width = Math.max(...shown.map((candidate) => candidate.length)) + 2;
    const perRow = Math.max(1, Math.floor(this.#options.columns() / width));
    let text = "";
    for (let start = 0; start < shown.length; start += perRow) {
      text += `${shown
        .slice(start, start + perRow)
        .map((candidate) => candidate.padEnd(width))
        .join("")
        .trimEnd()}\r\n`;
    }
    if (candidates.length > shown.length) text += `… and ${candidates.length - shown.length} more\r\n`;
    return leave + text + this.#drawn();
  }

  /** Whether the key belonged to the search. */
  async #searchKey(key: Key, search: Search): Promise<boolean> {
    if (key.kind !== "key") this.#find(search, search.query + key.text, search.at);
    else if (key.name === "backspace")
      this.#find(search, search.query.slice(0, -1), this.#options.history.lines.length);
    else if (key.name === "ctrl-r") this.#find(search, search.query, search.at - 1);
    else {
      this.#search = undefined;
      if (key.name === "ctrl-g" || key.name === "ctrl-c") this.#buffer.set(this.#draft);
      if (["escape", "ctrl-g", "ctrl-c", "ctrl-j"].includes(key.name)) {
        await this.#options.write(this.#drawn());
        return true;
      }
      return false;
    }
    await this.#options.write(this.#drawn());
    return true;
  }

  #find(search: Search, query: string, from: number): void {
    search.query = query;
    const { lines } = this.#options.history;
    for (let at = Math.min(from, lines.length - 1); at >= 0; at--) {
      const line = lines[at] ?? "";
      if (!line.includes(query)) continue;
      search.at = at;
      search.isFailed = false;
      this.#historyAt = at;
      this.#buffer.set(line);
      return;
    }
    search.isFailed = query !== "";
  }

  async #end(result: LineResult, mark = ""): Promise<void> {
    this.#search = undefined;
    const finish = this.#finish;
    this.#finish = undefined;
    const text = this.#buffer.text;
    this.#buffer.moveToEnd();
    const drawn = this.#drawn();
    const leave = result.kind === "end" ? "" : this.#screen.leave(this.#prompt, text + mark);
    await this.#options.write(`${drawn}${mark}${leave}\x1b[?2004l`);
    finish?.(result);
  }

  #drawn(): string {
    const { text, beforeCursor } = this.#buffer;
    const search = this.#search;
    if (search === undefined) return this.#screen.draw(this.#prompt, text, beforeCursor);
    const prompt = `(${search.isFailed ? "failed " : ""}reverse-i-search)\`${search.query}': `;
    return this.#screen.draw(prompt, text, beforeCursor);
  }
}

function commonPrefix(texts: readonly string[]): string {
  let prefix = texts[0] ?? "";
  for (const text of texts) while (!text.startsWith(prefix)) prefix = prefix.slice(0, -1);
  return prefix;
}
