/**
 * Calls over a port, both ways, each with an optional byte stream in either direction. This is what
 * carries the Engine API between page and engine (a request, its body, the response's body; a hijack
 * is a call whose two bodies stay open) and the engine's control of a pod.
 *
 * The hard idea is flow control: a writer may have at most WINDOW_BYTES unread at the other end, so a
 * flood of output waits in the guest instead of growing the page's memory.
 */
import type { Disposable } from "./disposable.ts";
import type { ErrorData } from "./errors.ts";
import { SlipwayError, fail } from "./errors.ts";
import type { Port } from "./port.ts";
import type { ByteStream } from "./streams.ts";
import { streamOf } from "./streams.ts";

/** Unread bytes allowed per stream: two of the largest pieces the layers produce. */
const WINDOW_BYTES = 256 * 1024;
/**
 * The same for what a person watches: little enough that it is drawn in no time, so that a ^C is seen to
 * work at once however much the guest writes.
 */
export const INTERACTIVE_WINDOW_BYTES = 4 * 1024;
/**
 * What a piece costs besides its bytes. Without it a guest that writes two bytes at a time could have
 * 100,000 messages under way, and a ^C would wait behind all of them.
 */
const PIECE_BYTES = 1024;

export interface IncomingCall {
  readonly method: string;
  readonly params: unknown;
  /** The caller's stream; empty when it sent none. */
  readonly body: ByteStream;
  /** Aborts when the caller gives up or the port closes. */
  readonly signal: AbortSignal;
}

export interface CallReply {
  readonly result?: unknown;
  readonly body?: ByteStream;
  /** Bytes of `body` that may be unread at the other end; 256 KiB unless given. */
  readonly windowBytes?: number;
}

export type CallHandler = (call: IncomingCall) => Promise<CallReply>;

export interface CallOptions {
  readonly body?: ByteStream;
  readonly signal?: AbortSignal;
}

export interface CallResult {
  readonly result: unknown;
  readonly body: ByteStream;
}

/** `isOpener`: the sender of this frame opened the call; ids are per opener. */
type Frame = { readonly id: number; readonly isOpener: boolean } & (
  | { readonly kind: "call"; readonly method: string; readonly params: unknown; readonly hasBody: boolean }
  | { readonly kind: "reply"; readonly result: unknown; readonly hasBody: boolean }
  | { readonly kind: "fail"; readonly error: ErrorData }
  | { readonly kind: "giveUp" }
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  | { readonly kind: "end"; readonly error?: ErrorData }
  | { readonly kind: "stop" }
  | { readonly kind: "credit"; readonly sizeBytes: number }
);

/** A frame before its address is put on. */
type Content = Frame extends infer F ? (F extends Frame ? Omit<F, "id" | "isOpener"> : never) : never;
type Send = (content: Content) => void;

/** Reads a local stream and sends it within the window. Owned by one call. */
class Outgoing {
  readonly #send: Send;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #windowBytes: number;
  #wake: (() => void) | undefined;
  #isStopped = false;
  readonly finished: Promise<void>;

  constructor(source: ByteStream, send: Send, windowBytes: number) {
    this.#send = send;
    this.#windowBytes = windowBytes;
    this.#reader = source.getReader();
    this.finished = this.#pump();
  }

  grant(sizeBytes: number): void {
    this.#windowBytes += sizeBytes;
    this.#wake?.();
  }

  /** The other end does not want more. */
  stop(reason?: unknown): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#wake?.();
    this.#reader.cancel(reason).catch(() => undefined); // The source had already failed by itself.
  }

  async #pump(): Promise<void> {
    try {
      for (;;) {
        const step = await this.#reader.read();
        if (step.done) break;
        if (!(await this.#sendPiece(step.value))) return;
      }
      if (!this.#isStopped) this.#send({ kind: "end" });
    } catch (thrown) {
      if (!this.#isStopped) this.#send({ kind: "end", error: SlipwayError.from(thrown).toJSON() });
    }
  }

  /** Whether the other end still wants more. */
  async #sendPiece(piece: Uint8Array): Promise<boolean> {
    for (let start = 0; start < piece.length; ) {
      while (this.#windowBytes <= 0 && !this.#isStopped) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      if (this.#isStopped) return false;
      const bytes = piece.slice(start, start + this.#windowBytes);
      this.#windowBytes -= bytes.length + PIECE_BYTES;
      start += bytes.length;
      this.#send({ kind: "data", bytes });
    }
    return true;
  }
}

/** A stream whose pieces arrive as frames. Owned by one call. */
class Incoming {
  readonly stream: ByteStream;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  readonly #settle: () => void;
  readonly finished: Promise<void>;

  constructor(send: Send) {
    let settle = (): void => undefined;
    this.finished = new Promise((resolve) => (settle = resolve));
    this.#settle = settle;
    const unacknowledged: number[] = [];
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          // Everything queued before this pull has been read by the consumer.
          const sizeBytes = unacknowledged.splice(0).reduce((sum, size) => sum + size, 0);
          if (sizeBytes > 0) send({ kind: "credit", sizeBytes });
        },
        cancel: () => {
          this.#controller = undefined;
          send({ kind: "stop" });
          this.#settle();
        },
      },
      { highWaterMark: 0 },
    );
    this.#received = unacknowledged;
  }

  readonly #received: number[];

  push(bytes: Uint8Array): void {
    this.#received.push(bytes.length + PIECE_BYTES);
    this.#controller?.enqueue(bytes);
  }

  end(error?: ErrorData): void {
    const controller = this.#controller;
    this.#controller = undefined;
    if (error !== undefined) controller?.error(SlipwayError.fromJSON(error));
    else controller?.close();
    this.#settle();
  }
}

/** One call in progress, at either end. Removed when its reply and both streams are done. */
class Exchange {
  outgoing: Outgoing | undefined;
  incoming: Incoming | undefined;
  resolve: ((result: CallResult) => void) | undefined;
  reject: ((error: SlipwayError) => void) | undefined;
  readonly abort = new AbortController();
}

export class Peer implements Disposable {
  readonly #port: Port;
  readonly #handler: CallHandler;
  readonly #opened = new Map<number, Exchange>();
  readonly #accepted = new Map<number, Exchange>();
  #nextId = 1;
  #closed: SlipwayError | undefined;
  readonly #closeListeners = new Set<() => void>();

  /** Answers calls with `handler`; a peer that only calls passes none. */
  constructor(port: Port, handler: CallHandler = refuseCalls) {
    this.#port = port;
    this.#handler = handler;
    port.onClose(() => this.#close(fail("unavailable", "the connection was closed")));
    port.onMessage((message) => this.#receive(message as Frame)); // Both ends are this class.
  }

  /** Calls `listener` once when the connection ends. */
  onClose(listener: () => void): void {
    if (this.#closed !== undefined) listener();
    else this.#closeListeners.add(listener);
  }

  /**
   * Calls `method` at the other end.
   * @throws SlipwayError as thrown by the handler there; `unavailable` when the connection ends;
   *   `cancelled` when `signal` aborts.
   */
  async call(method: string, params: unknown, options: CallOptions = {}): Promise<CallResult> {
    if (this.#closed !== undefined) throw this.#closed;
    if (options.signal?.aborted === true) throw fail("cancelled", "context canceled");
    const id = this.#nextId++;
    const exchange = new Exchange();
    this.#opened.set(id, exchange);
    const send = this.#sender(id, true);
    const giveUp = (): void => {
      if (exchange.reject === undefined) return;
      send({ kind: "giveUp" });
      exchange.reject(fail("cancelled", "context canceled"));
      this.#opened.delete(id);
      exchange.outgoing?.stop();
    };
    options.signal?.addEventListener("abort", giveUp, { once: true });
    try {
      return await new Promise<CallResult>((resolve, reject) => {
        exchange.resolve = resolve;
        exchange.reject = reject;
        send({ kind: "call", method, params, hasBody: options.body !== undefined });
        if (options.body !== undefined) exchange.outgoing = new Outgoing(options.body, send, WINDOW_BYTES);
      });
    } finally {
      exchange.reject = undefined;
      options.signal?.removeEventListener("abort", giveUp);
    }
  }

  dispose(): void {
    this.#close(fail("unavailable", "the connection was closed"));
    this.#port.close();
  }

  #sender(id: number, isOpener: boolean): Send {
    return (content) => {
      if (this.#closed === undefined) this.#port.post({ ...content, id, isOpener });
    };
  }

  #receive(frame: Frame): void {
    if (this.#closed !== undefined) return;
    if (frame.kind === "call") {
      this.#accept(frame.id, frame.method, frame.params, frame.hasBody);
      return;
    }
    // The sender opened it, so at this end it was accepted, and the other way round.
    const exchange = (frame.isOpener ? this.#accepted : this.#opened).get(frame.id);
    if (exchange === undefined) return; // Given up already.
    switch (frame.kind) {
      case "reply":
        this.#settle(frame.id, exchange, frame.result, frame.hasBody);
        break;
      case "fail":
        this.#opened.delete(frame.id);
        exchange.outgoing?.stop();
        exchange.reject?.(SlipwayError.fromJSON(frame.error));
        break;
      case "giveUp":
        this.#accepted.delete(frame.id);
        exchange.abort.abort();
        exchange.incoming?.end({ kind: "cancelled", message: "context canceled" });
        exchange.outgoing?.stop();
        break;
      case "data":
        exchange.incoming?.push(frame.bytes);
        break;
      case "end":
        exchange.incoming?.end(frame.error);
        break;
      case "stop":
        exchange.outgoing?.stop();
        break;
      case "credit":
        exchange.outgoing?.grant(frame.sizeBytes);
        break;
      default:
        break;
    }
  }

  #accept(id: number, method: string, params: unknown, hasBody: boolean): void {
    const exchange = new Exchange();
    this.#accepted.set(id, exchange);
    const send = this.#sender(id, false);
    if (hasBody) exchange.incoming = new Incoming(send);
    const body = exchange.incoming?.stream ?? streamOf();
    this.#handler({ method, params, body, signal: exchange.abort.signal }).then(
      (reply) => {
        if (exchange.abort.signal.aborted) {
          void reply.body?.cancel().catch(() => undefined); // Nobody is left to tell.
          return;
        }
        send({ kind: "reply", result: reply.result, hasBody: reply.body !== undefined });
        if (reply.body !== undefined)
          exchange.outgoing = new Outgoing(reply.body, send, reply.windowBytes ?? WINDOW_BYTES);
        void this.#forget(this.#accepted, id, exchange);
      },
      (thrown: unknown) => {
        send({ kind: "fail", error: SlipwayError.from(thrown).toJSON() });
        this.#accepted.delete(id);
        exchange.incoming?.end({ kind: "cancelled", message: "the call failed" });
      },
    );
  }

  #settle(id: number, exchange: Exchange, result: unknown, hasBody: boolean): void {
    if (hasBody) exchange.incoming = new Incoming(this.#sender(id, true));
    exchange.resolve?.({ result, body: exchange.incoming?.stream ?? streamOf() });
    void this.#forget(this.#opened, id, exchange);
  }

  async #forget(from: Map<number, Exchange>, id: number, exchange: Exchange): Promise<void> {
    await Promise.all([exchange.outgoing?.finished, exchange.incoming?.finished]);
    from.delete(id);
  }

  #close(error: SlipwayError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    for (const exchange of [...this.#opened.values(), ...this.#accepted.values()]) {
      exchange.abort.abort();
      exchange.reject?.(error);
      exchange.incoming?.end(error.toJSON());
      exchange.outgoing?.stop(error);
    }
    this.#opened.clear();
    this.#accepted.clear();
    for (const listener of this.#closeListeners) listener();
  }
}

async function refuseCalls(call: IncomingCall): Promise<CallReply> {
  throw fail("notImplemented", `no such call: ${call.method}`);
}

