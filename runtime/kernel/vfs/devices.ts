/** Character devices by number: what opening a device node gives (Documentation/admin-guide/devices.txt). */
import type { Task } from "../task/task.ts";
import type { FileDescription } from "./file-description.ts";
import type { Location } from "./mount.ts";

/** Opens a device; -errno when it cannot be. */
export type DeviceOpener = (flags: number, task: Task, location: Location) => FileDescription | number;

export class DeviceTable {
  readonly #openers = new Map<string, DeviceOpener>();

  /** `minor` "*" answers every minor number of `major` that has no opener of its own. */
  register(major: number, minor: number | "*", open: DeviceOpener): void {
    this.#openers.set(`${major}:${minor}`, open);
  }

  opener(major: number, minor: number): DeviceOpener | undefined {
    return this.#openers.get(`${major}:${minor}`) ?? this.#openers.get(`${major}:*`);
  }
}
