/**
 * Containers that live in another's namespaces: `--network`, `--pid` and `--ipc container:NAME`. One hard idea: the
 * name is looked up when the container is created and kept as an id (moby does so too), and whoever it is must run
 * when the container starts. What cannot go together is moby's runconfig (validateNetMode), in its words.
 */
import { fail } from "../../../layers/base/errors.ts";
import type { SharedNamespaces } from "../../backends/backend.ts";
import type { EngineContext } from "../context.ts";
import type { ContainerConfig } from "./config.ts";
import type { Container } from "./container.ts";
import type { HostConfig } from "./host-config.ts";
import type { ContainerRecord } from "./record.ts";

const PREFIX = "container:";
const UNDEFINED_BEHAVIOUR = "can't be used with links. This would result in undefined behavior";

/** @throws SlipwayError invalidParameter for what contradicts a shared or the host's namespace. */
export function validateSharing(config: ContainerConfig, host: HostConfig): void {
  const { NetworkMode: network, UTSMode: uts } = host;
  const isContainer = network.startsWith(PREFIX);
  const has = (list: object | null): boolean => list !== null && Object.keys(list).length > 0;
  const refuse = (what: string): never => {
    throw fail("invalidParameter", `conflicting options: ${what}`);
  };
  if (uts === "host" && config.Hostname !== "") refuse("hostname and the UTS mode");
  if (network === "host" && has(host.Links)) refuse(`host type networking ${UNDEFINED_BEHAVIOUR}`);
  if (!isContainer) return;
  if (network === PREFIX) {
    throw fail("invalidParameter", "Invalid network mode: invalid container format container:<name|id>");
  }
  if (config.Hostname !== "") refuse("hostname and the network mode");
  if (has(host.Links)) refuse(`container type network ${UNDEFINED_BEHAVIOUR}`);
  if (has(host.Dns)) refuse("dns and the network mode");
  if (has(host.ExtraHosts)) refuse("custom host-to-IP mapping and the network mode");
  if (has(host.PortBindings) || host.PublishAllPorts) {
    refuse("port publishing and the container type network mode");
  }
  if (has(config.ExposedPorts)) refuse("port exposing and the container type network mode");
}

/** With ids for names. A network may come later; the others must exist. */
export function withResolvedSharing(context: EngineContext, host: HostConfig): HostConfig {
  const resolve = (mode: string, isRequired: boolean): string => {
    if (!mode.startsWith(PREFIX)) return mode;
    const name = mode.slice(PREFIX.length);
    const container = find(context, name);
    // Not "not found": the docker command would go and pull the image.
    if (container === undefined && isRequired) throw fail("invalidParameter", `No such container: ${name}`);
    return `${PREFIX}${container?.id ?? name}`;
  };
  for (const link of host.Links ?? []) {
    const [name = ""] = link.split(":");
    if (find(context, name) === undefined) {
      throw fail("invalidParameter", `could not get container for ${name}: No such container: ${name}`);
    }
  }
  return {
    ...host,
    NetworkMode: resolve(host.NetworkMode, false),
    PidMode: resolve(host.PidMode, true),
    IpcMode: resolve(host.IpcMode, true),
  };
}

export interface Sharing {
  readonly shares: SharedNamespaces;
  /** Whose hostname and /etc files it has: the container whose network it is in. */
  readonly network: ContainerRecord | undefined;
}

/** Whom it joins now. @throws SlipwayError when somebody of them does not run. */
export function sharingOf(context: EngineContext, { id, hostConfig }: ContainerRecord): Sharing {
  const { PidMode: pidMode, IpcMode: ipcMode, NetworkMode: networkMode } = hostConfig;
  const donor = (mode: string, whenStopped: (other: Container) => string): Container | undefined => {
    if (!mode.startsWith(PREFIX)) return undefined;
    const other = context.containers.get(mode.slice(PREFIX.length));
    if (other.record.state.isRestarting) {
      throw fail("conflict", `Container ${other.id} is restarting, wait until the container is running`);
    }
    if (!other.isRunning || other.task === undefined) throw fail("conflict", whenStopped(other));
    return other;
  };
  if (networkMode === PREFIX + id) throw fail("invalidParameter", "cannot join own network namespace");
  const network = donor(
    networkMode,
    (other) => `cannot join network of a non running container: ${other.id}`,
  );
  const ipc = donor(ipcMode, (other) => `failed to join IPC namespace: container ${other.id} is not running`);
  if (ipc !== undefined && !isShareable(ipc.record.hostConfig.IpcMode)) {
    const hint = "non-shareable IPC (hint: use IpcMode:shareable for the donor container)";
    throw fail("invalidParameter", `failed to join IPC namespace: container ${ipc.id}: ${hint}`);
  }
  const pid = donor(pidMode, (other) => `failed to join PID namespace: container ${other.id} is not running`);
  return {
    shares: {
      ...(pid === undefined ? {} : { pid: pid.id }),
      ...(ipc === undefined ? {} : { ipc: ipc.id }),
      ...(network === undefined ? {} : { network: network.id }),
    },
    network: network?.record,
  };
}

function isShareable(mode: string): boolean {
  return mode === "shareable" || mode.startsWith(PREFIX) || mode === "host";
}

function find(context: EngineContext, name: string): Container | undefined {
  try {
    return context.containers.get(name);
  } catch {
    return undefined; // It may be made before the start, which says so if not.
  }
}
