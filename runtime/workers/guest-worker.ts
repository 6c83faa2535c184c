/**
 * Entry of the workers in which the SDK runs guests (browser). It puts our file functions in place
 * before the SDK's own worker module is loaded, and loads that only when the SDK's first message says
 * where the SDK is. Messages that arrive before wait; the worker must not miss one.
 */
import { GuestBridge } from "../backends/wasi/guest/bridge.ts";
import { interceptInstances } from "../backends/wasi/guest/guest-instance.ts";
import { avoidEval } from "../backends/wasi/guest/no-eval.ts";
import { installHostFileSystem, sdkWorkerUrl } from "../backends/wasi/guest/sdk-worker.ts";

const scope = self as unknown as DedicatedWorkerGlobalScope; // The library types a window as well.
const bridge = new GuestBridge(crypto.randomUUID(), (message) => scope.postMessage(message));
interceptInstances(bridge);
avoidEval();

const early: MessageEvent[] = [];
let isLoading = false;

scope.onmessage = (event: MessageEvent): void => {
  early.push(event);
  if (isLoading) return;
  isLoading = true;
  void load(sdkWorkerUrl(event.data));
};

/** The SDK's module takes over `onmessage`. A failure to load is an unhandled rejection: the SDK hears of it. */
async function load(url: string): Promise<void> {
  await import(/* @vite-ignore */ url);
  installHostFileSystem(bridge);
  for (const event of early) scope.onmessage?.(event);
}
