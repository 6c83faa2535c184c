/** The usual nodes of generated filesystems: fixed directories, texts, links. */
import { Errno } from "../abi/errno.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { Task } from "../task/task.ts";
import type { GeneratedDirectory, GeneratedLink, GeneratedNode, GeneratedText, Owner } from "./generated.ts";

export function directory(entries: Readonly<Record<string, GeneratedNode>>, mode = 0o555): GeneratedDirectory {
  const byName = new Map(Object.entries(entries));
  return { type: "directory", mode, lookup: (name) => byName.get(name), names: () => [...byName.keys()] };
}

export function text(make: (task: Task) => string | Uint8Array, mode = 0o444): GeneratedText {
  return { type: "file", mode, text: make };
}

export function link(target: (task: Task | undefined) => string): GeneratedLink {
  return { type: "symlink", mode: 0o777, target };
}

export function withOwner<Node extends GeneratedNode>(node: Node, owner: () => Owner, isGone: () => boolean): Node {
  return { ...node, owner, isGone };
}

/** A whole number as programs write them: "1\n". EINVAL for anything else. */
export function parseNumber(written: string, least: number, most: number): number {
  const trimmed = written.trim();
  if (!/^-?(0x[0-9a-fA-F]+|\d+)$/.test(trimmed)) throw new SyscallError(Errno.EINVAL);
  const number = Number(trimmed.replace("-", "")) * (trimmed.startsWith("-") ? -1 : 1);
  if (number < least || number > most) throw new SyscallError(Errno.EINVAL);
  return number;
}
