/**
 * Starts workers on behalf of workers. The one hard idea is why they do not start their own: in Firefox
 * `new Worker` inside a worker blocks until the main thread has registered the new one, and waits for
 * that on a condition variable on which the new worker's thread waits too; the one wake-up now and then
 * goes to the wrong of the two, and the starter sleeps for ever (seen in 1 of 20 first visits, with
 * Firefox 153, by the threads' stacks). The page's own `new Worker` registers without waiting.
 *
 * So the worker that wants one makes a MessageChannel and sends one end here; the page passes it to the
 * worker it starts, and has no part in what the two say to each other.
 */
import type { Disposable } from "../../layers/base/disposable.ts";
import { disposable } from "../../layers/base/disposable.ts";
import type { LineMessage, StartedScript, StarterRequest, WorkerFailed } from "./worker-protocol.ts";

/** Serves `parent`, and what it has started, until disposed: that ends all of them but `parent`. */
export function startWorkersFor(parent: Worker): Disposable {
  const started = new Map<number, Disposable>();
  const hear = ({ data }: MessageEvent<unknown>): void => {
    if (!isRequest(data)) return;
    if (data.kind === "startWorker") {
      started.set(data.id, startFor(parent, data));
    } else {
      started.get(data.id)?.dispose();
      started.delete(data.id);
    }
  };
  parent.addEventListener("message", hear);
  return disposable(() => {
    parent.removeEventListener("message", hear);
    for (const worker of started.values()) worker.dispose();
    started.clear();
  });
}

function startFor(
  parent: Worker,
  request: Extract<StarterRequest, { kind: "startWorker" }>,
): Disposable {
  const { id, script, line } = request;
  const worker = start(script);
  worker.addEventListener("error", ({ message }) => {
    const failed: WorkerFailed = { kind: "workerFailed", id, message };
    parent.postMessage(failed);
  });
  const below = startWorkersFor(worker);
  const first: LineMessage = { line };
  worker.postMessage(first, [line]);
  return disposable(() => {
    below.dispose();
    worker.terminate();
  });
}

/** Spelled out, because the bundler finds workers by this very form. */
function start(script: StartedScript): Worker {
  switch (script) {
    case "pod":
      return new Worker(new URL("../workers/pod.ts", import.meta.url), { type: "module", name: "pod" });
    case "guest":
      return new Worker(new URL("../workers/guest-worker.ts", import.meta.url), { type: "module", name: "guest" });
    case "emulatedPod":
      return new Worker(new URL("../workers/emulated-pod.ts", import.meta.url), { type: "module", name: "linux" });
  }
}

function isRequest(message: unknown): message is StarterRequest {
  if (typeof message !== "object" || message === null || !("kind" in message)) return false;
  return message.kind === "startWorker" || message.kind === "endWorker";
}
