/**
 * Entry of the worker behind one terminal, or behind all of `window.slipway.docker()`: runs the docker
 * command (runtime/cli) with a line to the engine and a line to the page. A worker of its own, so that
 * no output, however much, competes with the page for its thread.
 */
import { concatBytes, decodeUtf8 } from "../../layers/base/bytes.ts";
import { systemClock } from "../../layers/base/clock.ts";
import { disposable } from "../../layers/base/disposable.ts";
import { assert } from "../../layers/base/assert.ts";
import { fail } from "../../layers/base/errors.ts";
import type { CallHandler, CallReply, IncomingCall } from "../../layers/base/peer.ts";
import { INTERACTIVE_WINDOW_BYTES, Peer } from "../../layers/base/peer.ts";
import { runDocker } from "../cli/docker.ts";
import type { ByteSink, DockerIo } from "../cli/io.ts";
import { DockerConfigStore } from "../client/docker-config.ts";
import type { Transport } from "../client/engine-client.ts";
import { EngineClient } from "../client/engine-client.ts";
import { IndexedDbValues } from "../client/indexed-db-values.ts";
import { MessagePortPort } from "../client/message-port.ts";
import { PeerTransport } from "../client/peer-transport.ts";
import type { DockerResult } from "../client/slipway.ts";
import type { DockerParameters, ShellWorkerMessage, Size, TerminalParameters } from "../client/worker-protocol.ts";
import { DOCKER_CALL, RESIZE_CALL, TERMINAL_CALL } from "../client/worker-protocol.ts";
import { ShellTerminal } from "./shell-terminal.ts";

/** What one `docker()` may return: a page that wants more should write to a file and `docker cp`. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** The engine's line of the moment: replaced when the engine's worker was. */
class EngineLine implements Transport {
  #peer: Peer;

  constructor(port: MessagePort) {
    this.#peer = new Peer(new MessagePortPort(port));
  }

  replace(port: MessagePort): void {
    this.#peer.dispose();
    this.#peer = new Peer(new MessagePortPort(port));
  }

  request: Transport["request"] = (request) => new PeerTransport(this.#peer).request(request);
  hijack: Transport["hijack"] = (request) => new PeerTransport(this.#peer).hijack(request);
}

/** Gathers what a command writes. */
class Capture implements ByteSink {
  readonly #pieces: Uint8Array[] = [];
  #sizeBytes = 0;

  async write(bytes: Uint8Array): Promise<void> {
    this.#sizeBytes += bytes.length;
    if (this.#sizeBytes > OUTPUT_BYTES_MAX) {
      throw fail("resourceExhausted", `the command wrote more than ${OUTPUT_BYTES_MAX} bytes`);
    }
    this.#pieces.push(bytes.slice());
  }

  text(): string {
    return decodeUtf8(concatBytes(this.#pieces));
  }
}

class ShellWorker {
  readonly #line: EngineLine;
  readonly #values: IndexedDbValues;
  #terminal: ShellTerminal | undefined;

  constructor(start: Extract<ShellWorkerMessage, { kind: "start" }>) {
    this.#line = new EngineLine(start.engine);
    this.#values = new IndexedDbValues(start.environment.name);
    const answer: CallHandler = async (call) => this.#answer(call);
    const page = new Peer(new MessagePortPort(start.control), answer);
    page.onClose(() => self.close());
  }

  reconnect(port: MessagePort): void {
    this.#line.replace(port);
  }

  async #answer(call: IncomingCall): Promise<CallReply> {
    switch (call.method) {
      case DOCKER_CALL:
        return { result: await this.#docker(call.params as DockerParameters, call) }; // connect.ts calls.
      case TERMINAL_CALL: {
        assert(this.#terminal === undefined, "one terminal per shell worker");
        const { size } = call.params as TerminalParameters; // connect.ts calls.
        this.#terminal = new ShellTerminal(call.body, size);
        const body = this.#terminal.run(new EngineClient(this.#line), this.#values);
        return { body, windowBytes: INTERACTIVE_WINDOW_BYTES };
      }
      case RESIZE_CALL:
        this.#terminal?.resize(call.params as Size); // connect.ts calls.
        return {};
      default:
        throw fail("notImplemented", `no such call: ${call.method}`);
    }
  }

  async #docker({ args }: DockerParameters, call: IncomingCall): Promise<DockerResult> {
    const stdout = new Capture();
    const stderr = new Capture();
    const io: DockerIo = {
      stdin: call.body,
      stdout,
      stderr,
      isTerminal: { stdin: false, stdout: false, stderr: false },
      onSignal: (listener) => {
        const interrupt = (): void => listener("SIGINT");
        call.signal.addEventListener("abort", interrupt, { once: true });
        return disposable(() => call.signal.removeEventListener("abort", interrupt));
      },
      env: {},
      config: new DockerConfigStore(this.#values),
      client: new EngineClient(this.#line),
      clock: systemClock,
    };
    const exitCode = await runDocker(args, io);
    return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
  }
}

let shell: ShellWorker | undefined;

self.addEventListener("message", (event: MessageEvent<ShellWorkerMessage>) => {
  const message = event.data;
  if (message.kind === "start") shell ??= new ShellWorker(message);
  else shell?.reconnect(message.engine);
});
