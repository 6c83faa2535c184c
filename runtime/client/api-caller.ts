/**
 * One request of the Engine API: query and filters encoded as Docker's client encodes them, JSON both
 * ways, statuses of 400 and more thrown. Every area of the client speaks through here.
 */
import { concatBytes, decodeUtf8, encodeUtf8 } from "../../layers/base/bytes.ts";
import { fail } from "../../layers/base/errors.ts";
import type { ByteStream } from "../../layers/base/streams.ts";
import { collectBytes, streamOf } from "../../layers/base/streams.ts";
import { abortable } from "./abortable.ts";
import { errorOf } from "./api-errors.ts";
import type { Transport, TransportRequest, TransportResponse } from "./transport.ts";
import { parseJson } from "./exact-json.ts";

/** An inspect or list of a thousand containers is a few MiB; a body beyond this is a mistake. */
const JSON_BYTES_MAX = 256 * 1024 * 1024;

/** `{ status: ["exited"] }` */
export type Filters = Readonly<Record<string, readonly string[]>>;

export type QueryValue = string | number | boolean | undefined | readonly string[];

export interface CallOptions {
  readonly query?: Readonly<Record<string, QueryValue>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly body?: ByteStream;
  readonly signal?: AbortSignal | undefined;
}

/** An object as the API sent it, with the text it came in: `docker inspect` shows the text. */
export interface WithRaw<T> {
  readonly value: T;
  readonly raw: string;
}

export class ApiCaller {
  readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  /** The response, whose status is below 400. */
  async call(method: string, path: string, options: CallOptions = {}): Promise<TransportResponse> {
    const response = await this.transport.request(requestOf(method, path, options));
    if (response.status >= 400) throw await errorOf(response);
    return response;
  }

  /** A call whose response has no body worth reading. */
  async run(method: string, path: string, options: CallOptions = {}): Promise<number> {
    const response = await this.call(method, path, options);
    await collectBytes(response.body, JSON_BYTES_MAX);
    return response.status;
  }

  async withRaw<T>(method: string, path: string, options: CallOptions = {}): Promise<WithRaw<T>> {
    const response = await this.call(method, path, options);
    return this.#read<T>(response, `${method} ${path}`, options.signal);
  }

  async #read<T>(response: TransportResponse, name: string, signal?: AbortSignal): Promise<WithRaw<T>> {
    const pieces: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const piece of abortable(response.body, signal)) {
      sizeBytes += piece.length;
      if (sizeBytes > JSON_BYTES_MAX) throw fail("resourceExhausted", `the answer to ${name} is too long`);
      pieces.push(piece);
    }
    const raw = decodeUtf8(concatBytes(pieces));
    try {
      // The daemon's word is taken for the shape: the API's types describe what it sends.
      return { value: parseJson(raw) as T, raw };
    } catch (thrown) {
      throw fail("system", `the daemon's answer to ${name} is not JSON`, { cause: thrown });
    }
  }

  async json<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    return (await this.withRaw<T>(method, path, options)).value;
  }

  /** Settles when the head of the response has come; `value` when its body is complete. */
  async begin<T>(
    method: string,
    path: string,
    options: CallOptions = {},
  ): Promise<{ readonly value: Promise<T> }> {
    const response = await this.call(method, path, options);
    return { value: this.#read<T>(response, `${method} ${path}`, options.signal).then((read) => read.value) };
  }

  hijack(path: string, options: CallOptions): ReturnType<Transport["hijack"]> {
    return this.transport.hijack(requestOf("POST", path, options));
  }
}

function requestOf(method: string, path: string, options: CallOptions): TransportRequest {
  const headers: Record<string, string> = { ...options.headers };
  let body = options.body;
  if (options.json !== undefined) {
    headers["content-type"] = "application/json";
    const bytes = encodeUtf8(JSON.stringify(options.json));
    headers["content-length"] = String(bytes.length);
    body = streamOf(bytes);
  }
  return {
    method,
    target: path + queryText(options.query ?? {}),
    headers,
    ...(body === undefined ? {} : { body }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
}

/** `?a=1&b=x`; false, undefined and empty values are left out, as Docker's client does. */
function queryText(query: Readonly<Record<string, QueryValue>>): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === false || value === "") continue;
    if (typeof value === "object") for (const item of value) pairs.append(name, item);
    else pairs.set(name, value === true ? "1" : String(value));
  }
  const text = pairs.toString();
  return text === "" ? "" : `?${text}`;
}

/** Filters as the API takes them: `{"status":{"exited":true}}`; undefined when there are none. */
export function encodeFilters(filters: Filters | undefined): string | undefined {
  if (filters === undefined || Object.keys(filters).length === 0) return undefined;
  const encoded: Record<string, Record<string, boolean>> = {};
  for (const [name, values] of Object.entries(filters)) {
    encoded[name] = Object.fromEntries(values.map((value) => [value, true]));
  }
  return JSON.stringify(encoded);
}

/** One segment of a path; names of images keep their slashes. */
export function segment(name: string): string {
  return encodeURIComponent(name).replaceAll("%2F", "/").replaceAll("%3A", ":").replaceAll("%40", "@");
}
