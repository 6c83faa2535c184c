/** Structures of the ABI as strace prints them; each reads the program's memory at an address. */
import { decodeName } from "../../../layers/fs/names.ts";
import type { UserMemory } from "../mm/user-memory.ts";
import { choice, CHOICES, FLAGS, flags, hex, pointer, signalSet } from "./names.ts";
import { quote, quoteWhole } from "./quote.ts";

/** Elements of an array that are shown. */
export const ELEMENTS_MAX = 32;
const S_IFMT = 0o170000;
const FILE_TYPES: Readonly<Record<number, string>> = {
  0o010000: "S_IFIFO",
  0o020000: "S_IFCHR",
  0o040000: "S_IFDIR",
  0o060000: "S_IFBLK",
  0o100000: "S_IFREG",
  0o120000: "S_IFLNK",
  0o140000: "S_IFSOCK",
};
const [AF_UNIX, AF_INET, AF_INET6] = [1, 2, 10] as const;
const KIB = 1024n;
const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;

export function octal(mode: number): string {
  return mode === 0 ? "000" : `0${mode.toString(8).padStart(3, "0")}`;
}

/** A file's mode with its type. */
export function fileMode(mode: number): string {
  const type = FILE_TYPES[mode & S_IFMT];
  return type === undefined ? octal(mode) : `${type}|${octal(mode & ~S_IFMT)}`;
}

export function stat(memory: UserMemory, at: number): string {
  const mode = memory.readU32(at + 24);
  const type = mode & S_IFMT;
  const isDevice = type === 0o020000 || type === 0o060000;
  const rdev = memory.readInteger(at + 40);
  const device = `st_rdev=makedev(${hex((rdev >> 8) & 0xfff)}, ${hex((rdev & 0xff) | ((rdev >> 12) & 0xfff00))})`;
  return `{st_mode=${fileMode(mode)}, ${isDevice ? device : `st_size=${memory.readInteger(at + 48)}`}, ...}`;
}

export function timespec(memory: UserMemory, at: number): string {
  return `{tv_sec=${memory.readInteger(at)}, tv_nsec=${memory.readInteger(at + 8)}}`;
}

export function timeval(memory: UserMemory, at: number): string {
  return `{tv_sec=${memory.readInteger(at)}, tv_usec=${memory.readInteger(at + 8)}}`;
}

export function sigaction(memory: UserMemory, at: number): string {
  const handler = memory.readInteger(at);
  const [name, bits] = [["SIG_DFL", "SIG_IGN"][handler] ?? hex(handler), memory.readU32(at + 8)];
  const restorer = (bits & 0x0400_0000) === 0 ? "" : `, sa_restorer=${hex(memory.readInteger(at + 16))}`;
  return `{sa_handler=${name}, sa_mask=${signalSet(memory.readU64(at + 24))}, sa_flags=${flags(FLAGS["sa"] ?? [], bits)}${restorer}}`;
}

export function rlimit(memory: UserMemory, at: number): string {
  const limit = (value: bigint): string =>
    value === RLIM_INFINITY
      ? "RLIM64_INFINITY"
      : value > KIB && value % KIB === 0n
        ? `${value / KIB}*1024`
        : String(value);
  return `{rlim_cur=${limit(memory.readU64(at))}, rlim_max=${limit(memory.readU64(at + 8))}}`;
}

export function utsname(memory: UserMemory, at: number): string {
  return `{sysname=${quote(memory.readCString(at, 65))}, nodename=${quote(memory.readCString(at + 65, 65))}, ...}`;
}

export function waitStatus(memory: UserMemory, at: number): string {
  const status = memory.readU32(at);
  if (status === 0xffff) return "[{WIFCONTINUED(s)}]";
  if ((status & 0x7f) === 0) return `[{WIFEXITED(s) && WEXITSTATUS(s) == ${status >> 8}}]`;
  if ((status & 0xff) === 0x7f) return `[{WIFSTOPPED(s) && WSTOPSIG(s) == ${signalOf(status >> 8)}}]`;
  const core = (status & 0x80) === 0 ? "" : " && WCOREDUMP(s)";
  return `[{WIFSIGNALED(s) && WTERMSIG(s) == ${signalOf(status & 0x7f)}${core}}]`;
}

function signalOf(signal: number): string {
  const set = signalSet(1n << BigInt(signal - 1));
  return `SIG${set.slice(1, -1)}`;
}

export function iovec(
  memory: UserMemory,
  at: number,
  count: number,
  limit = Number.POSITIVE_INFINITY,
): string {
  let left = limit;
  const shown = Array.from({ length: Math.min(count, ELEMENTS_MAX) }, (_, index) => {
    const base = memory.readInteger(at + index * 16);
    const size = memory.readInteger(at + index * 16 + 8);
    const used = Math.max(0, Math.min(size, left));
    left -= used;
    return `{iov_base=${used === 0 && size > 0 ? `""` : quote(memory.copyIn(base, Math.min(used, 64)), used)}, iov_len=${size}}`;
  });
  return `[${shown.join(", ")}${count > ELEMENTS_MAX ? ", ..." : ""}]`;
}

export function pollfds(memory: UserMemory, at: number, count: number): string {
  const shown = Array.from({ length: Math.min(count, ELEMENTS_MAX) }, (_, index) => {
    const [fd, events] = [memory.readI32(at + index * 8), memory.readU16(at + index * 8 + 4)];
    return fd < 0 ? `{fd=${fd}}` : `{fd=${fd}, events=${flags(FLAGS["poll"] ?? [], events)}}`;
  });
  return `[${shown.join(", ")}]`;
}

/** After poll: those that something holds of. */
export function polledFds(memory: UserMemory, at: number, count: number): string {
  const shown: string[] = [];
  for (let index = 0; index < count; index++) {
    const bits = memory.readU16(at + index * 8 + 6);
    if (bits === 0) continue;
    shown.push(`{fd=${memory.readI32(at + index * 8)}, revents=${flags(FLAGS["poll"] ?? [], bits)}}`);
  }
  return `[${shown.join(", ")}]`;
}

export function epollEvent(memory: UserMemory, at: number): string {
  const data = memory.readU64(at + 4);
  const events = flags(FLAGS["epollevents"] ?? [], memory.readU32(at));
  return `{events=${events}, data={u32=${data & 0xffff_ffffn}, u64=${data}}}`;
}

export function fdSet(memory: UserMemory, at: number, count: number): string {
  const bytes = memory.copyIn(at, Math.ceil(Math.max(count, 1) / 64) * 8);
  const fds: number[] = [];
  for (let fd = 0; fd < count; fd++) if (((bytes[fd >> 3] ?? 0) & (1 << (fd & 7))) !== 0) fds.push(fd);
  return `[${fds.join(" ")}]`;
}

export function sockaddr(memory: UserMemory, at: number, sizeBytes: number): string {
  if (sizeBytes < 2) return pointer(at);
  const bytes = memory.copyIn(at, Math.min(sizeBytes, 128));
  const view = new DataView(bytes.buffer);
  const family = view.getUint16(0, true);
  const name = choice(CHOICES["family"] ?? [], family);
  if (family === AF_UNIX) {
    if (sizeBytes === 2) return `{sa_family=${name}}`;
    const isAbstract = bytes[2] === 0;
    const nul = bytes.indexOf(0, 2);
    const path = bytes.subarray(isAbstract ? 3 : 2, isAbstract || nul < 0 ? bytes.length : nul);
    return `{sa_family=${name}, sun_path=${isAbstract ? "@" : ""}${quoteWhole(path)}}`;
  }
  if (family === AF_INET && sizeBytes >= 8)
    return `{sa_family=${name}, sin_port=htons(${view.getUint16(2)}), sin_addr=inet_addr("${bytes.subarray(4, 8).join(".")}")}`;
  if (family === AF_INET6 && sizeBytes >= 24) {
    const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(8 + index * 2).toString(16)).join(
      ":",
    );
    return `{sa_family=${name}, sin6_port=htons(${view.getUint16(2)}), sin6_addr="${groups}"}`;
  }
  return `{sa_family=${name}, sa_data=${quote(bytes.subarray(2))}}`;
}

/** argv of exec. */
export function strings(memory: UserMemory, at: number): string {
  const shown: string[] = [];
  for (let index = 0; ; index++) {
    const text = memory.readInteger(at + index * 8);
    if (text === 0) return `[${shown.join(", ")}]`;
    if (index >= ELEMENTS_MAX) return `[${shown.join(", ")}, ...]`;
    shown.push(quote(memory.readCString(text, 131_072)));
  }
}

/** envp of exec: how many. */
export function variables(memory: UserMemory, at: number): string {
  let count = 0;
  while (memory.readInteger(at + count * 8) !== 0) count += 1;
  return `${hex(at)} /* ${count} var${count === 1 ? "" : "s"} */`;
}

export function path(memory: UserMemory, at: number): string {
  const bytes = memory.readCString(at, 4096);
  return decodeName(bytes) === "" ? '""' : quoteWhole(bytes);
}

export function cloneArgs(memory: UserMemory, at: number): string {
  const word = (index: number): number => memory.readInteger(at + index * 8);
  const pointers = `child_tid=${pointer(word(2))}, parent_tid=${pointer(word(3))}`;
  const signal = word(4) === 0 ? "0" : signalOf(word(4));
  const names = flags(FLAGS["clone"] ?? [], word(0));
  return `{flags=${names}, ${pointers}, exit_signal=${signal}, stack=${pointer(word(5))}, stack_size=${hex(word(6))}, tls=${pointer(word(7))}}`;
}
