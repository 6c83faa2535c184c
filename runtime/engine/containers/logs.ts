/** `docker logs`: which entries, and until when. */
import { fail } from "../../../layers/base/errors.ts";
import type { EngineContext } from "../context.ts";
import { parseTimestamp } from "../time.ts";
import type { LogEntry } from "./log-reader.ts";
import { readLog } from "./log-reader.ts";

export interface LogsOptions {
  readonly follow: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Empty: from the beginning. */
  readonly since: string;
  readonly until: string;
  /** A count, or "all" or empty. */
  readonly tail: string;
  readonly signal: AbortSignal;
}

export interface ContainerLogs {
  readonly hasTerminal: boolean;
  readonly entries: AsyncIterable<LogEntry>;
}

export function containerLogs(context: EngineContext, nameOrId: string, options: LogsOptions): ContainerLogs {
  const container = context.containers.get(nameOrId);
  if (container.isRemovalInProgress || container.record.state.isDead) {
    throw fail("conflict", "can not get logs from container which is dead or marked for removal");
  }
  if (container.log === undefined) {
    throw fail("notImplemented", "configured logging driver does not support reading");
  }
  const nowNs = context.clock.nowNs();
  const isZero = (text: string): boolean => text === "" || text === "0";
  const entries = readLog(container.log, context.storage.files, {
    tail: tailCount(options.tail),
    sinceNs: isZero(options.since) ? undefined : parseTimestamp(options.since, nowNs),
    untilNs: isZero(options.until) ? undefined : parseTimestamp(options.until, nowNs),
    ended:
      options.follow && container.isRunning ? container.wait("not-running").then(() => undefined) : undefined,
    signal: options.signal,
  });
  return { hasTerminal: container.record.config.Tty, entries: chosen(entries, options) };
}

/** Anything that is no number means everything, as in moby. */
function tailCount(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

async function* chosen(
  entries: AsyncIterable<LogEntry>,
  options: LogsOptions,
): AsyncGenerator<LogEntry, void, undefined> {
  for await (const entry of entries) {
    if (entry.stream === "stdout" ? options.stdout : options.stderr) yield entry;
  }
}
