/**
 * What dockerd refuses before it makes a container, in its words: moby's verifyContainerSettings and
 * runconfig's validation, for the settings that mean something here.
 */
import { fail } from "../../../layers/base/errors.ts";
import { parseSignal } from "../signals.ts";
import { normalizeCapabilities } from "./capabilities.ts";
import type { ContainerConfig, HealthConfig } from "./config.ts";
import type { HostConfig, Resources, RestartPolicy } from "./host-config.ts";
import { validateLogConfig } from "./log-options.ts";

/** moby daemon/daemon_unix.go: linuxMinMemory. */
const MEMORY_BYTES_MIN = 6 * 1024 * 1024;
/** moby api/types/container: MinimumDuration, one millisecond. */
const HEALTH_DURATION_NS_MIN = 1_000_000;

export function validateConfig(config: ContainerConfig): void {
  if (config.WorkingDir !== "" && !config.WorkingDir.startsWith("/")) {
    throw invalid(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  }
  if (config.StopSignal !== "") parseSignal(config.StopSignal);
  for (const entry of config.Env ?? []) {
    if (entry === "" || entry.startsWith("=")) throw invalid(`invalid environment variable: ${entry}`);
  }
  if (config.Healthcheck !== null) validateHealth(config.Healthcheck);
}

function validateHealth(health: HealthConfig): void {
  for (const name of ["Interval", "Timeout", "StartPeriod", "StartInterval"] as const) {
    const duration = health[name] ?? 0;
    if (duration !== 0 && duration < HEALTH_DURATION_NS_MIN) {
      throw invalid(`${name} in Healthcheck cannot be less than 1ms`);
    }
  }
  if ((health.Retries ?? 0) < 0) throw invalid("Retries in Healthcheck cannot be negative");
}

export function validateHostConfig(host: HostConfig): void {
  const policy = host.RestartPolicy.Name;
  if (host.AutoRemove && policy !== "" && policy !== "no") {
    throw invalid("can't create 'AutoRemove' container with restart policy");
  }
  for (const extra of host.ExtraHosts ?? []) validateExtraHost(extra);
  validatePorts(host);
  validateRestartPolicy(host.RestartPolicy);
  normalizeCapabilities(host.CapAdd, "CapAdd");
  normalizeCapabilities(host.CapDrop, "CapDrop");
  if (!["", "default"].includes(host.Isolation.toLowerCase()))
    throw invalid(`invalid isolation '${host.Isolation}' on linux`);
  if (Object.keys(host.Annotations ?? {}).includes("")) {
    throw invalid("invalid Annotations: the empty string is not permitted as an annotation key");
  }
  validateLogConfig(host);
  validateResources(host);
  validateUnsupported(host);
}

export function validateRestartPolicy(policy: RestartPolicy): void {
  const { Name: name, MaximumRetryCount: retries } = policy;
  if (!["always", "unless-stopped", "no", "on-failure", ""].includes(name)) {
    throw invalid(
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  }
  if (name === "on-failure" || retries === 0) {
    if (retries < 0) throw invalid("invalid restart policy: maximum retry count cannot be negative");
    return;
  }
  const negative = retries < 0 ? " and cannot be negative" : "";
  throw invalid(`invalid restart policy: maximum retry count can only be used with 'on-failure'${negative}`);
}

export function validateResources(resources: Resources): void {
  const {
    Memory: memory,
    MemorySwap: swap,
    NanoCpus: nanoCpus,
    CpuPeriod: period,
    CpuQuota: quota,
  } = resources;
  if (memory !== 0 && memory < MEMORY_BYTES_MIN) throw invalid("Minimum memory limit allowed is 6MB");
  if (memory > 0 && swap > 0 && swap < memory) {
    throw invalid("Minimum memoryswap limit should be larger than memory limit, see usage");
  }
  if (memory === 0 && swap > 0) {
    throw invalid("You should always set the Memory limit when using Memoryswap limit, see usage");
  }
  if (memory > 0 && resources.MemoryReservation > 0 && memory < resources.MemoryReservation) {
    throw invalid("Minimum memory limit can not be less than memory reservation limit, see usage");
  }
  if (nanoCpus > 0 && period > 0)
    throw invalid("Conflicting options: Nano CPUs and CPU Period cannot both be set");
  if (nanoCpus > 0 && quota > 0)
    throw invalid("Conflicting options: Nano CPUs and CPU Quota cannot both be set");
  if (nanoCpus < 0) throw invalid("Invalid value for NanoCpus: cannot be negative");
  if (period !== 0 && (period < 1000 || period > 1_000_000)) {
    throw invalid("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  }
  if (quota > 0 && quota < 1000) throw invalid("CPU cfs quota can not be less than 1ms (i.e. 1000)");
}

function validateExtraHost(extra: string): void {
  const colon = extra.indexOf(":");
  const [name, address] = colon < 0 ? [extra, ""] : [extra.slice(0, colon), extra.slice(colon + 1)];
  if (name === "" || address === "") throw invalid(`bad format for add-host: "${extra}"`);
  const isAddress =
    address === "host-gateway" || /^[\d.]+$/.test(address) || /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(address);
  if (!isAddress) throw invalid(`invalid IP address in add-host: "${address}"`);
}

function validatePorts(host: HostConfig): void {
  for (const [port, bindings] of Object.entries(host.PortBindings ?? {})) {
    const number = port.split("/", 1)[0] ?? "";
    if (!isPort(number)) throw invalid(`invalid port specification: "${number}"`);
    for (const binding of bindings ?? []) {
      const text = binding.HostPort;
      const [from = "", to = from] = text.split("-");
      if (text !== "" && !(isPort(from) && isPort(to)))
        throw invalid(`invalid port specification: "${text}"`);
    }
  }
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535;
}

/** What a later issue brings: refused by name rather than silently ignored. */
function validateUnsupported(host: HostConfig): void {
  const mounts = (host.Mounts ?? []).filter((mount) => mount.Type !== "tmpfs");
  if ((host.Binds ?? []).length > 0 || mounts.length > 0 || (host.VolumesFrom ?? []).length > 0) {
    throw fail("notImplemented", "volumes and bind mounts are not implemented by Slipway yet");
  }
}

function invalid(message: string): Error {
  return fail("invalidParameter", message);
}
