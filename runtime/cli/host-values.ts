/** The small languages of single flags: devices, ulimits, tmpfs, throttles, --mount. */
import { fail } from "../../layers/base/errors.ts";
import type {
  DeviceMapping,
  Mount,
  ResourcesBlkioWeightDeviceInner,
  ResourcesUlimitsInner,
  ThrottleDevice,
} from "../api/schema/types.ts";
import { parseRamBytes } from "./format/units.ts";

/** "/dev/sda:/dev/xvda:rwm" */
export function parseDevice(value: string): DeviceMapping {
  const [source = "", second = "", third] = value.split(":");
  const isPermissions = (text: string): boolean => /^[rwm]+$/.test(text);
  const permissions = third ?? (isPermissions(second) ? second : "rwm");
  const target = second === "" || (third === undefined && isPermissions(second)) ? source : second;
  if (!isPermissions(permissions))
    throw fail("invalidParameter", `invalid device specification: ${value}`);
  return { PathOnHost: source, PathInContainer: target, CgroupPermissions: permissions };
}

/** "nofile=1024:2048" */
export function parseUlimit(value: string): ResourcesUlimitsInner {
  const [name = "", limits = ""] = value.split("=");
  const [soft = "", hard = soft] = limits.split(":");
  if (Number(soft) > Number(hard) && hard !== "-1") {
    throw fail(
      "invalidParameter",
      `ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`,
    );
  }
  return { Name: name, Soft: Number(soft), Hard: Number(hard) };
}

/** "/run:rw,size=64k" */
export function parseTmpfs(value: string): [path: string, options: string] {
  const colon = value.indexOf(":");
  return colon < 0 ? [value, ""] : [value.slice(0, colon), value.slice(colon + 1)];
}

/** "/dev/sda:1mb" */
export function parseThrottle(value: string, rateOf: (text: string) => number): ThrottleDevice {
  const [path = "", rate, extra] = value.split(":");
  if (rate === undefined || extra !== undefined)
    throw fail("invalidParameter", `bad format: ${value}`);
  if (!path.startsWith("/dev/"))
    throw fail("invalidParameter", `bad format for device path: ${value}`);
  const number = rateOf(rate);
  if (!Number.isSafeInteger(number) || number < 0) {
    throw fail(
      "invalidParameter",
      `invalid rate for device: ${value}. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb`,
    );
  }
  return { Path: path, Rate: number };
}

export function parseWeight(value: string): ResourcesBlkioWeightDeviceInner {
  const [path = "", weight] = value.split(":");
  if (weight === undefined) throw fail("invalidParameter", `bad format: ${value}`);
  const number = Number(weight);
  if (!path.startsWith("/dev/"))
    throw fail("invalidParameter", `bad format for device path: ${value}`);
  if (!Number.isInteger(number) || (number !== 0 && (number < 10 || number > 1000))) {
    throw fail("invalidParameter", `invalid weight for device: ${value}`);
  }
  return { Path: path, Weight: number };
}

const MOUNT_TYPES = ["bind", "volume", "tmpfs", "image", "npipe", "cluster"];

/** "type=bind,source=/a,target=/b,readonly" */
export function parseMount(value: string): Mount {
  const fields = value.split(",").map((field): [string, string] => {
    const equals = field.indexOf("=");
    return equals < 0
      ? [field.toLowerCase(), "true"]
      : [field.slice(0, equals).toLowerCase(), field.slice(equals + 1)];
  });
  const known: Record<string, string> = {
    src: "source",
    dst: "target",
    destination: "target",
    ro: "readonly",
  };
  const mount: Mount & { Type: NonNullable<Mount["Type"]> } = { Type: "volume" };
  for (const [key, text] of fields) setMountField(mount, known[key] ?? key, text, value);
  if (mount.Target === undefined) throw fail("invalidParameter", "target is required");
  return mount;
}

function setMountField(mount: Mount, key: string, text: string, whole: string): void {
  switch (key) {
    case "type":
      if (!MOUNT_TYPES.includes(text.toLowerCase()))
        throw fail("invalidParameter", `mount type unknown: ${JSON.stringify(text)}`);
      mount.Type = text.toLowerCase() as NonNullable<Mount["Type"]>; // Checked just above.
      return;
    case "source":
      mount.Source = text;
      return;
    case "target":
      mount.Target = text;
      return;
    case "readonly":
      mount.ReadOnly = ["1", "true"].includes(text);
      return;
    case "bind-propagation":
      mount.BindOptions = { ...mount.BindOptions, Propagation: text as "private" }; // The daemon judges it.
      return;
    case "volume-nocopy":
      mount.VolumeOptions = { ...mount.VolumeOptions, NoCopy: ["1", "true"].includes(text) };
      return;
    case "volume-subpath":
      mount.VolumeOptions = { ...mount.VolumeOptions, Subpath: text };
      return;
    case "tmpfs-size":
      mount.TmpfsOptions = { ...mount.TmpfsOptions, SizeBytes: parseRamBytes(text) };
      return;
    case "tmpfs-mode":
      mount.TmpfsOptions = { ...mount.TmpfsOptions, Mode: parseInt(text, 8) };
      return;
    default:
      throw fail(
        "invalidParameter",
        `unexpected key '${key}' in '${whole.split(",").find((field) => field.toLowerCase().startsWith(key)) ?? key}'`,
      );
  }
}
