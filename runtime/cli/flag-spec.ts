/** A flag as data: what the parser accepts and what the help page prints. */

export type FlagType =
  | "bool"
  | "bytes"
  | "decimal"
  | "duration"
  | "filter"
  | "gpu-request"
  | "int"
  | "list"
  | "map"
  | "mount"
  | "network"
  | "string"
  | "strings"
  | "uint"
  | "uint16"
  | "ulimit";

export interface FlagSpec {
  readonly name: string;
  readonly short?: string;
  /** The word shown in help, and what the value is checked against. */
  readonly type: FlagType;
  readonly usage: string;
  /** Shown in help as the default, and what an absent flag reads as. */
  readonly fallback?: string;
  /** Accepted but not shown. */
  readonly isHidden?: boolean;
  /** Refused: the daemon is never a Windows one. */
  readonly isWindows?: boolean;
  /** Accepted in form and refused in words: not part of Slipway yet. */
  readonly isNotYet?: boolean;
  /** Another name for `aliasOf`, with a warning when it is used. */
  readonly deprecatedFor?: string;
}
