/**
 * What a guest's worker must know of the SDK's own worker module: where it is, and the global it calls
 * for files on host mounts. Kept apart from the entry files because both hosts need it.
 */
import type { GuestBridge } from "./bridge.ts";

/** The worker module's URL, from the SDK's first message to a worker. */
export function sdkWorkerUrl(message: unknown): string {
  const { sdkUrl } = message as { readonly sdkUrl: string }; // "init", always first.
  return new URL("../dist/browser-worker.js", sdkUrl).href;
}

/** Replaces the SDK's bridge for host mounts by ours. After its module has been loaded. */
export function installHostFileSystem(bridge: GuestBridge): void {
  const call = (mount: number, method: string, args: readonly unknown[]): unknown =>
    bridge.call("host", mount, method, args);
  Object.defineProperty(globalThis, "__wasmerHostFileSystem", { value: call, configurable: true, writable: true });
}
