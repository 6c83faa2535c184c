/**
 * Engine errors: thrown by kind, one class, so that they cross worker borders as plain data and come
 * out the same. HTTP status codes are given to kinds in one table in runtime/api, after moby's
 * errdefs. Messages are written for a person and, where Docker has words, in Docker's words.
 */

/** What went wrong, in the vocabulary of moby's errdefs (errdefs/defs.go). */
export type ErrorKind =
  | "cancelled"
  | "conflict"
  | "dataLoss"
  | "deadline"
  | "forbidden"
  | "invalidParameter"
  | "notFound"
  | "notImplemented"
  | "notModified"
  | "resourceExhausted"
  | "system"
  | "unauthorized"
  | "unavailable";

/** The error as it crosses a worker border. */
export interface ErrorData {
  readonly kind: ErrorKind;
  readonly message: string;
  readonly data?: unknown;
}

export class SlipwayError extends Error {
  override readonly name = "SlipwayError";
  readonly kind: ErrorKind;
  /** Machine-readable details: must survive structured clone. Never credentials. */
  readonly data: unknown;

  constructor(kind: ErrorKind, message: string, options?: { cause?: unknown; data?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.data = options?.data;
  }

  toJSON(): ErrorData {
    return { kind: this.kind, message: this.message, ...(this.data === undefined ? {} : { data: this.data }) };
  }

  static fromJSON(error: ErrorData): SlipwayError {
    return new SlipwayError(error.kind, error.message, { data: error.data });
  }

  /** `thrown` itself when it is a SlipwayError; anything else wrapped as kind `system`. */
  static from(thrown: unknown): SlipwayError {
    if (thrown instanceof SlipwayError) return thrown;
    if (isAbort(thrown)) return new SlipwayError("cancelled", "context canceled", { cause: thrown });
    return new SlipwayError("system", messageOf(thrown), { cause: thrown });
  }
}

/** A throwable of `kind`; `fail("notFound", "No such container: x")`. */
export function fail(kind: ErrorKind, message: string, options?: { cause?: unknown; data?: unknown }): SlipwayError {
  return new SlipwayError(kind, message, options);
}

/** Whether `thrown` is a SlipwayError of `kind`. */
export function isKind(thrown: unknown, kind: ErrorKind): thrown is SlipwayError {
  return thrown instanceof SlipwayError && thrown.kind === kind;
}

/** Whether `thrown` is what an aborted signal throws. */
export function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === "AbortError";
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
