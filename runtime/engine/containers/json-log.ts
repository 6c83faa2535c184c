/**
 * A container's log in Docker's json-file format: one JSON object a line, appended to a file of the
 * storage that comes into being with the first line. Readers and the writer share one open file, since
 * a file that is being written may be open only once. Rotation renames `…-json.log` to `….log.1` and so
 * on, as the json-file driver does with max-size and max-file.
 *
 * The hard idea: output comes in arbitrary pieces, a log has lines. The writer keeps the unfinished
 * line of each stream; a line longer than LINE_BYTES_MAX is written in parts without a newline, which
 * readers join by just printing them.
 */
import { concatBytes, decodeUtf8, encodeUtf8 } from "../../../layers/base/bytes.ts";
import type { Clock } from "../../../layers/base/clock.ts";
import type { Disposable } from "../../../layers/base/disposable.ts";
import { disposable } from "../../../layers/base/disposable.ts";
import { SlipwayError } from "../../../layers/base/errors.ts";
import type { FileStore, WritableFile } from "../../../layers/content/storage.ts";
import { formatTime } from "../time.ts";
import type { OutputListener, OutputName } from "./standard-streams.ts";

/** Where moby's copier cuts a line (daemon/logger/copier.go). */
const LINE_BYTES_MAX = 16 * 1024;
const NEWLINE = 10;

export interface LogOptions {
  /** Bytes after which the file is rotated; undefined: never. */
  readonly sizeBytesMax: number | undefined;
  /** Files kept, the current one included. */
  readonly filesMax: number;
}

export class JsonLog {
  readonly name: string;
  readonly #files: FileStore;
  readonly #clock: Clock;
  readonly #options: LogOptions;
  readonly #appended = new Set<() => void>();
  #open: Promise<WritableFile> | undefined;
  #users = 0;

  constructor(files: FileStore, name: string, clock: Clock, options: LogOptions) {
    this.#files = files;
    this.name = name;
    this.#clock = clock;
    this.#options = options;
  }

  /** A listener that writes a process's output; `finish` writes the unfinished lines and lets go. */
  writer(onFailure: (error: SlipwayError) => void): OutputListener & { finish(): Promise<void> } {
    return new LogWriter(this, onFailure);
  }

  /** Calls `listener` after each append, until disposed. */
  onAppend(listener: () => void): Disposable {
    this.#appended.add(listener);
    return disposable(() => this.#appended.delete(listener));
  }

  /** Names of the files that exist, oldest first. */
  async segments(): Promise<readonly string[]> {
    const names: string[] = [];
    for (let number = this.#options.filesMax - 1; number >= 1; number--) {
      const name = `${this.name}.${number}`;
      if ((await this.#files.info(name)) !== undefined) names.push(name);
    }
    if (this.#open !== undefined || (await this.#files.info(this.name)) !== undefined) names.push(this.name);
    return names;
  }

  /** The current file for as long as `work` takes; undefined when nothing was ever written. */
  async withCurrent<T>(work: (file: WritableFile) => Promise<T>): Promise<T | undefined> {
    if (this.#open === undefined && (await this.#files.info(this.name)) === undefined) return undefined;
    const file = await this.acquire();
    try {
      return await work(file);
    } finally {
      await this.release();
    }
  }

  async acquire(): Promise<WritableFile> {
    this.#users += 1;
    this.#open ??= this.#files.openWritable(this.name);
    return this.#open;
  }

  async release(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0 || this.#open === undefined) return;
    const open = this.#open;
    this.#open = undefined;
    const file = await open;
    file.flush();
    file.close();
  }

  /**
   * Appends lines as entries until the file is full, and says how many it took. One write for all of
   * them: a guest may write 100,000 lines at once, and every write is a call to the disk.
   */
  append(file: WritableFile, name: OutputName, lines: readonly Uint8Array[]): number {
    const time = formatTime(this.#clock.nowNs());
    const entries: Uint8Array[] = [];
    const start = file.sizeBytes;
    let end = start;
    for (const line of lines) {
      if (entries.length > 0 && end >= (this.#options.sizeBytesMax ?? Infinity)) break;
      const entry = encodeUtf8(`${JSON.stringify({ log: decodeUtf8(line), stream: name, time })}\n`);
      entries.push(entry);
      end += entry.length;
    }
    file.writeAt(start, concatBytes(entries));
    for (const listener of [...this.#appended]) listener();
    return entries.length;
  }

  isFull(file: WritableFile): boolean {
    return this.#options.sizeBytesMax !== undefined && file.sizeBytes >= this.#options.sizeBytesMax;
  }

  /** Moves every file one number up and begins a new one. Waits for readers by taking their turn. */
  async rotate(): Promise<WritableFile> {
    const open = this.#open;
    if (open !== undefined) {
      const file = await open;
      if (this.#options.filesMax <= 1) {
        file.truncate(0);
        return file;
      }
      file.flush();
      file.close();
    }
    for (let number = this.#options.filesMax - 1; number >= 1; number--) {
      const from = number === 1 ? this.name : `${this.name}.${number - 1}`;
      if ((await this.#files.info(from)) !== undefined)
        await this.#files.rename(from, `${this.name}.${number}`);
    }
    this.#open = this.#files.openWritable(this.name);
    return this.#open;
  }

  async remove(): Promise<void> {
    const names = [this.name];
    for (let number = 1; number < this.#options.filesMax; number++) names.push(`${this.name}.${number}`);
    for (const name of names) await this.#files.remove(name);
  }
}

/** Lines per write: bounds the memory of a batch. */
const BATCH_LINES = 4096;

/** Cuts output into lines and appends them. Owned by one run of a container. */
class LogWriter implements OutputListener {
  readonly #log: JsonLog;
  readonly #onFailure: (error: SlipwayError) => void;
  readonly #unfinished: Record<OutputName, Uint8Array> = {
    stdout: new Uint8Array(0),
    stderr: new Uint8Array(0),
  };
  #file: WritableFile | undefined;
  #queue: Promise<void> = Promise.resolve();
  #hasFailed = false;

  constructor(log: JsonLog, onFailure: (error: SlipwayError) => void) {
    this.#log = log;
    this.#onFailure = onFailure;
  }

  write(name: OutputName, piece: Uint8Array): Promise<void> {
    this.#queue = this.#queue.then(() => this.#guard(() => this.#take(name, piece)));
    return this.#queue;
  }

  end(): void {
    // `finish` is called with the end of the run.
  }

  async finish(): Promise<void> {
    await this.#queue;
    await this.#guard(async () => {
      for (const name of ["stdout", "stderr"] as const) {
        const rest = this.#unfinished[name];
        if (rest.length > 0) await this.#appendAll(name, [rest]);
      }
    });
    if (this.#file === undefined) return;
    this.#file = undefined;
    await this.#guard(() => this.#log.release());
  }

  /** A full disk must not stop the program: the first failure is told once, the rest is dropped. */
  async #guard(work: () => Promise<void>): Promise<void> {
    if (this.#hasFailed) return;
    try {
      await work();
    } catch (thrown) {
      this.#hasFailed = true;
      this.#onFailure(SlipwayError.from(thrown));
    }
  }

  async #take(name: OutputName, piece: Uint8Array): Promise<void> {
    const lines: Uint8Array[] = [];
    let rest = this.#unfinished[name].length === 0 ? piece : concatBytes([this.#unfinished[name], piece]);
    for (;;) {
      const newline = rest.indexOf(NEWLINE);
      const end =
        newline >= 0 && newline < LINE_BYTES_MAX
          ? newline + 1
          : rest.length >= LINE_BYTES_MAX
            ? LINE_BYTES_MAX
            : -1;
      if (end < 0) break;
      lines.push(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
    this.#unfinished[name] = rest.slice();
    if (lines.length > 0) await this.#appendAll(name, lines);
  }

  async #appendAll(name: OutputName, lines: readonly Uint8Array[]): Promise<void> {
    this.#file ??= await this.#log.acquire();
    for (let taken = 0; taken < lines.length;) {
      if (this.#log.isFull(this.#file)) this.#file = await this.#log.rotate();
      taken += this.#log.append(this.#file, name, lines.slice(taken, taken + BATCH_LINES));
    }
  }
}
