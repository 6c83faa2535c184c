/**
 * The terminals' device numbers: /dev/tty is whatever terminal the opener has, a node 5:2 stands for the
 * devpts beside it (fs/devpts/inode.c: devpts_acquire), and 136:n opens only through a devpts.
 */
import { Errno } from "../abi/errno.ts";
import { O_NOCTTY } from "../abi/fcntl.ts";
import type { DeviceTable } from "../vfs/devices.ts";
import type { Location } from "../vfs/mount.ts";
import { topOf } from "../vfs/mount.ts";
import { DevptsFilesystem, openTerminal } from "./devpts.ts";
import { Pty } from "./pty.ts";

const TTYAUX_MAJOR = 5;
const UNIX98_SLAVE_MAJOR = 136;

export function registerTerminals(devices: DeviceTable): void {
  devices.register(TTYAUX_MAJOR, 0, (flags, task, location) => {
    const { terminal } = task.process;
    return terminal instanceof Pty ? openTerminal(terminal, flags | O_NOCTTY, task, location) : -Errno.ENXIO;
  });
  devices.register(TTYAUX_MAJOR, 2, (flags, task, location) => {
    const directory = devptsBeside(location);
    const filesystem = directory?.dentry.superblock.filesystem;
    if (directory === undefined || !(filesystem instanceof DevptsFilesystem)) return -Errno.ENODEV;
    return filesystem.openMaster(flags, task, location, directory);
  });
  devices.register(UNIX98_SLAVE_MAJOR, "*", () => -Errno.EIO);
}

/** "pts" in the directory of the node, when a devpts is mounted there. */
function devptsBeside({ mount, dentry }: Location): Location | undefined {
  const found = dentry.parent?.child("pts");
  return found === undefined ? undefined : topOf({ mount, dentry: found });
}
