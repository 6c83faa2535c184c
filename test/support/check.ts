/**
 * Assertions for contract suites that run in Node and, bundled, in a worker of a browser, where
 * vitest's are not at hand. They compare whole values and say both when they differ.
 */
import type { ErrorKind } from "../../layers/base/errors.ts";
import { SlipwayError, messageOf } from "../../layers/base/errors.ts";

export class CheckFailure extends Error {
  override readonly name = "CheckFailure";
}

/** Fails unless both are the same value: structurally, bytes by content. */
export function equal(actual: unknown, expected: unknown, what = "value"): void {
  if (isSame(actual, expected)) return;
  throw new CheckFailure(`${what}: got ${show(actual)}, expected ${show(expected)}`);
}

/** Fails unless `promise` is rejected with a SlipwayError of `kind` whose message fits. */
export async function fails(promise: Promise<unknown>, kind: ErrorKind, message = /./): Promise<void> {
  const outcome = await promise.then(
    (value) => new CheckFailure(`expected ${kind}, but it returned ${show(value)}`),
    (thrown: unknown) => thrown,
  );
  if (outcome instanceof SlipwayError && outcome.kind === kind && message.test(outcome.message)) return;
  if (outcome instanceof CheckFailure) throw outcome;
  const kindSeen = outcome instanceof SlipwayError ? outcome.kind : String(outcome);
  const text = `expected ${kind} ${String(message)}, got ${kindSeen}: ${messageOf(outcome)}`;
  throw new CheckFailure(text, { cause: outcome });
}

function isSame(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return false;
  if (left instanceof Uint8Array && right instanceof Uint8Array) {
    return left.length === right.length && left.every((byte, index) => byte === right[index]);
  }
  if (left instanceof Map && right instanceof Map) return isSame([...left], [...right]);
  if (left instanceof Date && right instanceof Date) return left.getTime() === right.getTime();
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && isSame(Reflect.get(left, key), Reflect.get(right, key)));
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes [${value.slice(0, 16).join(" ")}]`;
  if (typeof value === "bigint") return `${value}n`;
  try {
    return value === undefined ? "undefined" : JSON.stringify(value);
  } catch {
    return String(value); // Cyclic, or holding a bigint.
  }
}
