/** What ps shows without `-o`: its formats by letter, Unix's and BSD's (procps: parser.c, sortformat.c). */
import type { Column } from "./columns.ts";
import { columnNamed } from "./columns.ts";

/** A specifier; "name=TITLE" where the format has a title of its own. */
export function columnsOf(list: string): readonly Column[] {
  return list
    .split(/[, \t]+/)
    .filter((word) => word !== "")
    .map((specifier) => {
      const [name = "", title] = specifier.split("=", 2);
      const column = columnNamed(name);
      return title === undefined ? column : { ...column, title };
    });
}

/** By letters; `hasThreads` is -L. */
export function unixFormat(letters: ReadonlySet<string>, hasThreads: boolean): readonly Column[] {
  const own = hasThreads ? "lwp" : "";
  const isFull = letters.has("f") || letters.has("F");
  const command = isFull ? "cmd" : "ucmd";
  if (letters.has("l")) {
    const address = letters.has("y") ? "rss" : "addr";
    const flags = letters.has("y") ? "" : "f";
    const whom = isFull ? "user=UID" : "uid";
    return columnsOf(
      `${flags} s ${whom} pid ppid ${own} c opri ni ${address} sz wchan ${isFull ? "stime" : ""} tname time ${command}`,
    );
  }
  if (letters.has("F")) {
    return columnsOf(
      `user=UID pid ppid ${own} c ${hasThreads ? "nlwp" : ""} sz rss psr stime tname time cmd`,
    );
  }
  if (letters.has("f")) {
    const sessions = letters.has("j") ? "pgid sid" : "";
    return columnsOf(
      `user=UID pid ppid ${sessions} ${own} c ${hasThreads ? "nlwp" : ""} stime tname time cmd`,
    );
  }
  if (letters.has("j")) return columnsOf(`pid pgid sid ${own} tname time ucmd`);
  return columnsOf(`pid ${own} tname time ucmd`);
}

export function bsdFormat(letters: ReadonlySet<string>): readonly Column[] {
  const own = letters.has("H") || letters.has("L") ? "lwp" : "";
  if (letters.has("u"))
    return columnsOf(`user pid ${own} pcpu pmem vsz rss tname stat bsdstart bsdtime args`);
  if (letters.has("l"))
    return columnsOf(`f uid pid ppid ${own} priority ni vsz rss wchan stat tname bsdtime args`);
  if (letters.has("j")) return columnsOf(`ppid pid pgid sid ${own} tname tpgid stat uid bsdtime args`);
  return columnsOf(`pid ${own} tname stat bsdtime args`);
}
