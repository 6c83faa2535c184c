/**
 * Entry of the workers in which the SDK runs guests (browser). It puts our file functions in place
 * before the SDK's own worker module is loaded, and loads that only when the SDK's first message says
 * where the SDK is. Messages that arrive before wait; the worker must not miss one.
 */
import { GuestBridge } from "../backends/wasi/guest/bridge.ts";
import { interceptInstances } from "../backends/wasi/guest/guest-instance.ts";
import { avoidEval } from "../backends/wasi/guest/no-eval.ts";
import { installHostFileSystem, sdkWorkerUrl } from "../backends/wasi/guest/sdk-worker.ts";
import { whenLineComes } from "./far-worker.ts";

const scope = self as unknown as DedicatedWorkerGlobalScope; // The library types a window as well.
const bridge = new GuestBridge(crypto.randomUUID(), (message) => scope.postMessage(message));
interceptInstances(bridge);
avoidEval();

whenLineComes((line) => {
  // The SDK's module speaks to its worker's own line, so that becomes the one to the pod.
  const post = (message: unknown, transfer: Transferable[] = []): void =>
    line.postMessage(message, transfer);
  Object.defineProperty(scope, "postMessage", { value: post, configurable: true, writable: true });
  const early: MessageEvent[] = [];
  line.onmessage = (event: MessageEvent): void => {
    if (early.push(event) === 1) void load(sdkWorkerUrl(event.data), line, early);
  };
});

/** The SDK's module sets `onmessage`. A failure to load is an unhandled rejection: the SDK hears of it. */
async function load(url: string, line: MessagePort, early: readonly MessageEvent[]): Promise<void> {
  await import(/* @vite-ignore */ url);
  installHostFileSystem(bridge);
  line.onmessage = (event: MessageEvent): void => scope.onmessage?.(event);
  for (const event of early) scope.onmessage?.(event);
}
