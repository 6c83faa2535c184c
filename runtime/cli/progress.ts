/**
 * Progress of pull and push as docker shows it (moby: pkg/jsonmessage): on a terminal one line per
 * layer, redrawn in place by moving the cursor; elsewhere plain lines without bars.
 */
import { fail } from "../../layers/base/errors.ts";
import type { ProgressMessage, ProgressNumbers } from "../client/images.ts";
import { formatDuration } from "./format/go-time.ts";
import { humanSize } from "./format/units.ts";

/** Narrower terminals get numbers without a bar; even narrower ones no time left (jsonmessage.go). */
const BAR_COLUMNS_MIN = 110;
const TIME_COLUMNS_MIN = 50;
const BAR_WIDTH = 50;

export interface ProgressOptions {
  readonly isTerminal: boolean;
  columns(): number;
  nowSeconds(): number;
}

/** Writes every message through `write`. @throws SlipwayError with the daemon's message on an error line. */
export async function showProgress(
  messages: AsyncIterable<ProgressMessage>,
  write: (text: string) => Promise<void>,
  options: ProgressOptions,
): Promise<void> {
  let lines = new Map<string, number>();
  for await (const message of messages) {
    if (message.aux !== undefined && message.aux !== null) continue;
    let up = 0;
    let text = "";
    const id = message.id ?? "";
    if (id !== "" && message.progressDetail !== undefined) {
      let line = lines.get(id);
      if (line === undefined) {
        line = lines.size;
        lines.set(id, line);
        if (options.isTerminal) text += "\n";
      }
      up = lines.size - line;
      if (options.isTerminal) text += `\x1b[${up}A`;
    } else {
      lines = new Map();
    }
    await write(
      text + messageText(message, options) + (id !== "" && options.isTerminal && up > 0 ? `\x1b[${up}B` : ""),
    );
    const failure = message.errorDetail?.message ?? message.error;
    if (failure !== undefined && failure !== "") throw fail("system", failure);
  }
}

function messageText(message: ProgressMessage, options: ProgressOptions): string {
  if (message.errorDetail !== undefined || (message.error ?? "") !== "") return "";
  const bar = message.progressDetail === undefined ? "" : progressText(message.progressDetail, options);
  const id = message.id === undefined || message.id === "" ? "" : `${message.id}: `;
  const status = message.status ?? "";
  if (options.isTerminal && (message.stream ?? "") === "" && message.progressDetail !== undefined) {
    return `\x1b[2K\r${id}${status} ${bar}\r`;
  }
  if (bar !== "") return "";
  if ((message.stream ?? "") !== "") return `${id}${message.stream ?? ""}`;
  return `${id}${status}\n`;
}

/** "[==>   ]  1.2MB/3.4MB 2s" */
export function progressText(progress: ProgressNumbers, options: ProgressOptions): string {
  const current = progress.current ?? 0;
  const total = progress.total ?? 0;
  if (current <= 0 && total <= 0) return "";
  const units = progress.units ?? "";
  if (total <= 0) return units === "" ? humanSize(current).padStart(8) : `${current} ${units}`;
  const columns = options.columns();
  const filled = Math.min(BAR_WIDTH, Math.trunc(Math.trunc((current / total) * 100) / 2));
  const bar = columns > BAR_COLUMNS_MIN ? `[${"=".repeat(filled)}>${" ".repeat(BAR_WIDTH - filled)}] ` : "";
  return (
    bar +
    numbers(progress, current, total, units) +
    timeLeft(progress, current, total, filled, columns, options)
  );
}

function numbers(progress: ProgressNumbers, current: number, total: number, units: string): string {
  if (progress.hidecounts === true) return "";
  const isOver = current > total;
  if (units !== "") return isOver ? `${current} ${units}` : `${current}/${total} ${units}`;
  return isOver ? humanSize(current).padStart(8) : `${humanSize(current).padStart(8)}/${humanSize(total)}`;
}

function timeLeft(
  progress: ProgressNumbers,
  current: number,
  total: number,
  filled: number,
  columns: number,
  options: ProgressOptions,
): string {
  const start = progress.start ?? 0;
  if (current <= 0 || start <= 0 || filled >= BAR_WIDTH || columns <= TIME_COLUMNS_MIN) return "";
  const elapsed = options.nowSeconds() - start;
  const left = Math.round((elapsed / current) * (total - current));
  return ` ${formatDuration(BigInt(left) * 1_000_000_000n)}`;
}
