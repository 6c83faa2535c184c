/** The worker's end of `BrowserPage.runWorker`. Runs in a dedicated module worker of a browser. */

interface WorkerScope {
  onmessage: ((event: MessageEvent<unknown>) => void) | null;
  postMessage(message: unknown): void;
}

/** Answers the one message this worker gets with what `work` makes of it. */
export function answer<Argument>(work: (argument: Argument) => Promise<unknown>): void {
  // Tests are type-checked with the window's types, but this file runs in a worker.
  const scope = globalThis as unknown as WorkerScope;
  scope.onmessage = ({ data }) => {
    work(data as Argument).then(
      (result) => scope.postMessage({ result }),
      (thrown: unknown) => {
        const text = thrown instanceof Error ? `${thrown.message}\n${thrown.stack ?? ""}` : String(thrown);
        scope.postMessage({ error: text });
      },
    );
  };
}
