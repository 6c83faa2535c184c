/**
 * The front door for pages: starts this tab's engine worker and gives back the whole of Slipway. The
 * page's end of every line is here; which tab the engine really runs in is the worker's business
 * (runtime/workers/broker.ts).
 *
 * The one hard idea is watching a worker that cannot say that it died: it holds a Web Lock of its
 * own, we stand in line for that lock, and getting it means the worker is gone. Then a new worker is
 * started and every shell is given a new line, so that a crash costs the calls under way and no more.
 */
import type { Disposable } from "../../layers/base/disposable.ts";
import { DisposableStore, disposable } from "../../layers/base/disposable.ts";
import { encodeUtf8 } from "../../layers/base/bytes.ts";
import { SlipwayError, fail } from "../../layers/base/errors.ts";
import type { CallReply, IncomingCall } from "../../layers/base/peer.ts";
import { Peer } from "../../layers/base/peer.ts";
import { streamOf } from "../../layers/base/streams.ts";
import { DockerConfigStore } from "./docker-config.ts";
import type { Transport } from "./engine-client.ts";
import { EngineClient } from "./engine-client.ts";
import { IndexedDbValues } from "./indexed-db-values.ts";
import { MessagePortPort } from "./message-port.ts";
import { PeerTransport } from "./peer-transport.ts";
import { EngineSettings } from "./settings.ts";
import type { DockerOptions, DockerResult, EngineRole, Slipway, TerminalSession } from "./slipway.ts";
import type {
  DockerParameters,
  EngineWorkerMessage,
  EngineWorkerState,
  ShellWorkerMessage,
  Size,
  TerminalParameters,
  WorkerEnvironment,
} from "./worker-protocol.ts";
import { DOCKER_CALL, RESIZE_CALL, RETRY_CALL, STATE_CALL, TERMINAL_CALL } from "./worker-protocol.ts";
import { startWorkersFor } from "./worker-starter.ts";

/** A worker that dies more often than this is broken, not unlucky. */
const RESTARTS_MAX = 3;

/** Starts or joins the engine; the result is usable at once, and calls wait until the role is settled. */
export function connect(environment: WorkerEnvironment): Slipway {
  return new ConnectedSlipway(environment);
}

class ConnectedSlipway implements Slipway {
  readonly engine: EngineClient;
  readonly settings: EngineSettings;
  readonly credentials: DockerConfigStore;
  readonly #environment: WorkerEnvironment;
  readonly #worker: EngineWorker;
  readonly #shells = new Set<Shell>();
  /** Runs the commands of `docker()`; started with the first. */
  #commands: Shell | undefined;

  constructor(environment: WorkerEnvironment) {
    this.#environment = environment;
    this.#worker = new EngineWorker(environment, () => {
      for (const shell of this.#shells) shell.reconnect(this.#worker.openLine());
    });
    this.engine = new EngineClient(this.#worker);
    this.settings = new EngineSettings(this.#worker);
    this.credentials = new DockerConfigStore(new IndexedDbValues(environment.name));
  }

  get role(): EngineRole {
    return this.#worker.state.kind;
  }

  get failure(): SlipwayError | undefined {
    const { state } = this.#worker;
    return state.kind === "failed" ? SlipwayError.fromJSON(state.error) : undefined;
  }

  onRoleChange(listener: (role: EngineRole) => void): Disposable {
    return this.#worker.onState(() => listener(this.role));
  }

  retry(): void {
    this.#worker.retry();
  }

  async docker(args: readonly string[], options: DockerOptions = {}): Promise<DockerResult> {
    const { stdin, signal } = options;
    const bytes = typeof stdin === "string" ? encodeUtf8(stdin) : stdin;
    this.#commands ??= this.#openShell();
    const parameters: DockerParameters = { args };
    const reply = await this.#commands.peer.call(DOCKER_CALL, parameters, {
      body: bytes === undefined ? streamOf() : streamOf(bytes),
      ...(signal === undefined ? {} : { signal }),
    });
    return reply.result as DockerResult; // The worker is ours (runtime/workers/shell.ts).
  }

  async openTerminal(size: Size): Promise<TerminalSession> {
    const shell = this.#openShell();
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const parameters: TerminalParameters = { size };
    try {
      const reply = await shell.peer.call(TERMINAL_CALL, parameters, { body: readable });
      return new ShellSession(shell, { readable: reply.body, writable });
    } catch (thrown) {
      shell.dispose();
      throw thrown;
    }
  }

  dispose(): void {
    for (const shell of this.#shells) shell.dispose();
    this.#worker.dispose();
  }

  #openShell(): Shell {
    const shell = new Shell(this.#environment, this.#worker.openLine());
    this.#shells.add(shell);
    shell.peer.onClose(() => this.#shells.delete(shell));
    return shell;
  }
}

/** This tab's engine worker, whichever one is living. */
class EngineWorker implements Transport, Disposable {
  readonly #environment: WorkerEnvironment;
  readonly #onRestart: () => void;
  readonly #listeners = new Set<() => void>();
  readonly #end = new AbortController();
  #state: EngineWorkerState = { kind: "starting" };
  #worker: Worker;
  /** The pods, and their guests' workers. */
  #below: Disposable | undefined;
  #control: Peer;
  #restarts = 0;

  constructor(environment: WorkerEnvironment, onRestart: () => void) {
    this.#environment = environment;
    this.#onRestart = onRestart;
    [this.#worker, this.#control] = this.#start();
  }

  get state(): EngineWorkerState {
    return this.#state;
  }

  onState(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return disposable(() => this.#listeners.delete(listener));
  }

  /** Across a restart, requests go to the worker of the moment. */
  request: Transport["request"] = (request) => new PeerTransport(this.#control).request(request);
  hijack: Transport["hijack"] = (request) => new PeerTransport(this.#control).hijack(request);

  /** A line of its own for a shell. */
  openLine(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#post({ kind: "client", port: port1 }, [port1]);
    return port2;
  }

  retry(): void {
    if (this.#state.kind !== "failed") return;
    if (this.#restarts > RESTARTS_MAX) this.#restart(0);
    else this.#control.call(RETRY_CALL, null).catch(() => undefined); // Its end is watched elsewhere.
  }

  dispose(): void {
    this.#end.abort();
    this.#control.dispose();
    this.#below?.dispose();
    this.#worker.terminate();
  }

  #start(): [Worker, Peer] {
    const worker = new Worker(new URL("../workers/engine.ts", import.meta.url), { type: "module", name: "engine" });
    this.#worker = worker;
    this.#below = startWorkersFor(worker);
    const { port1, port2 } = new MessageChannel();
    const peer = new Peer(new MessagePortPort(port1), async (call) => this.#hear(worker, call));
    const aliveLock = `${this.#environment.name}-worker-${crypto.randomUUID()}`;
    this.#post({ kind: "start", environment: this.#environment, control: port2, aliveLock }, [port2]);
    // Without a message it is not an error inside the worker: its script could not be loaded.
    worker.onerror = (event): void => {
      if (this.#worker !== worker || event.message) return;
      this.#restarts = RESTARTS_MAX + 1; // Only a new worker can help: `retry` starts one.
      const message = "the engine's script could not be loaded";
      this.#setState({ kind: "failed", error: { kind: "system", message } });
    };
    this.#watched = aliveLock;
    return [worker, peer];
  }

  #watched: string | undefined;

  async #hear(worker: Worker, call: IncomingCall): Promise<CallReply> {
    if (call.method !== STATE_CALL) throw fail("notImplemented", `no such call: ${call.method}`);
    if (worker !== this.#worker) return {};
    // The first word comes when the worker holds its lock: from now on we can learn of its death.
    if (this.#watched !== undefined) this.#watch(worker, this.#watched);
    this.#watched = undefined;
    this.#setState(call.params as EngineWorkerState); // The worker is ours.
    return {};
  }

  #watch(worker: Worker, aliveLock: string): void {
    const died = (): void => {
      if (worker !== this.#worker || this.#end.signal.aborted) return;
      if (this.#restarts >= RESTARTS_MAX) {
        this.#restarts++;
        const message = "the engine's worker keeps crashing; the browser may be out of memory";
        this.#setState({ kind: "failed", error: { kind: "system", message } });
      } else this.#restart(this.#restarts + 1);
    };
    navigator.locks
      .request(aliveLock, { signal: this.#end.signal }, died)
      .catch(() => undefined); // Aborted: this page is done with the worker.
  }

  #restart(count: number): void {
    this.#restarts = count;
    this.#control.dispose();
    this.#below?.dispose();
    this.#worker.terminate();
    this.#setState({ kind: "starting" });
    [this.#worker, this.#control] = this.#start();
    this.#onRestart();
  }

  #setState(state: EngineWorkerState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener();
  }

  #post(message: EngineWorkerMessage, transfer: Transferable[]): void {
    this.#worker.postMessage(message, transfer);
  }
}

/** One shell worker and the page's line to it. */
class Shell implements Disposable {
  readonly peer: Peer;
  readonly #worker: Worker;

  constructor(environment: WorkerEnvironment, engine: MessagePort) {
    this.#worker = new Worker(new URL("../workers/shell.ts", import.meta.url), { type: "module", name: "shell" });
    const { port1, port2 } = new MessageChannel();
    const port = new MessagePortPort(port1);
    this.peer = new Peer(port);
    // Without a message it is not an error inside the worker: its script could not be loaded.
    this.#worker.onerror = (event): void => {
      if (!event.message) port.finish();
    };
    this.#post({ kind: "start", environment, control: port2, engine }, [port2, engine]);
  }

  reconnect(engine: MessagePort): void {
    this.#post({ kind: "engine", engine }, [engine]);
  }

  dispose(): void {
    this.peer.dispose();
    this.#worker.terminate();
  }

  #post(message: ShellWorkerMessage, transfer: Transferable[]): void {
    this.#worker.postMessage(message, transfer);
  }
}

class ShellSession implements TerminalSession {
  readonly connection: TerminalSession["connection"];
  readonly closed: Promise<void>;
  readonly #shell: Shell;
  readonly #owned = new DisposableStore();

  constructor(shell: Shell, connection: TerminalSession["connection"]) {
    this.#shell = shell;
    this.#owned.add(shell);
    let end = (): void => undefined;
    this.closed = new Promise((resolve) => (end = resolve));
    // The output ends when the shell does; watched on the way, since only one may read it.
    const watching = new TransformStream<Uint8Array, Uint8Array>({ flush: () => end() });
    this.connection = { readable: connection.readable.pipeThrough(watching), writable: connection.writable };
    shell.peer.onClose(end);
  }

  resize(size: Size): void {
    this.#shell.peer.call(RESIZE_CALL, size).catch(() => undefined); // The session is ending.
  }

  dispose(): void {
    this.#owned.dispose();
  }
}
