/**
 * A terminal's screen for tests: enough of xterm (ctlseqs) to know what a person would see after vim, less or
 * htop have drawn. Colours are left out; what it does not know it notes in `unknown`.
 */

const CONTROL_SEQUENCE = String.raw`\x1b\[([?>=!]?)([0-9;:]*)([ $"']?)([@-~])`;
/** Titles and other strings, and designations of character sets: nothing to see. */
const STRINGS = String.raw`\x1b\]([^\x07\x1b]*)(?:\x07|\x1b\\)|\x1bP[^\x1b]*\x1b\\|\x1b([()*+#%])(.)`;
const SEQUENCE = new RegExp(String.raw`${CONTROL_SEQUENCE}|${STRINGS}|\x1b(.)|([\s\S])`, "gu");
const TAB_COLUMNS = 8;

export class Screen {
  readonly unknown = new Set<string>();
  #rows: number;
  #columns: number;
  #cells: string[][];
  #row = 0;
  #column = 0;
  #saved = [0, 0] as [number, number];
  #top = 0;
  #bottom: number;
  #wraps = false;
  #last = " ";

  constructor(rows: number, columns: number) {
    this.#rows = rows;
    this.#columns = columns;
    this.#bottom = rows - 1;
    this.#cells = Array.from({ length: rows }, () => this.#blank());
  }

  resize(rows: number, columns: number): void {
    this.#rows = rows;
    this.#columns = columns;
    this.#cells = Array.from({ length: rows }, (_unused, row) =>
      Array.from({ length: columns }, (_none, column) => this.#cells[row]?.[column] ?? " "),
    );
    [this.#top, this.#bottom] = [0, rows - 1];
    this.#moveTo(this.#row, this.#column);
  }

  write(bytes: Uint8Array): void {
    const text = Buffer.from(bytes).toString("utf8");
    for (const match of text.matchAll(SEQUENCE)) {
      const [, mark = "", parameters = "", , final, , , , simple, character] = match;
      if (final !== undefined) this.#sequence(mark, parameters, final);
      else if (simple !== undefined) this.#escape(simple);
      else if (character !== undefined) this.#character(character);
    }
  }

  get lines(): readonly string[] {
    return this.#cells.map((row) => row.join("").trimEnd());
  }

  get cursor(): readonly [number, number] {
    return [this.#row, this.#column];
  }

  #blank(): string[] {
    return Array<string>(this.#columns).fill(" ");
  }

  #moveTo(row: number, column: number): void {
    this.#row = Math.max(0, Math.min(this.#rows - 1, row));
    this.#column = Math.max(0, Math.min(this.#columns - 1, column));
    this.#wraps = false;
  }

  #character(character: string): void {
    if (character === "\n") this.#index();
    else if (character === "\r") this.#moveTo(this.#row, 0);
    else if (character === "\b") this.#moveTo(this.#row, this.#column - 1);
    else if (character === "\t")
      this.#moveTo(this.#row, (Math.floor(this.#column / TAB_COLUMNS) + 1) * TAB_COLUMNS);
    else if (character >= " " && character !== "\x7f") this.#put(character);
  }

  #put(character: string): void {
    if (this.#wraps) {
      this.#moveTo(this.#row, 0);
      this.#index();
    }
    const row = this.#cells[this.#row];
    if (row !== undefined) row[this.#column] = character;
    this.#last = character;
    if (this.#column === this.#columns - 1) this.#wraps = true;
    else this.#column += 1;
  }

  #index(): void {
    if (this.#row === this.#bottom) this.#scroll(1);
    else this.#moveTo(this.#row + 1, this.#column);
  }

  /** Up for positive counts, within the margins. */
  #scroll(count: number, top = this.#top): void {
    for (let done = 0; done < Math.abs(count); done++) {
      if (count > 0) {
        this.#cells.splice(top, 1);
        this.#cells.splice(this.#bottom, 0, this.#blank());
      } else {
        this.#cells.splice(this.#bottom, 1);
        this.#cells.splice(top, 0, this.#blank());
      }
    }
  }

  #escape(simple: string): void {
    if (simple === "M") {
      if (this.#row === this.#top) this.#scroll(-1);
      else this.#moveTo(this.#row - 1, this.#column);
    } else if (simple === "D") this.#index();
    else if (simple === "E") {
      this.#moveTo(this.#row, 0);
      this.#index();
    } else if (simple === "7") this.#saved = [this.#row, this.#column];
    else if (simple === "8") this.#moveTo(...this.#saved);
    else if (!"=>cHkl\\".includes(simple)) this.unknown.add(`ESC ${simple}`);
  }

  #sequence(mark: string, parameters: string, final: string): void {
    if (mark !== "") {
      if (mark === "?" && final === "h" && /1049|1047|47/.test(parameters)) this.#erase(2);
      return;
    }
    const numbers = parameters.split(";").map(Number);
    const first = numbers[0] ?? 0;
    const count = Math.max(1, first);
    if (!this.#move(final, count, numbers) && !this.#edit(final, first, count, numbers)) {
      if (!"mnthlcgqp".includes(final)) this.unknown.add(`CSI ${final}`);
    }
  }

  #move(final: string, count: number, numbers: readonly number[]): boolean {
    const [row, column] = [this.#row, this.#column];
    if (final === "A") this.#moveTo(row - count, column);
    else if (final === "B" || final === "e") this.#moveTo(row + count, column);
    else if (final === "C" || final === "a") this.#moveTo(row, column + count);
    else if (final === "D") this.#moveTo(row, column - count);
    else if (final === "E") this.#moveTo(row + count, 0);
    else if (final === "F") this.#moveTo(row - count, 0);
    else if (final === "G" || final === "`") this.#moveTo(row, count - 1);
    else if (final === "d") this.#moveTo(count - 1, column);
    else if (final === "H" || final === "f") this.#moveTo(count - 1, Math.max(1, numbers[1] ?? 1) - 1);
    else if (final === "s") this.#saved = [row, column];
    else if (final === "u") this.#moveTo(...this.#saved);
    else return false;
    return true;
  }

  #edit(final: string, first: number, count: number, numbers: readonly number[]): boolean {
    const row = this.#cells[this.#row] ?? [];
    const rest = this.#columns - this.#column;
    if (final === "J") this.#erase(first);
    else if (final === "K") {
      if (first === 0) row.fill(" ", this.#column);
      else row.fill(" ", 0, first === 1 ? this.#column + 1 : this.#columns);
    } else if (final === "X") row.fill(" ", this.#column, this.#column + count);
    else if (final === "P")
      row.splice(this.#columns, 0, ...row.splice(this.#column, Math.min(count, rest)).map(() => " "));
    else if (final === "@") {
      row.splice(this.#column, 0, ...Array<string>(Math.min(count, rest)).fill(" "));
      row.length = this.#columns;
    } else if (final === "L") this.#scroll(-count, this.#row);
    else if (final === "M") this.#scroll(count, this.#row);
    else if (final === "S") this.#scroll(count);
    else if (final === "T") this.#scroll(-count);
    else if (final === "b") for (let done = 0; done < count; done++) this.#put(this.#last);
    else if (final === "r") {
      [this.#top, this.#bottom] = [count - 1, (numbers[1] ?? 0) > 0 ? (numbers[1] ?? 0) - 1 : this.#rows - 1];
      this.#moveTo(0, 0);
    } else return false;
    return true;
  }

  #erase(how: number): void {
    for (let row = 0; row < this.#rows; row++) {
      const cells = this.#cells[row] ?? [];
      if (how === 2 || how === 3 || (how === 0 && row > this.#row) || (how === 1 && row < this.#row))
        cells.fill(" ");
      else if (row === this.#row && how === 0) cells.fill(" ", this.#column);
      else if (row === this.#row) cells.fill(" ", 0, this.#column + 1);
    }
  }
}
