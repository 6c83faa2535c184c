/**
 * What the machine can and cannot give a container: moby's verifyPlatformContainerSettings and its resources, in
 * its words, for a host with cgroup2. What a kernel of cgroup2 has no more is discarded with Docker's warning.
 */
import { fail } from "../../../layers/base/errors.ts";
import type { HostConfig, Resources } from "./host-config.ts";

const OOM_SCORE_MAX = 1000;
const RESERVATION_BYTES_MIN = 6 * 1024 * 1024;
const BLKIO_WEIGHT_MIN = 10;
const BLKIO_WEIGHT_MAX = 1000;
/** moby oci: what tmpfs options mean something (pkg/mount, validFlags). */
const TMPFS_VALUES = ["size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol"];

export interface Verified {
  readonly hostConfig: HostConfig;
  readonly warnings: readonly string[];
}

/** @throws SlipwayError invalidParameter. `cpus`: how many processors the host says it has. */
export function verifyHostConfig(host: HostConfig, cpus: number): Verified {
  if (host.ShmSize < 0) throw invalid("SHM size can not be less than 0");
  if (Math.abs(host.OomScoreAdj) > OOM_SCORE_MAX) {
    throw invalid(`Invalid value ${host.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
  if (!/^(|none|host|private|shareable|container:.+)$/.test(host.IpcMode)) {
    throw invalid(`invalid IPC mode: ${host.IpcMode}`);
  }
  if (!/^(|host|container:.+)$/.test(host.PidMode)) throw invalid(`invalid PID mode: ${host.PidMode}`);
  if (!["", "host"].includes(host.UTSMode)) throw invalid(`invalid UTS mode: ${host.UTSMode}`);
  if (!["", "host"].includes(host.UsernsMode)) throw invalid(`invalid userns mode: ${host.UsernsMode}`);
  if (!["", "host", "private"].includes(host.CgroupnsMode)) {
    throw invalid(`invalid cgroup namespace mode: ${host.CgroupnsMode}`);
  }
  if (!["", "runc", "io.containerd.runc.v2"].includes(host.Runtime)) {
    throw invalid(`unknown or invalid runtime name: ${host.Runtime}`);
  }
  verifyStorage(host);
  verifyTmpfs(host);
  const resources = verifyResources(host, cpus);
  const isPublishing = Object.keys(host.PortBindings ?? {}).length > 0;
  const discarded = "Published ports are discarded when using host network mode";
  const warnings = host.NetworkMode === "host" && isPublishing ? [discarded] : [];
  return {
    hostConfig: { ...host, ...resources.changes },
    warnings: [...warnings, ...resources.warnings],
  };
}

/** @throws SlipwayError invalidParameter for what this machine cannot give. */
export function verifyResources(
  resources: Resources,
  cpus: number,
): { readonly changes: Partial<Resources>; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const changes: { -readonly [K in keyof Resources]?: Resources[K] } = {};
  if (resources.MemoryReservation > 0 && resources.MemoryReservation < RESERVATION_BYTES_MIN) {
    throw invalid("Minimum memory reservation allowed is 6MB");
  }
  if (resources.MemorySwappiness !== null && resources.MemorySwappiness !== -1) {
    changes.MemorySwappiness = null;
    warnings.push(
      "Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. " +
        "Memory swappiness discarded.",
    );
  }
  if (resources.OomKillDisable === true) {
    warnings.push("Your kernel does not support OomKillDisable. OomKillDisable discarded.");
    changes.OomKillDisable = null;
  }
  if (resources.CpuRealtimePeriod !== 0 || resources.CpuRealtimeRuntime !== 0) {
    throw invalid("kernel does not support CPU real-time scheduler");
  }
  if (resources.NanoCpus > cpus * 1e9) {
    throw invalid(`range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`);
  }
  verifySets(resources, cpus);
  const { BlkioWeight: weight } = resources;
  if (weight !== 0 && (weight < BLKIO_WEIGHT_MIN || weight > BLKIO_WEIGHT_MAX)) {
    throw invalid("Range of blkio weight is from 10 to 1000");
  }
  if (resources.IOMaximumBandwidth !== 0 || resources.IOMaximumIOps !== 0) {
    throw invalid("Invalid QoS settings: Linux does not support Maximum IO Bandwidth or Maximum IO IOps");
  }
  return { changes, warnings };
}

function verifySets({ CpusetCpus: processors, CpusetMems: nodes }: Resources, cpus: number): void {
  const available = cpus === 1 ? "0" : `0-${cpus - 1}`;
  if (listOf(processors, "cpus").some((number) => number >= cpus)) {
    throw invalid(`Requested CPUs are not available - requested ${processors}, available: ${available}`);
  }
  if (listOf(nodes, "mems").some((number) => number > 0)) {
    throw invalid(`Requested memory nodes are not available - requested ${nodes}, available: 0`);
  }
}

/** The largest numbers of a list such as "0-2,4" (moby: parsers.ParseUintList). */
function listOf(list: string, kind: "cpus" | "mems"): readonly number[] {
  if (list === "") return [];
  return list.split(",").map((part) => {
    const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    if (from === undefined || Number(to) < Number(from)) {
      throw invalid(`Invalid value ${list} for cpuset ${kind}: invalid format: ${list}`);
    }
    return Number(to);
  });
}

function verifyStorage({ StorageOpt: options }: HostConfig): void {
  for (const name of Object.keys(options ?? {})) {
    if (name.toLowerCase() !== "size") throw invalid(`unknown option ${name}`);
    throw invalid("--storage-opt is supported only for overlay over xfs with 'pquota' mount option");
  }
}

function verifyTmpfs({ Tmpfs: mounts }: HostConfig): void {
  for (const [target, options] of Object.entries(mounts ?? {})) {
    if (!target.startsWith("/")) {
      throw invalid(`invalid mount path: '${target}' mount path must be absolute`);
    }
    if (/^\/+$/.test(target)) throw invalid("invalid specification: destination can't be '/'");
    for (const option of options.split(",")) {
      const [name = "", ...value] = option.split("=");
      if (value.length === 0 || TMPFS_VALUES.includes(name)) continue;
      throw invalid(
        `invalid tmpfs option [${[name, value.join("=")].map((word) => JSON.stringify(word)).join(" ")}]`,
      );
    }
  }
}

function invalid(message: string): Error {
  return fail("invalidParameter", message);
}
