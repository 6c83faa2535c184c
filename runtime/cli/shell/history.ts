/** The lines typed before, the newest last; kept between sessions, without repetitions in a row. */
import type { KeyValue } from "../../client/docker-config.ts";

const HISTORY_KEY = "shell/history";
/** As bash's HISTSIZE; also keeps the stored value small. */
const LINES_MAX = 1000;

export class History {
  readonly #values: KeyValue;
  #lines: string[] = [];

  constructor(values: KeyValue) {
    this.#values = values;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  async load(): Promise<void> {
    this.#lines = await this.#read();
  }

  /** Lines that begin with a space are not remembered, as with bash's ignorespace. */
  async add(line: string): Promise<void> {
    if (line.trim() === "" || line.startsWith(" ") || this.#lines.at(-1) === line) return;
    this.#lines = [...this.#lines, line].slice(-LINES_MAX);
    // Another terminal may have added its own since: both are kept.
    const stored = await this.#read();
    if (stored.at(-1) !== line) stored.push(line);
    await this.#values.set(HISTORY_KEY, JSON.stringify(stored.slice(-LINES_MAX)));
  }

  async clear(): Promise<void> {
    this.#lines = [];
    await this.#values.delete(HISTORY_KEY);
  }

  async #read(): Promise<string[]> {
    const text = await this.#values.get(HISTORY_KEY);
    if (text === undefined) return [];
    try {
      const parsed: unknown = JSON.parse(text);
      return Array.isArray(parsed) ? parsed.filter((line) => typeof line === "string") : [];
    } catch (thrown) {
      if (thrown instanceof SyntaxError) return []; // A broken history is an empty one.
      throw thrown;
    }
  }
}
