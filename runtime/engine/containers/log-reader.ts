/**
 * Reading json-file logs: the last N entries, those of a span of time, and those still to come. The
 * tail is found by reading backwards in blocks, so that `docker logs -n 10` of a long log is cheap.
 */
import { decodeUtf8 } from "../../../layers/base/bytes.ts";
import type { FileStore, ReadOnlyFile } from "../../../layers/content/storage.ts";
import { timeNs } from "../time.ts";
import type { JsonLog } from "./json-log.ts";
import type { OutputName } from "./standard-streams.ts";

const BLOCK_BYTES = 64 * 1024;
const NEWLINE = 10;

export interface LogEntry {
  readonly stream: OutputName;
  readonly text: string;
  readonly time: string;
}

export interface LogQuery {
  /** Entries from the end; undefined: all. */
  readonly tail: number | undefined;
  readonly sinceNs: bigint | undefined;
  readonly untilNs: bigint | undefined;
  /** Settles when no entry will come any more; undefined: do not follow. */
  readonly ended: Promise<void> | undefined;
  readonly signal: AbortSignal;
}

/** The entries of `log` that answer `query`, in order. */
export async function* readLog(
  log: JsonLog,
  files: FileStore,
  query: LogQuery,
): AsyncGenerator<LogEntry, void, undefined> {
  const position = { offset: 0 };
  yield* within(readExisting(log, files, query, position), query);
  if (query.ended !== undefined) yield* within(follow(log, query, position), query);
}

/** Leaves out what is before `since`, stops after `until`. */
async function* within(
  entries: AsyncIterable<LogEntry>,
  query: LogQuery,
): AsyncGenerator<LogEntry, void, undefined> {
  for await (const entry of entries) {
    if (query.signal.aborted) return;
    const entryNs = query.sinceNs === undefined && query.untilNs === undefined ? 0n : timeNs(entry.time);
    if (query.sinceNs !== undefined && entryNs < query.sinceNs) continue;
    if (query.untilNs !== undefined && entryNs > query.untilNs) return;
    yield entry;
  }
}

async function* readExisting(
  log: JsonLog,
  files: FileStore,
  query: LogQuery,
  position: { offset: number },
): AsyncGenerator<LogEntry, void, undefined> {
  const segments = await log.segments();
  let wanted = query.tail ?? Number.POSITIVE_INFINITY;
  const parts: LogEntry[][] = [];
  // From the newest file to the oldest, so that a short tail opens one file only.
  for (const name of [...segments].reverse()) {
    const entries = await withSegment(log, files, name, (file) => {
      const sizeBytes = file.sizeBytes;
      if (name === log.name) position.offset = sizeBytes;
      return parseLines(
        readRange(file, wanted === Number.POSITIVE_INFINITY ? 0 : tailOffset(file, wanted), sizeBytes),
      );
    });
    parts.unshift(entries);
    wanted -= entries.length;
    if (wanted <= 0) break;
  }
  for (const part of parts) yield* part;
}

async function withSegment<T>(
  log: JsonLog,
  files: FileStore,
  name: string,
  work: (file: ReadOnlyFile) => T,
): Promise<T | LogEntry[]> {
  if (name === log.name) return (await log.withCurrent(async (file) => work(file))) ?? [];
  const file = await files.openReadOnly(name);
  try {
    return work(file);
  } finally {
    file.close();
  }
}

async function* follow(
  log: JsonLog,
  query: LogQuery,
  position: { offset: number },
): AsyncGenerator<LogEntry, void, undefined> {
  let wake = (): void => undefined;
  const ended = new AbortController();
  const listener = log.onAppend(() => wake());
  const stop = (): void => {
    ended.abort();
    wake();
  };
  void query.ended?.then(stop);
  query.signal.addEventListener("abort", stop, { once: true });
  try {
    for (;;) {
      const news = new Promise<void>((resolve) => (wake = resolve));
      const isLast = ended.signal.aborted || query.signal.aborted;
      const entries = await log.withCurrent(async (file) => {
        // A rotation began a new file: what the old one still had was read when it was appended.
        if (file.sizeBytes < position.offset) position.offset = 0;
        const bytes = readRange(file, position.offset, file.sizeBytes);
        position.offset += bytes.length;
        return parseLines(bytes);
      });
      yield* entries ?? [];
      if (isLast) return;
      if ((entries ?? []).length === 0) await news;
    }
  } finally {
    listener.dispose();
    query.signal.removeEventListener("abort", stop);
  }
}

function readRange(file: ReadOnlyFile, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, end - start));
  return bytes.subarray(0, file.readAt(start, bytes));
}

/** Where the last `count` lines begin. */
function tailOffset(file: ReadOnlyFile, count: number): number {
  if (count <= 0) return file.sizeBytes;
  let newlines = 0;
  for (let end = file.sizeBytes; end > 0;) {
    const start = Math.max(0, end - BLOCK_BYTES);
    const block = readRange(file, start, end);
    for (let index = block.length - 1; index >= 0; index--) {
      if (block[index] !== NEWLINE || start + index === file.sizeBytes - 1) continue;
      newlines += 1;
      if (newlines === count) return start + index + 1;
    }
    end = start;
  }
  return 0;
}

/** A last line that a crash cut short is left out. */
function parseLines(bytes: Uint8Array): LogEntry[] {
  const entries: LogEntry[] = [];
  for (const line of decodeUtf8(bytes).split("\n")) {
    if (line === "") continue;
    const entry = parseEntry(line);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

function parseEntry(line: string): LogEntry | undefined {
  try {
    const entry = JSON.parse(line) as { log?: unknown; stream?: unknown; time?: unknown }; // Checked below.
    if (typeof entry.log !== "string" || typeof entry.time !== "string") return undefined;
    return { text: entry.log, stream: entry.stream === "stderr" ? "stderr" : "stdout", time: entry.time };
  } catch {
    return undefined; // Cut short by a crash.
  }
}
