/**
 * A container's configuration as people give it: Docker's `Config`, the part an image may carry
 * defaults for. Field names are Docker's own, capitals included, because the same words stand in image
 * configs, in `docker inspect` and in our records; everything the engine adds is written as usual.
 */

export interface HealthConfig {
  readonly Test?: readonly string[];
  /** Nanoseconds, like all of these. */
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

export interface ContainerConfig {
  readonly Hostname: string;
  readonly Domainname: string;
  readonly User: string;
  readonly AttachStdin: boolean;
  readonly AttachStdout: boolean;
  readonly AttachStderr: boolean;
  readonly ExposedPorts: Readonly<Record<string, object>> | null;
  readonly Tty: boolean;
  readonly OpenStdin: boolean;
  readonly StdinOnce: boolean;
  readonly Env: readonly string[] | null;
  readonly Cmd: readonly string[] | null;
  readonly Healthcheck: HealthConfig | null;
  readonly ArgsEscaped: boolean;
  readonly Image: string;
  readonly Volumes: Readonly<Record<string, object>> | null;
  readonly WorkingDir: string;
  readonly Entrypoint: readonly string[] | null;
  readonly NetworkDisabled: boolean;
  readonly MacAddress: string;
  readonly OnBuild: readonly string[] | null;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly StopSignal: string;
  readonly StopTimeout: number | null;
  readonly Shell: readonly string[] | null;
}

export const EMPTY_CONFIG: ContainerConfig = {
  Hostname: "",
  Domainname: "",
  User: "",
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  ExposedPorts: null,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: null,
  Cmd: null,
  Healthcheck: null,
  ArgsEscaped: false,
  Image: "",
  Volumes: null,
  WorkingDir: "",
  Entrypoint: null,
  NetworkDisabled: false,
  MacAddress: "",
  OnBuild: null,
  Labels: null,
  StopSignal: "",
  StopTimeout: null,
  Shell: null,
};

/**
 * What a container gets from its image: values it did not set itself, in the way of moby's
 * runconfig.Merge. Setting an entrypoint drops the image's command.
 */
export function mergeConfig(own: ContainerConfig, image: ContainerConfig): ContainerConfig {
  const hasOwnEntrypoint = own.Entrypoint !== null && own.Entrypoint.length > 0;
  // [""] is how a client says "no entrypoint at all".
  const isEntrypointReset = own.Entrypoint?.length === 1 && own.Entrypoint[0] === "";
  const cmd = isEmpty(own.Cmd) && !hasOwnEntrypoint ? image.Cmd : own.Cmd;
  // An empty list is an entrypoint of its own: none.
  const entrypoint = own.Entrypoint ?? image.Entrypoint;
  return {
    ...own,
    User: own.User === "" ? image.User : own.User,
    ExposedPorts: isUnset(own.ExposedPorts) ? image.ExposedPorts : { ...image.ExposedPorts, ...own.ExposedPorts },
    Env: mergeEnv(own.Env, image.Env),
    Labels: { ...image.Labels, ...own.Labels },
    Cmd: isEmpty(cmd) ? null : cmd,
    ArgsEscaped: isEmpty(own.Cmd) && !hasOwnEntrypoint ? image.ArgsEscaped : own.ArgsEscaped,
    Entrypoint: isEntrypointReset || isEmpty(entrypoint) ? null : entrypoint,
    Healthcheck: mergeHealth(own.Healthcheck, image.Healthcheck),
    WorkingDir: own.WorkingDir === "" ? image.WorkingDir : own.WorkingDir,
    Volumes: isUnset(own.Volumes) ? image.Volumes : { ...own.Volumes, ...image.Volumes },
    StopSignal: own.StopSignal === "" ? image.StopSignal : own.StopSignal,
    StopTimeout: own.StopTimeout ?? image.StopTimeout,
    Shell: own.Shell ?? image.Shell,
  };
}

function isUnset(set: Readonly<Record<string, object>> | null): boolean {
  return set === null || Object.keys(set).length === 0;
}

function isEmpty(list: readonly string[] | null): boolean {
  return list === null || list.length === 0;
}

/** The container's own first, then the image's variables it does not name. */
function mergeEnv(own: readonly string[] | null, image: readonly string[] | null): readonly string[] | null {
  if (isEmpty(own)) return image;
  const names = new Set((own ?? []).map(nameOf));
  return [...(own ?? []), ...(image ?? []).filter((entry) => !names.has(nameOf(entry)))];
}

function nameOf(entry: string): string {
  const equals = entry.indexOf("=");
  return equals < 0 ? entry : entry.slice(0, equals);
}

function mergeHealth(own: HealthConfig | null, image: HealthConfig | null): HealthConfig | null {
  if (image === null) return own;
  if (own === null) return image;
  return {
    ...own,
    Test: own.Test === undefined || own.Test.length === 0 ? (image.Test ?? []) : own.Test,
    Interval: own.Interval || (image.Interval ?? 0),
    Timeout: own.Timeout || (image.Timeout ?? 0),
    StartPeriod: own.StartPeriod || (image.StartPeriod ?? 0),
    StartInterval: own.StartInterval || (image.StartInterval ?? 0),
    Retries: own.Retries || (image.Retries ?? 0),
  };
}

/** The first process's path and arguments: entrypoint, then command. */
export function commandOf(config: ContainerConfig): readonly string[] {
  return [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
}
