/** What an image says about running it, in the words containers are configured with. */
import type { RunConfig } from "../../../layers/oci/image-config.ts";
import type { ContainerConfig } from "../containers/config.ts";
import { EMPTY_CONFIG } from "../containers/config.ts";

export function runConfigOf(config: RunConfig): ContainerConfig {
  const health = config.healthcheck;
  return {
    ...EMPTY_CONFIG,
    User: config.user,
    ExposedPorts: keySet(config.exposedPorts),
    Env: config.env.length === 0 ? null : config.env,
    Entrypoint: config.entrypoint ?? null,
    Cmd: config.cmd ?? null,
    Volumes: keySet(config.volumes),
    WorkingDir: config.workingDir,
    Labels: Object.keys(config.labels).length === 0 ? null : config.labels,
    StopSignal: config.stopSignal ?? "",
    StopTimeout: config.stopTimeoutSeconds ?? null,
    Healthcheck:
      health === undefined
        ? null
        : {
            Test: health.test,
            Interval: health.intervalNs,
            Timeout: health.timeoutNs,
            StartPeriod: health.startPeriodNs,
            StartInterval: health.startIntervalNs,
            Retries: health.retries,
          },
    Shell: config.shell ?? null,
    OnBuild: config.onBuild.length === 0 ? null : config.onBuild,
    ArgsEscaped: config.argsEscaped,
  };
}

function keySet(names: readonly string[]): Readonly<Record<string, object>> | null {
  return names.length === 0 ? null : Object.fromEntries(names.map((name) => [name, {}]));
}
