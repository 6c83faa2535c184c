/**
 * Entry of the workers in which the SDK runs guests (Node). The SDK's browser worker module runs
 * unchanged: it is given the few globals of a browser's worker that it uses.
 */
import { parentPort, threadId } from "node:worker_threads";
import { must } from "../../../layers/base/assert.ts";
import { GuestBridge } from "../../backends/wasi/guest/bridge.ts";
import { interceptInstances } from "../../backends/wasi/guest/guest-instance.ts";
import { installHostFileSystem, sdkWorkerUrl } from "../../backends/wasi/guest/sdk-worker.ts";

interface BrowserWorkerGlobals {
  postMessage: (message: unknown) => void;
  addEventListener: () => void;
  reportError: (thrown: unknown) => void;
  close: () => void;
  onmessage: ((event: { readonly data: unknown }) => void) | undefined;
}

const port = must(parentPort, "a guest worker is started by a pod");
const scope = globalThis as unknown as BrowserWorkerGlobals; // Node's own types have no such globals.
scope.postMessage = (message) => port.postMessage(message);
// "error" and "unhandledrejection" end the thread in Node, and the pod hears of it.
scope.addEventListener = () => undefined;
scope.reportError = (thrown) => {
  throw thrown;
};
scope.close = () => port.close();

const bridge = new GuestBridge(String(threadId), (message) => port.postMessage(message));
interceptInstances(bridge);

let loaded: Promise<void> | undefined;
port.on("message", (data: unknown) => {
  loaded ??= load(sdkWorkerUrl(data));
  void loaded.then(() => scope.onmessage?.({ data }));
});

async function load(url: string): Promise<void> {
  await import(/* @vite-ignore */ url);
  installHostFileSystem(bridge);
}
