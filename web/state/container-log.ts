/**
 * The log of one container, followed. Only the last LINES_MAX lines are kept: the whole is in the
 * engine, and a page that keeps a flood of output stops answering.
 */
import type { Slipway } from "../../runtime/client/slipway.ts";
import { messageOf } from "./messages.ts";
import type { Loadable } from "./store.ts";
import { LOADING, Store } from "./store.ts";

/** Some screens of scrolling; more is what `docker logs` is for. */
const LINES_MAX = 2000;
/** Between two renderings while output pours in. */
const RENDER_MS = 50;

export interface LogLine {
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

export interface Log {
  readonly lines: readonly LogLine[];
  readonly isFollowing: boolean;
}

export class ContainerLog {
  readonly log = new Store<Loadable<Log>>(LOADING);
  readonly #slipway: Slipway;
  readonly #id: string;
  readonly #end = new AbortController();
  #lines: LogLine[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(slipway: Slipway, id: string) {
    this.#slipway = slipway;
    this.#id = id;
    void this.#follow();
  }

  dispose(): void {
    this.#end.abort();
    clearTimeout(this.#timer);
  }

  async #follow(): Promise<void> {
    const { signal } = this.#end;
    const { containers } = this.#slipway.engine;
    const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
    try {
      const { value } = await containers.containerInspect(this.#id, { signal });
      const isTty = value.Config?.Tty === true;
      const options = { stdout: true, stderr: true, follow: true, tail: String(LINES_MAX), isTty, signal };
      const output = await containers.containerLogs(this.#id, options);
      this.#publish(true);
      for await (const piece of output) {
        const stream = piece.stream === "stderr" ? "stderr" : "stdout";
        this.#append(stream, decoders[stream].decode(piece.bytes, { stream: true }));
      }
      this.#publish(false);
    } catch (thrown) {
      if (!signal.aborted) this.log.set({ kind: "failed", message: messageOf(thrown) });
    }
  }

  #append(stream: LogLine["stream"], text: string): void {
    const pieces = text.split("\n");
    const last = this.#lines.at(-1);
    const open = last?.stream === stream && !last.text.endsWith("\n") ? this.#lines.pop()?.text ?? "" : "";
    pieces.forEach((piece, index) => {
      const isLast = index === pieces.length - 1;
      const whole = (index === 0 ? open : "") + piece + (isLast ? "" : "\n");
      if (whole !== "") this.#lines.push({ stream, text: whole });
    });
    if (this.#lines.length > LINES_MAX) this.#lines = this.#lines.slice(-LINES_MAX);
    this.#timer ??= setTimeout(() => this.#publish(true), RENDER_MS);
  }

  #publish(isFollowing: boolean): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.log.set({ kind: "ready", value: { lines: [...this.#lines], isFollowing } });
  }
}
