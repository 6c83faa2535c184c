/**
 * The line being edited: text and a cursor between its characters (what a person sees as one, combining
 * marks included), with emacs' moves and its kill ring of one.
 */

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

function charactersOf(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

const WORD = /[\p{L}\p{N}_]/u;

export class LineBuffer {
  #characters: string[] = [];
  #cursor = 0;
  #killed = "";
  #isKilling = false;

  get text(): string {
    return this.#characters.join("");
  }

  get beforeCursor(): string {
    return this.#characters.slice(0, this.#cursor).join("");
  }

  get isAtEnd(): boolean {
    return this.#cursor === this.#characters.length;
  }

  set(text: string): void {
    this.#characters = charactersOf(text);
    this.#cursor = this.#characters.length;
    this.#isKilling = false;
  }

  insert(text: string): void {
    const before = this.beforeCursor + text;
    const after = this.#characters.slice(this.#cursor).join("");
    this.#characters = charactersOf(before + after);
    // Combining marks join what is before them, so the cursor is found again by length.
    this.#cursor = charactersOf(before).length;
    this.#isKilling = false;
  }

  moveBy(count: number): void {
    this.moveTo(this.#cursor + count);
  }

  moveTo(position: number): void {
    this.#cursor = Math.min(Math.max(0, position), this.#characters.length);
    this.#isKilling = false;
  }

  moveToEnd(): void {
    this.moveTo(this.#characters.length);
  }

  moveWord(direction: -1 | 1): void {
    this.moveTo(this.#wordEdge(direction));
  }

  deleteBackward(): boolean {
    if (this.#cursor === 0) return false;
    this.#characters.splice(this.#cursor - 1, 1);
    this.moveBy(-1);
    return true;
  }

  deleteForward(): boolean {
    if (this.isAtEnd) return false;
    this.#characters.splice(this.#cursor, 1);
    this.#isKilling = false;
    return true;
  }

  killToEnd(): void {
    this.#kill(this.#cursor, this.#characters.length);
  }

  killToStart(): void {
    this.#kill(0, this.#cursor);
  }

  /** ^W: back to white space. */
  killSpaceWord(): void {
    let start = this.#cursor;
    while (start > 0 && /\s/.test(this.#characters[start - 1] ?? "")) start--;
    while (start > 0 && !/\s/.test(this.#characters[start - 1] ?? "")) start--;
    this.#kill(start, this.#cursor);
  }

  killWord(direction: -1 | 1): void {
    const edge = this.#wordEdge(direction);
    this.#kill(Math.min(edge, this.#cursor), Math.max(edge, this.#cursor));
  }

  yank(): void {
    this.insert(this.#killed);
  }

  /** ^T: the two characters around the cursor change places. */
  transpose(): void {
    const at = this.isAtEnd ? this.#cursor - 1 : this.#cursor;
    const [left, right] = [this.#characters[at - 1], this.#characters[at]];
    if (left === undefined || right === undefined) return;
    this.#characters.splice(at - 1, 2, right, left);
    this.moveTo(at + 1);
  }

  #wordEdge(direction: -1 | 1): number {
    const at = (position: number): string => this.#characters[direction < 0 ? position - 1 : position] ?? "";
    const limit = direction < 0 ? 0 : this.#characters.length;
    let position = this.#cursor;
    while (position !== limit && !WORD.test(at(position))) position += direction;
    while (position !== limit && WORD.test(at(position))) position += direction;
    return position;
  }

  /** Consecutive kills gather; which side they came from says where. */
  #kill(start: number, end: number): void {
    const text = this.#characters.splice(start, end - start).join("");
    const isBackward = end === this.#cursor && start !== end;
    if (!this.#isKilling) this.#killed = text;
    else this.#killed = isBackward ? text + this.#killed : this.#killed + text;
    this.#cursor = start;
    this.#isKilling = true;
  }
}
