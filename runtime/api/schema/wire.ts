/**
 * The Engine API as it crosses a border that is not HTTP: a call of method "http" over a `Peer`
 * (layers/base). The call's body is the request body, the reply's body the response body. A hijacked
 * connection (attach, exec start) is the same call whose two bodies stay open: status 101.
 */

export interface WireRequest {
  readonly method: string;
  /** Path and query as after the host: "/v1.50/containers/json?all=1". */
  readonly target: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The request's own body where the call's stream is the connection to be hijacked (exec start). */
  readonly content?: Uint8Array;
}

export interface WireResponse {
  /** 101 when the connection was hijacked. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

export const HTTP_CALL = "http";
