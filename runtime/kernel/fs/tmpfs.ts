/**
 * tmpfs(5) as it is mounted: the in-memory filesystem of layers/fs with the options of mount(8), which come as
 * one string ("size=64m,mode=1777") and are shown again in /proc/mounts where they differ from the default.
 */
import { MemoryFilesystem } from "../../../layers/fs/memory.ts";
import { Errno } from "../abi/errno.ts";
import type { Extent, UserNamespace } from "../ns/user-namespace.ts";
import { toKernelId } from "../ns/user-namespace.ts";
import type { Kernel } from "../kernel.ts";
import { SyscallError } from "../task/syscall-error.ts";
import type { KernelFilesystem } from "../vfs/mount.ts";

const KIB = 1024;
const PAGE_BYTES = 4096;
const MODE_DEFAULT = 0o1777;
const SCALES: Readonly<Record<string, number>> = { "": 1, k: KIB, m: KIB ** 2, g: KIB ** 3, t: KIB ** 4, p: KIB ** 5 };

/** Those that take a value. */
export const TMPFS_OPTIONS: readonly string[] = [
  "size", "nr_blocks", "nr_inodes", "mode", "uid", "gid", "huge", "mpol",
];

export interface TmpfsOptions {
  readonly sizeBytes?: number;
  readonly nodes?: number;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export class Tmpfs extends MemoryFilesystem implements KernelFilesystem {
  #options: TmpfsOptions;

  constructor(kernel: Kernel, options: TmpfsOptions) {
    const { sizeBytes = kernel.memoryBytes / 2, nodes, mode = MODE_DEFAULT, uid = 0, gid = 0 } = options;
    super({
      clock: kernel.clock,
      rootMode: mode,
      rootUid: uid,
      rootGid: gid,
      // "size=0" and "nr_inodes=0" are no limit.
      ...(sizeBytes === 0 ? { sizeBytesMax: Number.MAX_SAFE_INTEGER } : { sizeBytesMax: pages(sizeBytes) * PAGE_BYTES }),
      ...(nodes === undefined ? {} : { nodesMax: nodes === 0 ? Number.MAX_SAFE_INTEGER : nodes }),
    });
    this.#options = options;
  }

  /** MS_REMOUNT: only sizes change. */
  reconfigure({ sizeBytes }: TmpfsOptions): void {
    if (sizeBytes === undefined) return;
    this.sizeBytesMax = sizeBytes === 0 ? Number.MAX_SAFE_INTEGER : pages(sizeBytes) * PAGE_BYTES;
    this.#options = { ...this.#options, sizeBytes };
  }

  /** shmem_show_options. */
  showOptions(): string {
    const { sizeBytes, nodes, mode = MODE_DEFAULT, uid = 0, gid = 0 } = this.#options;
    return (
      (sizeBytes === undefined ? "" : `,size=${(pages(sizeBytes) * PAGE_BYTES) / KIB}k`) +
      (nodes === undefined ? "" : `,nr_inodes=${nodes}`) +
      (mode === MODE_DEFAULT ? "" : `,mode=${mode.toString(8).padStart(3, "0")}`) +
      (uid === 0 ? "" : `,uid=${uid}`) +
      (gid === 0 ? "" : `,gid=${gid}`)
    );
  }
}

function pages(sizeBytes: number): number {
  return Math.ceil(sizeBytes / PAGE_BYTES);
}

/** The data argument of mount(2); `user` is whose numbers ids are. EINVAL for what tmpfs does not know. */
export function parseTmpfsOptions(kernel: Kernel, data: string, user?: UserNamespace): TmpfsOptions {
  let options: TmpfsOptions = {};
  for (const word of data.split(",")) {
    if (word === "") continue;
    const equals = word.indexOf("=");
    const [name, value] = equals < 0 ? [word, ""] : [word.slice(0, equals), word.slice(equals + 1)];
    options = { ...options, ...optionOf(kernel, name, value, user) };
  }
  return options;
}

function optionOf(kernel: Kernel, name: string, value: string, user: UserNamespace | undefined): TmpfsOptions {
  switch (name) {
    case "size":
      return { sizeBytes: value.endsWith("%") ? percentage(kernel, value) : sizeOf(value) };
    case "nr_blocks":
      return { sizeBytes: sizeOf(value) * PAGE_BYTES };
    case "nr_inodes":
      return { nodes: sizeOf(value) };
    case "mode":
      return { mode: numberOf(value, /^[0-7]{1,7}$/, 8) & 0o7777 };
    case "uid":
      return { uid: idOf(user?.uidMap, value) };
    case "gid":
      return { gid: idOf(user?.gidMap, value) };
    case "huge": // No huge pages, no swap, one node: nothing to choose.
    case "mpol":
    case "noswap":
    case "inode32":
    case "inode64":
      return {};
    default:
      throw new SyscallError(Errno.EINVAL);
  }
}

function numberOf(value: string, form: RegExp, radix: number): number {
  if (!form.test(value)) throw new SyscallError(Errno.EINVAL);
  return parseInt(value, radix);
}

function idOf(map: readonly Extent[] | undefined, value: string): number {
  const id = toKernelId(map, numberOf(value, /^\d{1,10}$/, 10));
  if (id === undefined) throw new SyscallError(Errno.EINVAL);
  return id;
}

/** memparse: digits and a letter. */
function sizeOf(value: string): number {
  const [, digits, letter = ""] = /^(\d+)([kmgtp]?)$/i.exec(value) ?? [];
  if (digits === undefined) throw new SyscallError(Errno.EINVAL);
  return Number(digits) * (SCALES[letter.toLowerCase()] ?? 1);
}

function percentage(kernel: Kernel, value: string): number {
  return Math.floor((numberOf(value.slice(0, -1), /^\d{1,3}$/, 10) * kernel.memoryBytes) / 100);
}
