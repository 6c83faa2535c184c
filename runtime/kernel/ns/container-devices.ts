/**
 * /dev of a container as runc makes it: a small tmpfs with the devices every program expects, and the links that
 * lead to descriptors and terminals (OCI runtime specification, config-linux.md: default devices).
 */
import { Tmpfs } from "../fs/tmpfs.ts";
import type { Kernel } from "../kernel.ts";
import { MemoryDevice } from "../vfs/memory-devices.ts";
import type { Superblock } from "../vfs/mount.ts";

const SIZE_BYTES = 64 * 1024 * 1024;

export interface DeviceNode {
  readonly name: string;
  readonly major: number;
  readonly minor: number;
}

/** Every device there is. */
export const DEVICES: readonly DeviceNode[] = [
  ...Object.entries(MemoryDevice).map(([name, minor]) => ({ name, major: 1, minor })),
  { name: "tty", major: 5, minor: 0 },
];

const LINKS: Readonly<Record<string, string>> = {
  fd: "/proc/self/fd",
  stdin: "/proc/self/fd/0",
  stdout: "/proc/self/fd/1",
  stderr: "/proc/self/fd/2",
  ptmx: "pts/ptmx",
};

/** `extra`: docker run --device. */
export function containerDevices(kernel: Kernel, extra: readonly DeviceNode[] = []): Superblock {
  const files = new Tmpfs(kernel, { sizeBytes: SIZE_BYTES, mode: 0o755 });
  const root = { uid: 0, gid: 0 };
  for (const { name, major, minor } of [...DEVICES, ...extra]) {
    if (files.lookup(files.root, name) !== undefined) continue;
    files.create(files.root, name, { type: "character", mode: 0o666, ...root, rdev: { major, minor } });
  }
  for (const [name, target] of Object.entries(LINKS)) {
    files.create(files.root, name, { type: "symlink", mode: 0o777, ...root, target });
  }
  return kernel.superblock(files, "tmpfs");
}
