/**
 * Parameters by their kinds. One hard idea: what the kernel fills in is read after the call, and as a bare
 * address when the call failed; memory that cannot be read is shown as the address that was given.
 */
import { guarded } from "../syscalls/dispatch.ts";
import type { Task } from "../task/task.ts";
import { SHOWN_PARAMETERS } from "./calls.ts";
import { choice, CHOICES, FLAGS, flags, hex, pointer, signalName, signalSet } from "./names.ts";
import { quote, quoteHex } from "./quote.ts";
import * as structure from "./structures.ts";

const RSP = 4;
/** From the stack pointer at rt_sigreturn to the frame's mask. */
const FRAME_MASK = 296;
const AT_FDCWD = -100;
const O_CREAT = 0o100;
const O_TMPFILE = 0o20000000;
const INT_MAX = 0x7fff_ffff;
const CLONE_TIDS = [0x100000, 0x80000, 0x1200000] as const;

const [PR_SET_NAME, PR_GET_NAME, COMM_BYTES] = [15, 16, 16] as const;
/** PR_GET_DUMPABLE, PR_GET_KEEPCAPS, PR_GET_SECCOMP, PR_GET_SECUREBITS, PR_GET_TIMERSLACK. */
const ARGUMENTLESS_PRCTL: readonly number[] = [3, 7, 21, 27, 30];
const nothing = (): string => "";

export interface Call {
  readonly task: Task;
  readonly name: string;
  readonly args: readonly number[];
}

type Printer = (call: Call, index: number, result: number) => string;

/** At entry the parameters up to the first that is filled in; at exit the rest. */
export function parametersOf(name: string, kinds: readonly string[]): readonly string[] {
  return SHOWN_PARAMETERS.get(name) ?? kinds;
}

export function printParameter(call: Call, kind: string, index: number, result: number): string {
  const isFilled = kind.startsWith(">");
  const bare = isFilled ? kind.slice(1) : kind;
  const value = call.args[index] ?? 0;
  if (isFilled && result < 0 && bare !== "polled") return pointer(value);
  let text = pointer(value);
  guarded(() => {
    text = print(call, bare, index, result);
    return 0;
  });
  return text;
}

function print(call: Call, kind: string, index: number, result: number): string {
  const value = call.args[index] ?? 0;
  const printer = PRINTERS[kind];
  if (printer !== undefined) return printer(call, index, result);
  const [family = "", name = ""] = kind.split(":");
  const names = kind.startsWith("flags:") ? FLAGS[name] : undefined;
  if (names !== undefined) return flags(names, value);
  const choices = CHOICES[kind] ?? CHOICES[family];
  if (choices !== undefined) return choice(choices, value | 0);
  return value > 0xffff ? hex(value) : String(value);
}

const int: Printer = ({ args }, index) => String((args[index] ?? 0) | 0);
const address: Printer = ({ args }, index) => pointer(args[index] ?? 0);

/** A structure at an address, or NULL. */
function at(read: (memory: Task["memory"], value: number, call: Call, result: number) => string): Printer {
  return (call, index, result) => {
    const value = call.args[index] ?? 0;
    return value === 0 ? "NULL" : read(call.task.memory, value, call, result);
  };
}

const string: Printer = ({ task, args }, index, result) => {
  const sizeBytes =
    result >= 0 && index > 0
      ? Math.min(args[index + 1] ?? 0, Number.isFinite(result) ? result : Infinity)
      : 0;
  return quote(task.memory.copyIn(args[index] ?? 0, Math.min(sizeBytes, 64)), sizeBytes);
};

const openMode: Printer = ({ args }, index) => {
  const value = args[index] ?? 0;
  const rest = value & ~3;
  const mode = choice(CHOICES["accessMode"] ?? [], value & 3);
  return rest === 0 ? mode : `${mode}|${flags(FLAGS["open"] ?? [], rest)}`;
};

const PRINTERS: Readonly<Record<string, Printer>> = {
  fd: int,
  pid: int,
  int,
  address,
  dirfd: ({ args }, index) =>
    ((args[index] ?? 0) | 0) === AT_FDCWD ? "AT_FDCWD" : String((args[index] ?? 0) | 0),
  size: ({ args }, index) => String(args[index] ?? 0),
  offset: ({ args }, index) => String(args[index] ?? 0),
  unsigned: ({ args }, index) => String((args[index] ?? 0) >>> 0),
  hex: ({ args }, index) => hex(args[index] ?? 0),
  optional: address,
  mode: ({ args }, index) => structure.octal((args[index] ?? 0) & 0o7777),
  signal: ({ args }, index) => signalName((args[index] ?? 0) | 0),
  path: at(structure.path),
  name: at(structure.path),
  string,
  buffer: address,
  prctlname: at((memory, value) => quote(memory.readCString(value, COMM_BYTES))),
  cstring: at((memory, value) => quote(memory.readCString(value, 4096), 0)),
  hexstring: at((memory, value, _call, result) => quoteHex(memory.copyIn(value, result))),
  stat: at(structure.stat),
  timespec: at(structure.timespec),
  timeval: at(structure.timeval),
  itimerval: at(
    (memory, value) =>
      `{it_interval=${structure.timeval(memory, value)}, it_value=${structure.timeval(memory, value + 16)}}`,
  ),
  sigaction: at(structure.sigaction),
  sigset: at((memory, value) => signalSet(memory.readU64(value))),
  rlimit: at(structure.rlimit),
  utsname: at(structure.utsname),
  status: at(structure.waitStatus),
  strings: at(structure.strings),
  variables: at(structure.variables),
  epollevent: at(structure.epollEvent),
  cloneargs: at(structure.cloneArgs),
  fds: at((memory, value) => `[${memory.readI32(value)}, ${memory.readI32(value + 4)}]`),
  length: at((memory, value) => `[${memory.readU32(value)}]`),
  entries: ({ args }, index) => hex(args[index] ?? 0),
  iovec: at((memory, value, { args }, result) => structure.iovec(memory, value, args[2] ?? 0, result)),
  pollfds: at((memory, value, { args }) => structure.pollfds(memory, value, args[1] ?? 0)),
  fdset: at((memory, value, { args }) => structure.fdSet(memory, value, args[0] ?? 0)),
  sockaddr: at((memory, value, { args }) => structure.sockaddr(memory, value, args[2] ?? 0)),
  "sockaddr:5": at((memory, value, { args }) => structure.sockaddr(memory, value, args[5] ?? 0)),
  sockaddrout: (call, index) => {
    const value = call.args[index] ?? 0;
    const { memory } = call.task;
    return value === 0
      ? "NULL"
      : structure.sockaddr(memory, value, memory.readU32(call.args[index + 1] ?? 0));
  },
  epollevents: at(
    (memory, value, _call, result) =>
      `[${Array.from({ length: result }, (_, index) => structure.epollEvent(memory, value + index * 12)).join(", ")}]`,
  ),
  openflags: openMode,
  createmode: ({ args }, index) => structure.octal((args[index] ?? 0) & 0o7777),
  socktype: ({ args }, index) => {
    const value = args[index] ?? 0;
    const rest = value & ~0xf;
    const type = choice(CHOICES["socktype"] ?? [], value & 0xf);
    return rest === 0 ? type : `${type}|${flags(FLAGS["socket"] ?? [], rest)}`;
  },
  fcntlarg: ({ args }, index) => {
    const [, command = 0, value = 0] = args;
    if (command === 2) return flags(FLAGS["fdcloexec"] ?? [], value);
    return command === 4 ? openMode({ args } as Call, index, 0) : value > 0xffff ? hex(value) : String(value);
  },
  frame: ({ task }) => `{mask=${signalSet(task.memory.readU64(task.context.integer(RSP) + FRAME_MASK))}}`,
};

/** Parameters that a call's other parameters decide on: how many are shown. */
export function shownCount({ name, args }: Call, kinds: readonly string[]): number {
  const [, second = 0, third = 0] = args;
  switch (name) {
    case "open":
    case "openat": {
      const bits = name === "open" ? second : third;
      const isMaking = (bits & O_CREAT) !== 0 || (bits & O_TMPFILE) === O_TMPFILE;
      return isMaking ? kinds.length : kinds.length - 1;
    }
    case "fcntl":
      return second === 1 ||
        second === 3 ||
        second === 9 ||
        second === 11 ||
        second === 1032 ||
        second === 1034
        ? 2
        : 3;
    case "mremap":
      return (args[3] ?? 0) > 1 ? 5 : 4;
    default:
      return kinds.length;
  }
}

/** clone, prctl and futex: what their first parameters say the others are. */
export interface Special {
  readonly entry: string;
  readonly exit: (result: number) => string;
}

export function printSpecial(call: Call): Special | undefined {
  const { name, args, task } = call;
  const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0, sixth = 0] = args;
  if (name === "clone") {
    const signal = (first & 0xff) === 0 ? "" : `|${signalName(first & 0xff)}`;
    const has = (bits: number): boolean => (first & bits) !== 0;
    const exit = [
      ...(has(CLONE_TIDS[0]) ? [`parent_tid=${pointer(third)}`] : []),
      ...(has(CLONE_TIDS[1]) ? [`tls=${pointer(fifth)}`] : []),
      ...(has(CLONE_TIDS[2]) ? [`child_tidptr=${pointer(fourth)}`] : []),
    ];
    const names =
      (first & ~0xff) === 0
        ? signal.slice(1) || "0"
        : `${flags(FLAGS["clone"] ?? [], first & ~0xff)}${signal}`;
    return {
      entry: `child_stack=${pointer(second)}, flags=${names}`,
      exit: () => exit.map((text) => `, ${text}`).join(""),
    };
  }
  if (name === "prctl") {
    const option = choice(CHOICES["prctl"] ?? [], first);
    const filled = (result: number): string =>
      printParameter({ ...call, args: [second] }, ">prctlname", 0, result);
    if (first === PR_GET_NAME) return { entry: `${option}, `, exit: filled };
    const isName = first === PR_SET_NAME;
    const shown = isName
      ? quote(task.memory.readCString(second, COMM_BYTES))
      : second > 0xffff
        ? hex(second)
        : String(second);
    return { entry: ARGUMENTLESS_PRCTL.includes(first) ? option : `${option}, ${shown}`, exit: nothing };
  }
  if (name !== "futex") return undefined;
  const operation = second & 0x7f;
  const isPrivate = (second & 128) !== 0 ? "_PRIVATE" : "";
  const clocked = (second & 256) !== 0 ? "|FUTEX_CLOCK_REALTIME" : "";
  const shown = [pointer(first), `${choice(CHOICES["futex"] ?? [], operation)}${isPrivate}${clocked}`];
  const value = third === INT_MAX ? String(INT_MAX) : String(third >>> 0);
  shown.push(value);
  const time = (): string => (fourth === 0 ? "NULL" : structure.timespec(task.memory, fourth));
  if (operation === 0) shown.push(time());
  else if (operation === 9)
    shown.push(time(), "NULL", sixth >>> 0 === 0xffff_ffff ? "FUTEX_BITSET_MATCH_ANY" : hex(sixth));
  else if (operation === 3 || operation === 4 || operation === 5)
    shown.push(String(fourth), pointer(fifth), String(sixth));
  return { entry: shown.join(", "), exit: nothing };
}
