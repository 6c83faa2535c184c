/**
 * /dev of a container: the devices runc makes for every container that have a meaning without a
 * kernel (opencontainers/runtime-spec, config-linux.md, "Default Devices"), in a small filesystem of
 * its own. The standard streams are links into /proc on Linux; there is no /proc here, so they are
 * devices of a private major number that the guest's worker turns into the streams themselves.
 */
import type { Clock } from "../../../../layers/base/clock.ts";
import { systemRng } from "../../../../layers/base/clock.ts";
import { FsError } from "../../../../layers/fs/errors.ts";
import type { Device, Filesystem } from "../../../../layers/fs/filesystem.ts";
import { MemoryFilesystem } from "../../../../layers/fs/memory.ts";

/** "Local/experimental use" in Linux's devices.txt. */
const STDIO_MAJOR = 240;
const MEMORY_MAJOR = 1;
const MEMORY = { null: 3, zero: 5, full: 7, random: 8, urandom: 9 } as const;

const DEVICES: readonly (readonly [name: string, device: Device])[] = [
  ["null", { major: MEMORY_MAJOR, minor: MEMORY.null }],
  ["zero", { major: MEMORY_MAJOR, minor: MEMORY.zero }],
  ["full", { major: MEMORY_MAJOR, minor: MEMORY.full }],
  ["random", { major: MEMORY_MAJOR, minor: MEMORY.random }],
  ["urandom", { major: MEMORY_MAJOR, minor: MEMORY.urandom }],
  ["stdin", { major: STDIO_MAJOR, minor: 0 }],
  ["stdout", { major: STDIO_MAJOR, minor: 1 }],
  ["stderr", { major: STDIO_MAJOR, minor: 2 }],
];

/** Room for /dev/shm, as Docker gives it (64 MiB). */
const SIZE_BYTES_MAX = 64 * 1024 * 1024;

export function createDevices(clock: Clock): Filesystem {
  const filesystem = new MemoryFilesystem({ clock, sizeBytesMax: SIZE_BYTES_MAX });
  for (const [name, rdev] of DEVICES) {
    filesystem.create(filesystem.root, name, { type: "character", mode: 0o666, uid: 0, gid: 0, rdev });
  }
  filesystem.create(filesystem.root, "shm", { type: "directory", mode: 0o1777, uid: 0, gid: 0 });
  return filesystem;
}

/** 0, 1 or 2 for the standard streams. */
export function stdioOf(device: Device): number | undefined {
  return device.major === STDIO_MAJOR ? device.minor : undefined;
}

export function readDevice(device: Device, target: Uint8Array<ArrayBuffer>): number {
  if (device.major !== MEMORY_MAJOR) throw new FsError("ENXIO");
  switch (device.minor) {
    case MEMORY.null:
      return 0;
    case MEMORY.zero:
    case MEMORY.full:
      target.fill(0);
      return target.length;
    case MEMORY.random:
    case MEMORY.urandom:
      systemRng.fill(target);
      return target.length;
    default:
      throw new FsError("ENXIO");
  }
}

export function writeDevice(device: Device, source: Uint8Array): number {
  if (device.major !== MEMORY_MAJOR) throw new FsError("ENXIO");
  if (device.minor === MEMORY.full) throw new FsError("ENOSPC");
  return source.length;
}
