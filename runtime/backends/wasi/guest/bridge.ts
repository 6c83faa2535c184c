/**
 * Synchronous calls from a guest's worker to its pod. A guest cannot await, so the worker posts the
 * call and sleeps on shared memory until the pod has written the answer there. One buffer per worker
 * is enough because a sleeping worker has one call under way.
 *
 * The one hard idea: an answer that does not fit is kept by the pod, which says how much room it
 * needs; the worker comes back with a larger buffer. Nothing is limited by the buffer's first size.
 */
import { decodeUtf8, encodeUtf8 } from "../../../../layers/base/bytes.ts";
import type { ErrnoName } from "../../../../layers/fs/errors.ts";
import { FsError } from "../../../../layers/fs/errors.ts";
import type { GuestCalls } from "./file-calls.ts";

const MESSAGE_TYPE = "slipway-guest-call";
/** Room for the largest read a guest gets at once, and for most directory listings. */
const BUFFER_BYTES = 256 * 1024;
/** Two Int32: state, length. */
const HEADER_BYTES = 8;
export const READ_BYTES_MAX = BUFFER_BYTES - HEADER_BYTES;

const STATE = { waiting: 0, json: 1, bytes: 2, error: 3, tooLong: 4 } as const;

export interface GuestMessage {
  readonly type: typeof MESSAGE_TYPE;
  /** Tells workers apart, so that a kept answer goes to the one it was for. */
  readonly worker: string;
  readonly method: keyof GuestCalls | "again";
  readonly args: readonly unknown[];
  readonly buffer: SharedArrayBuffer;
}

/** Whether `message` is for the pod rather than for the SDK. */
export function isGuestMessage(message: unknown): message is GuestMessage {
  return typeof message === "object" && message !== null && "type" in message && message.type === MESSAGE_TYPE;
}

/** The worker's end. */
export class GuestBridge {
  readonly #post: (message: GuestMessage) => void;
  readonly #worker: string;
  #buffer = new SharedArrayBuffer(BUFFER_BYTES);

  constructor(worker: string, post: (message: GuestMessage) => void) {
    this.#worker = worker;
    this.#post = post;
  }

  /** Calls the pod and sleeps until it has answered. @throws FsError */
  call<M extends keyof GuestCalls>(method: M, ...args: Parameters<GuestCalls[M]>): ReturnType<GuestCalls[M]> {
    this.#ask(this.#buffer, method, args);
    if (stateOf(this.#buffer) === STATE.tooLong) this.#buffer = this.#again(this.#buffer);
    return resultIn(this.#buffer) as ReturnType<GuestCalls[M]>; // The pod sent what the method returns.
  }

  /** Calls the pod without sleeping; the function returned sleeps until the answer is there. */
  begin<M extends keyof GuestCalls>(method: M, ...args: Parameters<GuestCalls[M]>): () => ReturnType<GuestCalls[M]> {
    let buffer = new SharedArrayBuffer(BUFFER_BYTES);
    this.#post({ type: MESSAGE_TYPE, worker: this.#worker, method, args, buffer });
    return () => {
      sleepUntilAnswered(buffer);
      if (stateOf(buffer) === STATE.tooLong) buffer = this.#again(buffer);
      return resultIn(buffer) as ReturnType<GuestCalls[M]>; // As above.
    };
  }

  /** Fetches an answer that did not fit, into a buffer of its size. */
  #again(buffer: SharedArrayBuffer): SharedArrayBuffer {
    const larger = new SharedArrayBuffer(HEADER_BYTES + sizeIn(buffer));
    this.#ask(larger, "again", []);
    return larger;
  }

  #ask(buffer: SharedArrayBuffer, method: GuestMessage["method"], args: readonly unknown[]): void {
    Atomics.store(new Int32Array(buffer, 0, 2), 0, STATE.waiting);
    this.#post({ type: MESSAGE_TYPE, worker: this.#worker, method, args, buffer });
    sleepUntilAnswered(buffer);
  }
}

function sleepUntilAnswered(buffer: SharedArrayBuffer): void {
  const control = new Int32Array(buffer, 0, 2);
  while (Atomics.load(control, 0) === STATE.waiting) Atomics.wait(control, 0, STATE.waiting);
}

function stateOf(buffer: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(buffer, 0, 2), 0);
}

function sizeIn(buffer: SharedArrayBuffer): number {
  return new Int32Array(buffer, 0, 2)[1] ?? 0;
}

function resultIn(buffer: SharedArrayBuffer): unknown {
  const bytes = new Uint8Array(buffer, HEADER_BYTES, sizeIn(buffer)).slice();
  const state = stateOf(buffer);
  if (state === STATE.bytes) return bytes;
  const value: unknown = JSON.parse(decodeUtf8(bytes));
  if (state === STATE.error) throw errorOf(value);
  return value;
}

/** The pod's end: answers every message, whatever happens, because a worker sleeps until it does. */
export class GuestAnswerer {
  readonly #handle: (method: keyof GuestCalls, args: readonly unknown[], worker: string) => unknown;
  readonly #kept = new Map<string, { readonly state: number; readonly bytes: Uint8Array }>();

  constructor(handle: (method: keyof GuestCalls, args: readonly unknown[], worker: string) => unknown) {
    this.#handle = handle;
  }

  answer(message: GuestMessage): void {
    const { state, bytes } = this.#result(message);
    const control = new Int32Array(message.buffer, 0, 2);
    control[1] = bytes.length;
    const fits = bytes.length <= message.buffer.byteLength - HEADER_BYTES;
    if (fits) new Uint8Array(message.buffer, HEADER_BYTES, bytes.length).set(bytes);
    else this.#kept.set(message.worker, { state, bytes });
    Atomics.store(control, 0, fits ? state : STATE.tooLong);
    Atomics.notify(control, 0);
  }

  #result(message: GuestMessage): { state: number; bytes: Uint8Array } {
    if (message.method === "again") {
      const kept = this.#kept.get(message.worker);
      this.#kept.delete(message.worker);
      return kept ?? { state: STATE.error, bytes: encodeUtf8('{"code":"EIO"}') };
    }
    try {
      const value = this.#handle(message.method, message.args, message.worker);
      if (value instanceof Uint8Array) return { state: STATE.bytes, bytes: value };
      return { state: STATE.json, bytes: encodeUtf8(JSON.stringify(value ?? null)) };
    } catch (thrown) {
      const code = thrown instanceof FsError ? thrown.code : "EIO";
      const detail = thrown instanceof Error ? thrown.message : String(thrown);
      return { state: STATE.error, bytes: encodeUtf8(JSON.stringify({ code, detail })) };
    }
  }
}

function errorOf(value: unknown): FsError {
  const { code, detail } = value as { code: ErrnoName; detail?: string }; // Written by GuestAnswerer.
  return new FsError(code, detail);
}
