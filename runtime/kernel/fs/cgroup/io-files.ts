/** io.stat and io.max of a control group: one line for each device, and there is one (block/blk-throttle.c). */
import { Errno } from "../../abi/errno.ts";
import type { Cgroup } from "../../cgroup.ts";
import type { IoLimits } from "../../io-account.ts";
import type { Kernel } from "../../kernel.ts";
import { SyscallError } from "../../task/syscall-error.ts";
import type { GeneratedText } from "../generated.ts";
import { parseNumber } from "../nodes.ts";

/** By the words of io.max. */
const LIMITS: Readonly<Record<string, keyof IoLimits>> = {
  rbps: "readBytes",
  wbps: "writeBytes",
  riops: "reads",
  wiops: "writes",
};

export function ioFiles(kernel: Kernel, group: Cgroup): Readonly<Record<string, GeneratedText>> {
  const device = `${kernel.disk.major}:${kernel.disk.minor}`;
  return {
    "io.stat": { type: "file", mode: 0o444, text: () => statText(device, group) },
    "io.max": {
      type: "file",
      mode: 0o644,
      text: () => maxText(device, group),
      write: (written) => setMax(device, group, written),
    },
    "io.weight": {
      type: "file",
      mode: 0o644,
      text: () => `default ${group.io.weight}\n`,
      write: (written) => {
        group.io.weight = parseNumber(written.replace(/^\s*default\s+/, ""), 1, 10_000);
      },
    },
  };
}

/** Nothing while nothing has passed. */
function statText(device: string, { io }: Cgroup): string {
  const { readBytes, writtenBytes, reads, writes } = io;
  if (reads + writes === 0) return "";
  return `${device} rbytes=${readBytes} wbytes=${writtenBytes} rios=${reads} wios=${writes} dbytes=0 dios=0\n`;
}

function maxText(device: string, { io: { limits } }: Cgroup): string {
  const words = Object.entries(LIMITS);
  if (words.every(([, name]) => !Number.isFinite(limits[name]))) return "";
  const shown = words.map(
    ([word, name]) => `${word}=${Number.isFinite(limits[name]) ? String(limits[name]) : "max"}`,
  );
  return `${device} ${shown.join(" ")}\n`;
}

/** "MAJ:MIN word=value …": all of it or nothing (tg_set_limit). */
function setMax(device: string, { io: { limits } }: Cgroup, written: string): void {
  const [name = "", ...words] = written.trim().split(/\s+/);
  if (!/^\d+:\d+$/.test(name)) throw new SyscallError(Errno.EINVAL);
  if (name !== device) throw new SyscallError(Errno.ENODEV);
  const changes: [keyof IoLimits, number][] = words.map((word) => {
    const [, key = "", value = ""] = /^([a-z]+)=(max|\d+)$/.exec(word) ?? [];
    const limit = LIMITS[key];
    if (limit === undefined) throw new SyscallError(Errno.EINVAL);
    if (Number(value) === 0) throw new SyscallError(Errno.ERANGE);
    return [limit, value === "max" ? Number.POSITIVE_INFINITY : Number(value)];
  });
  for (const [limit, value] of changes) limits[limit] = value;
}
