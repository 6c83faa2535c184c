/**
 * The options of ps(1) (procps: parser.c): Unix ones with a dash, BSD ones without, GNU ones with two. One hard
 * idea: dockerd runs ps on the host for all of the container's processes, so that a selection only narrows them and
 * `-e`, `a`, `x` and their like change nothing.
 */
import { fail } from "../../../../../layers/base/errors.ts";

/** What may narrow the processes shown. */
export type Selection =
  | {
      readonly kind: "pid" | "ppid" | "session" | "user" | "ruser" | "group" | "command" | "terminal";
      readonly list: readonly string[];
    }
  | { readonly kind: "running" };

export interface PsRequest {
  /** Letters of formats: "f" of -f, "u" of u. */
  readonly unix: ReadonlySet<string>;
  readonly bsd: ReadonlySet<string>;
  /** What -o asked for, in order. */
  readonly columns: string | undefined;
  readonly selections: readonly Selection[];
  readonly isNegated: boolean;
  /** Names with + or -. */
  readonly sorting: readonly string[];
  readonly hasThreads: boolean;
  /** f and --forest; what -H does is lost in the blanks. */
  readonly isForest: boolean;
}

type Mutable = { -readonly [K in keyof PsRequest]: PsRequest[K] } & {
  unix: Set<string>;
  bsd: Set<string>;
  selections: Selection[];
  sorting: string[];
};

const UNIX_SELECTIONS: Readonly<Record<string, Exclude<Selection, { kind: "running" }>["kind"]>> = {
  p: "pid",
  q: "pid",
  s: "session",
  g: "session",
  u: "user",
  U: "ruser",
  G: "group",
  C: "command",
  t: "terminal",
};
const LONG_SELECTIONS: Readonly<Record<string, Exclude<Selection, { kind: "running" }>["kind"]>> = {
  pid: "pid",
  "quick-pid": "pid",
  ppid: "ppid",
  sid: "session",
  user: "user",
  User: "ruser",
  Group: "group",
  group: "group",
  tty: "terminal",
};
/** Change nothing here: selections of everybody, widths and headings. */
const UNIX_NOTHING = "AdaeNwcnyHMZm";
const BSD_NOTHING = "axgTrwceShmnHLfu";

export function parseOptions(words: readonly string[]): PsRequest {
  const request: Mutable = {
    unix: new Set(),
    bsd: new Set(),
    columns: undefined,
    selections: [],
    isNegated: false,
    sorting: [],
    hasThreads: false,
    isForest: false,
  };
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word.startsWith("--")) long(request, word.slice(2), rest);
    else if (word.startsWith("-")) unix(request, word.slice(1), rest);
    else if (/^\d/.test(word)) request.selections.push({ kind: "pid", list: word.split(",") });
    else bsd(request, word, rest);
  }
  return request;
}

/** What follows the letter in its word, or the next word. */
function argumentOf(attached: string, rest: string[], missing: string): string {
  const value = attached === "" ? rest.shift() : attached;
  if (value === undefined || value === "") throw fail("system", `ps: error: ${missing}`);
  return value;
}

function unix(request: Mutable, letters: string, rest: string[]): void {
  for (let at = 0; at < letters.length; at++) {
    const letter = letters.charAt(at);
    const attached = letters.slice(at + 1);
    const kind = UNIX_SELECTIONS[letter];
    if (letter === "o" || letter === "O") {
      addColumns(request, argumentOf(attached, rest, "format specification must follow -o"), letter);
      return;
    }
    if (kind !== undefined) {
      const list = argumentOf(
        attached,
        rest,
        `list of ${kind === "pid" ? "process IDs" : "names"} must follow -${letter}`,
      );
      request.selections.push({ kind, list: list.split(/[, ]+/) });
      return;
    }
    if ("fFlj".includes(letter) || letter === "y") request.unix.add(letter);
    else if (letter === "L" || letter === "T") request.hasThreads = true;
    else if (!UNIX_NOTHING.includes(letter)) throw fail("system", "ps: error: unsupported SysV option");
    if (letter === "N") request.isNegated = true;
  }
}

function bsd(request: Mutable, letters: string, rest: string[]): void {
  for (let at = 0; at < letters.length; at++) {
    const letter = letters.charAt(at);
    const attached = letters.slice(at + 1);
    if (letter === "o" || letter === "O") {
      addColumns(request, argumentOf(attached, rest, "format specification must follow o"), letter);
      return;
    }
    if (letter === "k") {
      request.sorting.push(
        ...argumentOf(attached, rest, "long sort specification must follow 'k'").split(","),
      );
      return;
    }
    if (letter === "p" || letter === "U" || letter === "t") {
      const kind = letter === "p" ? "pid" : letter === "U" ? "user" : "terminal";
      request.selections.push({ kind, list: argumentOf(attached, rest, "list must follow").split(/[, ]+/) });
      return;
    }
    if ("uljx".includes(letter) || letter === "a") request.bsd.add(letter);
    else if (!BSD_NOTHING.includes(letter))
      throw fail("system", "ps: error: unsupported option (BSD syntax)");
    if (letter === "H" || letter === "L") request.hasThreads = true;
    if (letter === "f") request.isForest = true;
    if (letter === "r") request.selections.push({ kind: "running" });
    request.bsd.add(letter);
  }
}

function long(request: Mutable, word: string, rest: string[]): void {
  const [name = "", value = ""] = word.split(/=(.*)/s, 2);
  const kind = LONG_SELECTIONS[name];
  if (kind !== undefined) {
    request.selections.push({
      kind,
      list: argumentOf(value, rest, `list must follow --${name}`).split(/[, ]+/),
    });
  } else if (name === "format")
    addColumns(request, argumentOf(value, rest, "format specification must follow --format"), "o");
  else if (name === "sort")
    request.sorting.push(...argumentOf(value, rest, "long sort specification must follow --sort").split(","));
  else if (name === "forest") request.isForest = true;
  else if (name === "deselect") request.isNegated = true;
  else if (["help", "version", "info", "no-headers", "no-heading", "noheaders"].includes(name)) {
    throw fail("system", "Couldn't find PID field in ps output");
  } else if (!["headers", "cols", "columns", "width", "lines", "rows"].includes(name)) {
    throw fail("system", "ps: error: unknown gnu long option");
  }
}

/** -O is -o with the usual ones around. */
function addColumns(request: Mutable, list: string, letter: string): void {
  const whole = letter === "O" ? `pid,${list},s,tname,time,args` : list;
  request.columns = request.columns === undefined ? whole : `${request.columns},${whole}`;
}
