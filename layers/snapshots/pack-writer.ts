/**
 * Appends file contents to a pack. The hard idea is that a host's write costs the same for a byte as
 * for a mebibyte (tens of microseconds in OPFS), so small files are gathered and written together.
 */
import type { WritableFile } from "../content/storage.ts";

/** Beyond this a larger buffer gains nothing; a piece of half of it is written without copying. */
const BUFFER_BYTES = 1024 * 1024;

export class PackWriter {
  readonly #file: WritableFile;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #bufferedBytes = 0;
  #writtenBytes = 0;

  constructor(file: WritableFile) {
    this.#file = file;
  }

  /** Where the next byte will be. */
  get position(): number {
    return this.#writtenBytes + this.#bufferedBytes;
  }

  append(bytes: Uint8Array): void {
    if (this.#bufferedBytes + bytes.length > BUFFER_BYTES) this.#writeOut();
    if (bytes.length >= BUFFER_BYTES / 2) {
      this.#writeOut();
      this.#file.writeAt(this.#writtenBytes, bytes);
      this.#writtenBytes += bytes.length;
      return;
    }
    this.#buffer.set(bytes, this.#bufferedBytes);
    this.#bufferedBytes += bytes.length;
  }

  /** Everything appended is durable afterwards. */
  finish(): void {
    this.#writeOut();
    this.#file.flush();
  }

  #writeOut(): void {
    if (this.#bufferedBytes === 0) return;
    this.#file.writeAt(this.#writtenBytes, this.#buffer.subarray(0, this.#bufferedBytes));
    this.#writtenBytes += this.#bufferedBytes;
    this.#bufferedBytes = 0;
  }
}
