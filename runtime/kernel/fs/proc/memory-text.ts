/** Address spaces as files: maps, smaps, cmdline, environ, auxv, mem (fs/proc/task_mmu.c, fs/proc/base.c). */
import type { Attributes } from "../../../../layers/fs/filesystem.ts";
import { Errno } from "../../abi/errno.ts";
import { SEEK_CUR, SEEK_SET } from "../../abi/fcntl.ts";
import { MAP_SHARED, PROT_EXEC, PROT_READ, PROT_WRITE } from "../../abi/mman.ts";
import type { AddressSpace } from "../../mm/address-space.ts";
import type { Region } from "../../mm/region.ts";
import { PAGE_BYTES, pageFloor } from "../../mm/region.ts";
import type { Task } from "../../task/task.ts";
import type { Status } from "../../vfs/file-description.ts";
import { FileDescription } from "../../vfs/file-description.ts";

/** Where the name of a line starts. */
const NAME_COLUMN = 73;
const SHARED = 1;
/** Our own pages of the processor's translations: no program asked for them. */
const HIDDEN = "[translations]";
const KB = 1024;

function mapLine({ start, end, protection, flags, backing, position, name }: Region): string {
  const bit = (mask: number, letter: string): string => ((protection & mask) === 0 ? "-" : letter);
  const access =
    bit(PROT_READ, "r") +
    bit(PROT_WRITE, "w") +
    bit(PROT_EXEC, "x") +
    ((flags & MAP_SHARED & SHARED) === 0 ? "p" : "s");
  const hex = (value: number, width: number): string => value.toString(16).padStart(width, "0");
  const offset = backing === undefined ? 0 : position;
  const device = `00:${hex(backing?.device ?? 0, 2)}`;
  const head = `${hex(start, 8)}-${hex(end, 8)} ${access} ${hex(offset, 8)} ${device} ${backing?.ino ?? 0} `;
  const label = (backing?.path ?? name).replace(/\n/g, "\\012");
  return label === "" ? `${head}\n` : `${head.padEnd(NAME_COLUMN)}${label}\n`;
}

function shownRegions(space: AddressSpace): readonly Region[] {
  return space.regions.filter(({ name }) => name !== HIDDEN);
}

export function mapsText(space: AddressSpace): string {
  return shownRegions(space).map(mapLine).join("");
}

function smapsRows(size: number, resident: number, region: Region | undefined): string {
  const dirty = region === undefined || (region.protection & PROT_WRITE) !== 0 ? resident : 0;
  const kb = (name: string, bytes: number): string =>
    `${`${name}:`.padEnd(16)}${Math.floor(bytes / KB)
      .toString()
      .padStart(8)} kB\n`;
  const zeros = (names: readonly string[]): string => names.map((name) => kb(name, 0)).join("");
  const head =
    region === undefined
      ? ""
      : kb("Size", size) + kb("KernelPageSize", PAGE_BYTES) + kb("MMUPageSize", PAGE_BYTES);
  return (
    head +
    kb("Rss", resident) +
    kb("Pss", resident) +
    kb("Pss_Dirty", dirty) +
    zeros(["Shared_Clean", "Shared_Dirty"]) +
    kb("Private_Clean", resident - dirty) +
    kb("Private_Dirty", dirty) +
    kb("Referenced", resident) +
    kb("Anonymous", region?.backing === undefined ? resident : dirty) +
    zeros([
      "KSM",
      "LazyFree",
      "AnonHugePages",
      "ShmemPmdMapped",
      "FilePmdMapped",
      "Shared_Hugetlb",
      "Private_Hugetlb",
      "Swap",
      "SwapPss",
      "Locked",
    ])
  );
}

function vmFlags({ protection, flags }: Region): string {
  const names: [boolean, string][] = [
    [(protection & PROT_READ) !== 0, "rd"],
    [(protection & PROT_WRITE) !== 0, "wr"],
    [(protection & PROT_EXEC) !== 0, "ex"],
    [(flags & SHARED) !== 0, "sh"],
    [true, "mr"],
    [true, "mw"],
    [true, "me"],
  ];
  return `VmFlags: ${names
    .filter(([isSet]) => isSet)
    .map(([, name]) => `${name} `)
    .join("")}\n`;
}

export function smapsText(space: AddressSpace): string {
  return shownRegions(space)
    .map(
      (region) =>
        mapLine(region) +
        smapsRows(region.end - region.start, residentIn(space, region), region) +
        "THPeligible:           0\n" +
        vmFlags(region),
    )
    .join("");
}

export function smapsRollupText(space: AddressSpace): string {
  const regions = shownRegions(space);
  const [first, last] = [regions[0]?.start ?? 0, regions.at(-1)?.end ?? 0];
  const hex = (value: number): string => value.toString(16).padStart(8, "0");
  const head = `${hex(first)}-${hex(last)} ---p 00000000 00:00 0 `.padEnd(NAME_COLUMN);
  return `${head}[rollup]\n${smapsRows(0, space.resident.count * PAGE_BYTES, undefined)}`;
}

/** Bytes of the region with access in the processor's page map: what was touched and not forbidden since. */
function residentIn(space: AddressSpace, { start, end }: Region): number {
  let pages = 0;
  const stop = Math.min(end, space.space.end);
  for (let page = start; page < stop; page += PAGE_BYTES) if (space.space.access(page) !== 0) pages += 1;
  return pages * PAGE_BYTES;
}

/** Arguments as they are in the program's own memory; a program that wrote over them renames itself (setproctitle). */
export function cmdlineBytes({ addressSpace }: Task): Uint8Array {
  const [start, end] = addressSpace.argumentsRange;
  const args = copyOf(addressSpace, start, end);
  if (args.length === 0 || args[args.length - 1] === 0) return args;
  const [, limit] = addressSpace.environmentRange;
  const more = copyOf(addressSpace, start, limit);
  const nul = more.indexOf(0);
  return nul < 0 ? more : more.subarray(0, nul + 1);
}

export function environBytes({ addressSpace }: Task): Uint8Array {
  const [start, end] = addressSpace.environmentRange;
  return copyOf(addressSpace, start, end);
}

/** What is readable of [start, end), at most a mebibyte. */
export function copyOf(space: AddressSpace, start: number, end: number): Uint8Array {
  const size = Math.min(Math.max(0, end - start), 1024 * KB);
  if (size === 0) return new Uint8Array(0);
  const reachable = space.reachable(start, size, PROT_READ);
  return new Uint8Array(space.bytes(start, reachable, PROT_READ) ?? []);
}

/** /proc/pid/mem: reads and writes as a debugger does, past protections. */
export class MemoryFile extends FileDescription {
  readonly label = "";
  readonly #space: AddressSpace;
  readonly #attributes: () => Attributes;
  #position = 0;

  constructor(space: AddressSpace, flags: number, attributes: () => Attributes) {
    super(flags);
    this.#space = space.acquire();
    this.#attributes = attributes;
  }

  override read(target: Uint8Array): number {
    const count = this.readAt(this.#position, target);
    if (count > 0) this.#position += count;
    return count;
  }

  override write(source: Uint8Array): number {
    const count = this.writeAt(this.#position, source);
    if (count > 0) this.#position += count;
    return count;
  }

  override readAt(position: number, target: Uint8Array): number {
    let done = 0;
    while (done < target.length) {
      const at = position + done;
      const size = Math.min(target.length - done, pageFloor(at) + PAGE_BYTES - at);
      const bytes = this.#space.bytes(at, size, PROT_READ);
      if (bytes === undefined) break;
      target.set(bytes, done);
      done += size;
    }
    return done === 0 ? -Errno.EIO : done;
  }

  override writeAt(position: number, source: Uint8Array): number {
    let done = 0;
    while (done < source.length) {
      const at = position + done;
      const size = Math.min(source.length - done, pageFloor(at) + PAGE_BYTES - at);
      if (this.#space.regionAt(at) === undefined) break;
      this.#space.poke(at, source.subarray(done, done + size));
      done += size;
    }
    return done === 0 ? -Errno.EIO : done;
  }

  override seek(offset: number, whence: number): number {
    if (whence !== SEEK_SET && whence !== SEEK_CUR) return -Errno.EINVAL;
    this.#position = whence === SEEK_SET ? offset : this.#position + offset;
    return this.#position;
  }

  override status(): Status {
    return { device: 0, attributes: this.#attributes() };
  }

  protected override closed(): void {
    this.#space.release();
  }
}
