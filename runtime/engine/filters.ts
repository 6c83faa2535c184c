/**
 * Filters as `docker ps --filter key=value` sends them: a map from key to a set of values. Which keys
 * exist is the operation's business; how values match (exactly, as an expression, as key=value) is here.
 */
import { fail } from "../../layers/base/errors.ts";

export class Filters {
  readonly #fields: ReadonlyMap<string, readonly string[]>;

  constructor(fields: ReadonlyMap<string, readonly string[]> = new Map()) {
    this.#fields = fields;
  }

  static of(fields: Readonly<Record<string, readonly string[]>>): Filters {
    return new Filters(new Map(Object.entries(fields)));
  }

  /** These filters and `more`. */
  with(more: Readonly<Record<string, readonly string[]>>): Filters {
    const fields = new Map(this.#fields);
    for (const [key, values] of Object.entries(more)) fields.set(key, [...(fields.get(key) ?? []), ...values]);
    return new Filters(fields);
  }

  get(key: string): readonly string[] {
    return this.#fields.get(key) ?? [];
  }

  has(key: string): boolean {
    return this.#fields.has(key);
  }

  get isEmpty(): boolean {
    return this.#fields.size === 0;
  }

  /** Refuses every key that is not `accepted`. */
  validate(accepted: ReadonlySet<string>): void {
    for (const key of this.#fields.keys()) {
      if (!accepted.has(key)) throw fail("invalidParameter", `invalid filter '${key}'`);
    }
  }

  /** Whether `source` equals a value of `key` or one of them, read as an expression, is found in it. */
  matches(key: string, source: string): boolean {
    const values = this.#fields.get(key);
    if (values === undefined || values.includes(source)) return true;
    return values.some((value) => expression(value)?.test(source) === true);
  }

  /** Whether a value of `key` is exactly `source`. */
  matchesExactly(key: string, source: string): boolean {
    const values = this.#fields.get(key);
    return values === undefined || values.length === 0 || values.includes(source);
  }

  /** Whether a value of `key` equals `source` or the part of it before a slash or colon (events of images). */
  matchesFuzzily(key: string, source: string): boolean {
    const values = this.#fields.get(key);
    if (values === undefined) return true;
    return values.some((value) => source === value || source.startsWith(value));
  }

  /** Whether `sources` has every `name` or `name=value` asked for. */
  matchesLabels(key: string, sources: Readonly<Record<string, string>>): boolean {
    return this.get(key).every((value) => {
      const equals = value.indexOf("=");
      const name = equals < 0 ? value : value.slice(0, equals);
      const found = sources[name];
      return found !== undefined && (equals < 0 || found === value.slice(equals + 1));
    });
  }

  /** A truth value: "1", "true", "0", "false"; `otherwise` when it was not given. */
  boolean(key: string, otherwise: boolean): boolean {
    const values = this.#fields.get(key);
    if (values === undefined || values.length === 0) return otherwise;
    const isTrue = values.includes("1") || values.includes("true");
    const isFalse = values.includes("0") || values.includes("false");
    if (isTrue === isFalse) {
      const text = values.map((value) => value).join(" ");
      throw fail("invalidParameter", `invalid filter '${key}=[${text}]'`);
    }
    return isTrue;
  }
}

/** A user's expression; one that does not compile matches nothing, as in moby. */
function expression(text: string): RegExp | undefined {
  try {
    return new RegExp(text);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}
