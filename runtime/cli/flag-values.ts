/**
 * What a flag's value may be, by the type its help names, in the words of Go's strconv and go-units.
 */
import { SlipwayError } from "../../layers/base/errors.ts";
import { parseDurationNs } from "./format/go-time.ts";
import { parseRamBytes } from "./format/units.ts";
import type { FlagSpec, FlagType } from "./flag-spec.ts";

/** A mistake on the command line; `docker` shows the usage line below it. */
export class FlagError extends SlipwayError {
  constructor(message: string) {
    super("invalidParameter", message);
  }
}

type Check = (value: string, spec: FlagSpec) => string | undefined;

const INT64_MAX = 2n ** 63n - 1n;

const CHECKS: Readonly<Partial<Record<FlagType, Check>>> = {
  bool: (value) =>
    /^(1|t|T|true|TRUE|True|0|f|F|false|FALSE|False)$/.test(value) ? undefined : syntax("ParseBool", value),
  int: (value) => checkInteger("ParseInt", value, -INT64_MAX - 1n, INT64_MAX),
  uint: (value) => checkInteger("ParseUint", value, 0n, 2n * INT64_MAX + 1n),
  uint16: (value) => checkInteger("ParseUint", value, 0n, 65_535n),
  duration: (value) => failureOf(() => parseDurationNs(value)),
  bytes: (value) => (value === "-1" ? undefined : failureOf(() => parseRamBytes(value))),
  decimal: (value) =>
    /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value)
      ? undefined
      : `failed to parse ${value} as a rational number`,
  filter: (value) =>
    value === "" || value.includes("=") ? undefined : "bad format of filter (expected name=value)",
  list: checkListItem,
  map: (value, spec) =>
    spec.name === "sysctl" && !isSysctlAllowed(value) ? `sysctl '${value}' is not allowed` : undefined,
  ulimit: (value) =>
    /^[a-z]+=-?\d+(:-?\d+)?$/.test(value) ? undefined : `invalid ulimit argument: ${value}`,
};

/** @throws FlagError when `value` is not one for `spec`. */
export function checkFlagValue(spec: FlagSpec, value: string): void {
  const problem = CHECKS[spec.type]?.(value, spec);
  if (problem === undefined) return;
  const names = spec.short === undefined ? `--${spec.name}` : `-${spec.short}, --${spec.name}`;
  throw new FlagError(`invalid argument ${JSON.stringify(value)} for "${names}" flag: ${problem}`);
}

function syntax(func: string, value: string): string {
  return `strconv.${func}: parsing ${JSON.stringify(value)}: invalid syntax`;
}

function checkInteger(func: string, value: string, min: bigint, max: bigint): string | undefined {
  const digits = func === "ParseInt" ? value.replace(/^[+-]/, "") : value;
  if (!/^(0[xX][0-9a-fA-F]+|0[oO]?[0-7]*|0[bB][01]+|[1-9]\d*)$/.test(digits)) return syntax(func, value);
  const magnitude = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const number = value.startsWith("-") ? -magnitude : magnitude;
  if (number >= min && number <= max) return undefined;
  return `strconv.${func}: parsing ${JSON.stringify(value)}: value out of range`;
}

function failureOf(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof SlipwayError) return thrown.message;
    throw thrown;
  }
}

/** Those that belong to a namespace of the container's own (docker/cli: opts.ValidateSysctl). */
const SYSCTLS = [
  "kernel.msgmax",
  "kernel.msgmnb",
  "kernel.msgmni",
  "kernel.sem",
  "kernel.shmall",
  "kernel.shmmax",
  "kernel.shmmni",
  "kernel.shm_rmid_forced",
];

function isSysctlAllowed(value: string): boolean {
  const [name = ""] = value.split("=");
  return (
    value.includes("=") &&
    (SYSCTLS.includes(name) || name.startsWith("net.") || name.startsWith("fs.mqueue."))
  );
}

/** Lists whose items Docker checks as they are given (docker/cli: opts/). */
function checkListItem(value: string, spec: FlagSpec): string | undefined {
  switch (spec.name) {
    case "env":
      return value === "" || value.startsWith("=") ? `invalid environment variable: ${value}` : undefined;
    case "attach":
      return ["stdin", "stdout", "stderr"].includes(value.toLowerCase())
        ? undefined
        : "valid streams are STDIN, STDOUT and STDERR";
    case "label":
      return value.startsWith("=") || value === ""
        ? `invalid label format: ${JSON.stringify(value)}`
        : undefined;
    case "link":
      return value === "" ? `bad format for links: ${value}` : undefined;
    case "add-host":
      return /^[^:=]+[:=].+$/.test(value) ? undefined : `bad format for add-host: ${JSON.stringify(value)}`;
    case "dns":
      return /^[\d.]+$|:/.test(value) ? undefined : `IP address is not correctly formatted: ${value}`;
    default:
      return undefined;
  }
}
