/** A container as the columns of `docker ps` (docker/cli: formatter/container.go). */
import type { ContainerSummary } from "../../api/schema/types.ts";
import { parseImageName, familiarReference } from "../references.ts";
import { quote } from "../template/quoting.ts";
import type { Row } from "./formatter.ts";
import { formatGoTime } from "./go-time.ts";
import { displayPorts } from "./ports.ts";
import { ellipsis, shortId } from "./text.ts";
import { humanDuration, listSize } from "./units.ts";

export const CONTAINER_HEADERS = {
  ID: "CONTAINER ID",
  Names: "NAMES",
  Image: "IMAGE",
  Command: "COMMAND",
  CreatedAt: "CREATED AT",
  RunningFor: "CREATED",
  Ports: "PORTS",
  State: "STATE",
  Status: "STATUS",
  Size: "SIZE",
  Labels: "LABELS",
  Mounts: "MOUNTS",
  LocalVolumes: "LOCAL VOLUMES",
  Networks: "NETWORKS",
  Platform: "PLATFORM",
};
export const CONTAINER_TABLE =
  "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";

export interface RowOptions {
  readonly isTruncated: boolean;
  nowSeconds(): number;
}

const COMMAND_WIDTH = 20;
const MOUNT_WIDTH = 15;

/** Labels as "a=b,c=d". */
export function joinLabels(labels: Readonly<Record<string, string>> | null | undefined): string {
  return Object.entries(labels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(",");
}

export function containerRow(container: ContainerSummary, options: RowOptions): Row {
  const { isTruncated } = options;
  const created = container.Created ?? 0;
  return {
    Command: () =>
      quote(isTruncated ? ellipsis(container.Command ?? "", COMMAND_WIDTH) : (container.Command ?? "")),
    CreatedAt: () => formatGoTime(BigInt(created) * 1_000_000_000n),
    ID: () => (isTruncated ? shortId(container.Id ?? "") : container.Id),
    Image: () => imageText(container, isTruncated),
    Label: (name: string) => container.Labels?.[name] ?? "",
    Labels: () => joinLabels(container.Labels),
    LocalVolumes: () => String((container.Mounts ?? []).filter((mount) => mount.Driver === "local").length),
    Mounts: () => mountNames(container, isTruncated),
    Names: () => names(container, isTruncated),
    Networks: () => Object.keys(container.NetworkSettings?.Networks ?? {}).join(","),
    Platform: () => null, // A descriptor only daemons with a containerd image store send.
    Ports: () => displayPorts(container.Ports ?? []),
    RunningFor: () => `${humanDuration(options.nowSeconds() - created)} ago`,
    Size: () => sizeText(container),
    State: () => container.State ?? "",
    Status: () => container.Status ?? "",
  };
}

function names(container: ContainerSummary, isTruncated: boolean): string {
  const all = (container.Names ?? []).map((name) => name.replace(/^\//, ""));
  // A name with a slash is an alias given by a link.
  return (isTruncated ? all.filter((name) => !name.includes("/")) : all).join(",");
}

function imageText(container: ContainerSummary, isTruncated: boolean): string {
  const image = container.Image ?? "";
  if (image === "") return "<no image>";
  if (!isTruncated) return image;
  if (shortId(container.ImageID ?? "") === shortId(image)) return shortId(image);
  if (!image.includes("@")) return image;
  const name = parseImageName(image);
  return name.tag === undefined ? image : familiarReference({ ...name, digest: undefined });
}

function mountNames(container: ContainerSummary, isTruncated: boolean): string {
  return (container.Mounts ?? [])
    .map((mount) => {
      const name = (mount.Name ?? "") === "" ? (mount.Source ?? "") : (mount.Name ?? "");
      return isTruncated ? ellipsis(name, MOUNT_WIDTH) : name;
    })
    .join(",");
}

function sizeText(container: ContainerSummary): string {
  const written = listSize(container.SizeRw ?? 0);
  const whole = container.SizeRootFs ?? 0;
  return whole > 0 ? `${written} (virtual ${listSize(whole)})` : written;
}
