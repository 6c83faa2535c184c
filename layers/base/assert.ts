/**
 * Assertions: our own mistakes stop the program at the place they are noticed. User errors and guest
 * errors never come through here; they are `SlipwayError`s or errno names.
 */

/** Thrown only when Slipway itself is wrong. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Crashes with `message` unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Returns `value`, or crashes with `message` when it is null or undefined. */
export function must<T>(value: T | null | undefined, message: string): T {
  if (value === null || value === undefined) throw new AssertionError(message);
  return value;
}

/** Ends an exhaustive switch: reaching it is a type error first and a crash second. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`);
}
