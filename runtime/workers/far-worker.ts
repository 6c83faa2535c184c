/**
 * A worker that this worker wants and the page starts (runtime/client/worker-starter.ts says why): as
 * much of a Worker's surface as its users need, with a MessagePort for its line.
 */
import type { LineMessage, StartedScript, StarterRequest, WorkerFailed } from "../client/worker-protocol.ts";

const scope = self as unknown as DedicatedWorkerGlobalScope; // The library types a window as well.
let nextId = 1;

export class FarWorker {
  readonly line: MessagePort;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onerror: ((event: { readonly message: string }) => void) | null = null;
  readonly #id = nextId++;
  readonly #hearPage: (event: MessageEvent<unknown>) => void;

  constructor(script: StartedScript) {
    const { port1, port2 } = new MessageChannel();
    this.line = port1;
    this.#hearPage = ({ data }): void => {
      const told = data as Partial<WorkerFailed> | null; // From the page: ours.
      if (told?.kind === "workerFailed" && told.id === this.#id)
        this.onerror?.({ message: told.message ?? "" });
    };
    scope.addEventListener("message", this.#hearPage);
    this.#ask({ kind: "startWorker", id: this.#id, script, line: port2 }, [port2]);
  }

  postMessage(message: unknown, transfer: Transferable[] = []): void {
    this.line.postMessage(message, transfer);
  }

  terminate(): void {
    scope.removeEventListener("message", this.#hearPage);
    this.line.close();
    this.#ask({ kind: "endWorker", id: this.#id }, []);
  }

  #ask(request: StarterRequest, transfer: Transferable[]): void {
    scope.postMessage(request, transfer);
  }
}

/** For the entry of a worker that the page started: calls `use` with the line to whoever wanted it. */
export function whenLineComes(use: (line: MessagePort) => void): void {
  const hear = ({ data }: MessageEvent<LineMessage>): void => use(data.line);
  scope.addEventListener("message", hear, { once: true });
}
