/** Calling an API handler as a client would, in process. */
import { decodeUtf8, encodeUtf8, EMPTY_BYTES } from "../../layers/base/bytes.ts";
import type { ByteStream, Duplex } from "../../layers/base/streams.ts";
import { collectBytes, duplexPair, streamOf } from "../../layers/base/streams.ts";
import type { ApiHandler } from "../../runtime/api/handler.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The body as JSON. */
  readonly json: unknown;
}

export interface CallInit {
  readonly body?: unknown;
  /** Sent as it is, with `headers`' content type. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export class ApiClient {
  readonly #handler: ApiHandler;

  constructor(handler: ApiHandler) {
    this.#handler = handler;
  }

  async call(method: string, target: string, init: CallInit = {}): Promise<Answer> {
    const { status, headers, body } = await this.open(method, target, init);
    const bytes = await collectBytes(body, 1 << 26);
    const text = decodeUtf8(bytes);
    return { status, headers, text, json: parse(text) };
  }

  /** Headers now, body as it comes. */
  async open(
    method: string,
    target: string,
    init: CallInit = {},
  ): Promise<{ status: number; headers: Readonly<Record<string, string>>; body: ByteStream }> {
    const reply = await this.#handler(request(method, target, init));
    if (reply.kind === "hijack") throw new Error("unexpected hijack");
    const body = reply.body ?? EMPTY_BYTES;
    return { status: reply.status, headers: reply.headers, body: body instanceof Uint8Array ? streamOf(body) : body };
  }

  /** The client's end of a hijacked connection. */
  async hijack(
    method: string,
    target: string,
    init: CallInit = {},
  ): Promise<{ connection: Duplex; headers: Readonly<Record<string, string>>; served: Promise<void> }> {
    const headers = { connection: "Upgrade", upgrade: "tcp", ...init.headers };
    const reply = await this.#handler(request(method, target, { ...init, headers }));
    if (reply.kind !== "hijack") {
      throw new Error(`${reply.status}: ${reply.body instanceof Uint8Array ? decodeUtf8(reply.body) : ""}`);
    }
    const [here, there] = duplexPair();
    return { connection: here, headers: reply.headers, served: reply.serve(there) };
  }
}

function request(method: string, target: string, init: CallInit): Parameters<ApiHandler>[0] {
  const text = init.text ?? (init.body === undefined ? undefined : JSON.stringify(init.body));
  const json: Record<string, string> = init.body === undefined ? {} : { "content-type": "application/json" };
  return {
    method,
    target,
    headers: { ...json, ...init.headers },
    body: text === undefined ? streamOf() : streamOf(encodeUtf8(text)),
    signal: init.signal ?? new AbortController().signal,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // A stream or nothing.
  }
}

/** stdout and stderr out of a multiplexed stream. */
export function splitFrames(bytes: Uint8Array): { stdout: string; stderr: string } {
  const texts = { stdout: "", stderr: "" };
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(4);
    const piece = decodeUtf8(bytes.subarray(at + 8, at + 8 + size));
    if (bytes[at] === 1) texts.stdout += piece;
    else texts.stderr += piece;
    at += 8 + size;
  }
  return texts;
}
