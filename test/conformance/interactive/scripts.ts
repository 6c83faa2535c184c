/** Sessions at a terminal: what is waited for, and the keys typed then (or the new size of the window). */

export type Keys = string | readonly [rows: number, columns: number];

export interface Session {
  readonly name: string;
  readonly args: readonly string[];
  /** A text that must have come before, as a regular expression of Python and of ours; then the keys. */
  readonly steps: readonly (readonly [expected: string | null, keys: Keys])[];
  readonly rows?: number;
  readonly columns?: number;
}

export const ENVIRONMENT: readonly string[] = [
  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  "HOME=/root",
  "TERM=xterm",
  "LANG=C.UTF-8",
  "PS1=$ ",
];
