/** `--memory`, `--cpus`, `--device-read-bps` and their kin on a control group, as runc writes them for cgroup2. */
import { fail } from "../../../../layers/base/errors.ts";
import type { Cgroup } from "../../../kernel/cgroup.ts";
import type { IoLimits } from "../../../kernel/io-account.ts";
import type { Kernel } from "../../../kernel/kernel.ts";
import type { IoLimit, ResourceLimits } from "../../backend.ts";

const NS_PER_US = 1000;
/** The kernel takes no less of a period (kernel/sched/core.c: min_cfs_quota_period). */
const QUOTA_US_MIN = 1000;
const UNLIMITED: Readonly<IoLimits> = {
  readBytes: Number.POSITIVE_INFINITY,
  writeBytes: Number.POSITIVE_INFINITY,
  reads: Number.POSITIVE_INFINITY,
  writes: Number.POSITIVE_INFINITY,
};

/** @throws SlipwayError, in the words of dockerd or runc, for what the machine does not have. */
export function applyLimits(kernel: Kernel, cgroup: Cgroup, limits: ResourceLimits): void {
  const { memoryBytes, cpuQuotaUs, cpuPeriodUs, pids, cpuShares = 0, memorySwapBytes = 0 } = limits;
  if (cpuQuotaUs > 0 && cpuQuotaUs < QUOTA_US_MIN) throw refused("cpu.max", `${cpuQuotaUs} ${cpuPeriodUs}`);
  const io = ioLimits(kernel, limits.io ?? []);
  cgroup.memoryMax = memoryBytes > 0 ? memoryBytes : Number.POSITIVE_INFINITY;
  cgroup.memoryLow = limits.memoryReservationBytes ?? 0;
  cgroup.pidsMax = pids > 0 ? pids : Number.POSITIVE_INFINITY;
  cgroup.cpuQuotaNs = cpuQuotaUs > 0 ? cpuQuotaUs * NS_PER_US : Number.POSITIVE_INFINITY;
  if (cpuPeriodUs > 0) cgroup.cpuPeriodNs = cpuPeriodUs * NS_PER_US;
  if (cpuShares > 0) cgroup.cpuWeight = weightOfShares(cpuShares);
  const swapBytes = memorySwapBytes - memoryBytes;
  cgroup.swapMax = memoryBytes > 0 && memorySwapBytes > 0 ? swapBytes : Number.POSITIVE_INFINITY;
  cgroup.cpus = limits.cpusetCpus ?? "";
  cgroup.memoryNodes = limits.cpusetMems ?? "";
  if ((limits.ioWeight ?? 0) > 0) cgroup.io.weight = weightOfBlkio(limits.ioWeight ?? 0);
  Object.assign(cgroup.io.limits, io);
}

/** runc's words for a file of the group that does not take a value. */
function refused(file: string, written: string): Error {
  const what = `failed to write ${JSON.stringify(written)}: write ${file}: invalid argument`;
  return fail(
    "system",
    `OCI runtime create failed: error setting cgroup config for procHooks process: ${what}: unknown`,
  );
}

function ioLimits(kernel: Kernel, limits: readonly IoLimit[]): IoLimits {
  const io: IoLimits = { ...UNLIMITED };
  for (const { device, ...values } of limits) {
    if (device !== `/dev/${kernel.disk.name}`) {
      throw fail("notFound", `stat ${device}: no such file or directory`);
    }
    for (const name of ["readBytes", "writeBytes", "reads", "writes"] as const) {
      if (values[name] !== undefined && values[name] > 0) io[name] = values[name];
    }
  }
  return io;
}

/** cgroup v1's shares in v2's terms (runc: ConvertCPUSharesToCgroupV2Value). */
function weightOfShares(shares: number): number {
  const most = 262_144;
  const bounded = Math.min(Math.max(shares, 2), most);
  return 1 + Math.floor(((bounded - 2) * 9999) / (most - 2));
}

/** blkio.weight in io.weight's terms (runc: ConvertBlkIOToIOWeightValue). */
function weightOfBlkio(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}
