/**
 * The terminal side of a shell session: bytes of the page in, bytes for xterm out, and the window's
 * size. Writing waits until the page has taken what came before, so that a flood waits in the guest.
 */
import { encodeUtf8 } from "../../layers/base/bytes.ts";
import { systemClock } from "../../layers/base/clock.ts";
import { disposable } from "../../layers/base/disposable.ts";
import { messageOf } from "../../layers/base/errors.ts";
import type { ByteStream } from "../../layers/base/streams.ts";
import { runShell } from "../cli/shell/shell.ts";
import type { KeyValue } from "../client/docker-config.ts";
import type { EngineClient } from "../client/engine-client.ts";
import type { Size } from "../client/worker-protocol.ts";

export class ShellTerminal {
  readonly #input: ByteStream;
  readonly #listeners = new Set<() => void>();
  #size: Size;

  constructor(input: ByteStream, size: Size) {
    this.#input = input;
    this.#size = size;
  }

  resize(size: Size): void {
    if (size.columns === this.#size.columns && size.rows === this.#size.rows) return;
    this.#size = size;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Runs the session; its output, which ends when the session does. */
  run(client: EngineClient, values: KeyValue): ByteStream {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const output = writable.getWriter();
    const session = runShell({
      input: this.#input,
      output,
      size: () => this.#size,
      onResize: (listener) => {
        this.#listeners.add(listener);
        return disposable(() => this.#listeners.delete(listener));
      },
      client,
      values,
      clock: systemClock,
      env: { TERM: "xterm-256color" },
    });
    session
      .catch((thrown: unknown) => output.write(encodeUtf8(`\r\nsh: ${messageOf(thrown)}\r\n`)))
      .then(() => output.close())
      .catch(() => undefined); // The page took the terminal away.
    return readable;
  }
}
