/** `docker ps`: which containers, newest first, with every filter of the API (moby daemon/list.go). */
import { fail } from "../../../layers/base/errors.ts";
import type { EngineContext } from "../context.ts";
import type { Filters } from "../filters.ts";
import type { Container } from "./container.ts";

export interface ListOptions {
  readonly all: boolean;
  /** 0: no limit. */
  readonly limit: number;
  readonly filters: Filters;
}

const ACCEPTED: ReadonlySet<string> = new Set([
  "ancestor",
  "before",
  "exited",
  "id",
  "isolation",
  "label",
  "name",
  "status",
  "health",
  "since",
  "volume",
  "network",
  "is-task",
  "publish",
  "expose",
]);
const STATUSES = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];
const HEALTHS = ["none", "starting", "healthy", "unhealthy"];

export function listContainers(context: EngineContext, options: ListOptions): readonly Container[] {
  const { filters } = options;
  filters.validate(ACCEPTED);
  const matches = matcher(context, filters);
  const showsAll = options.all || filters.has("status") || options.limit > 0;
  const listed: Container[] = [];
  for (const container of between(context, filters)) {
    if (!showsAll && !container.isRunning) continue;
    if (!matches(container)) continue;
    if (options.limit > 0 && listed.length === options.limit) break;
    listed.push(container);
  }
  return listed;
}

/** Older than `before`, newer than `since`. */
function between(context: EngineContext, filters: Filters): readonly Container[] {
  let containers = context.containers.all();
  for (const name of filters.get("before")) {
    const before = context.containers.get(name);
    containers = containers.slice(containers.indexOf(before) + 1);
  }
  for (const name of filters.get("since")) {
    const since = context.containers.get(name);
    const index = containers.indexOf(since);
    containers = index < 0 ? [] : containers.slice(0, index);
  }
  return containers;
}

function matcher(context: EngineContext, filters: Filters): (container: Container) => boolean {
  const exitCodes = filters.get("exited").map(readExitCode);
  for (const status of filters.get("status")) requireWord("status", status, STATUSES);
  for (const health of filters.get("health")) requireWord("health", health, HEALTHS);
  const ids = filters.get("id");
  const ancestors = filters.has("ancestor")
    ? new Set(filters.get("ancestor").map((name) => context.images.find(name)?.id))
    : undefined;
  const publish = portSet(filters, "publish");
  const expose = portSet(filters, "expose");
  const isTask = filters.boolean("is-task", false);
  return (container) => {
    const { record } = container;
    return (
      (filters.matches("name", record.name) || filters.matches("name", `/${record.name}`)) &&
      (ids.length === 0 || ids.some((id) => record.id.startsWith(id))) &&
      !isTask &&
      filters.matchesLabels("label", record.config.Labels ?? {}) &&
      filters.matchesExactly("isolation", record.hostConfig.Isolation) &&
      (exitCodes.length === 0 || hasExited(container, exitCodes)) &&
      filters.matchesExactly("status", container.status) &&
      filters.matchesExactly("health", record.state.health?.status ?? "none") &&
      (ancestors === undefined || ancestors.has(record.imageID)) &&
      matchesNetwork(container, filters) &&
      matchesVolume(container, filters) &&
      matchesPorts(container, publish, expose)
    );
  };
}

function hasExited(container: Container, exitCodes: readonly number[]): boolean {
  return (
    !container.isRunning &&
    container.record.hasBeenStartedBefore &&
    exitCodes.includes(container.record.state.exitCode)
  );
}

function matchesNetwork(container: Container, filters: Filters): boolean {
  return !filters.has("network") || filters.get("network").includes(container.record.hostConfig.NetworkMode);
}

function matchesVolume(container: Container, filters: Filters): boolean {
  if (!filters.has("volume")) return true;
  const { hostConfig, config } = container.record;
  const places = new Set([
    ...Object.keys(config.Volumes ?? {}),
    ...(hostConfig.Mounts ?? []).flatMap((mount) => [mount.Source, mount.Target]),
  ]);
  return filters.get("volume").some((volume) => places.has(volume));
}

function matchesPorts(
  container: Container,
  publish: ReadonlySet<string>,
  expose: ReadonlySet<string>,
): boolean {
  if (publish.size === 0 && expose.size === 0) return true;
  const exposed = Object.keys(container.record.config.ExposedPorts ?? {});
  const published = Object.values(container.record.hostConfig.PortBindings ?? {})
    .flatMap((bindings) => bindings ?? [])
    .map((binding) => `${binding.HostPort}/tcp`);
  return exposed.some((port) => expose.has(port)) || published.some((port) => publish.has(port));
}

/** "80", "80/udp", "8000-8010/tcp" as single ports. */
function portSet(filters: Filters, key: "publish" | "expose"): ReadonlySet<string> {
  const ports = new Set<string>();
  for (const value of filters.get(key)) {
    if (value.includes(":"))
      throw fail("invalidParameter", `filter for '${key}' should not contain ':': ${value}`);
    const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(value);
    const [, from = "", to = from, protocol = "tcp"] = match ?? [];
    if (match === null || Number(to) < Number(from) || Number(to) > 65_535) {
      throw fail("invalidParameter", `error while looking up for ${key} ${value}: invalid port`);
    }
    for (let port = Number(from); port <= Number(to); port++) ports.add(`${port}/${protocol}`);
  }
  return ports;
}

function readExitCode(value: string): number {
  if (/^-?\d+$/.test(value)) return Number(value);
  throw fail(
    "invalidParameter",
    `invalid filter 'exited=${value}': strconv.Atoi: parsing "${value}": invalid syntax`,
  );
}

function requireWord(key: string, value: string, words: readonly string[]): void {
  if (words.includes(value)) return;
  const list = `${words.slice(0, -1).join(", ")}${key === "status" ? ", or " : ", or "}${words.at(-1) ?? ""}`;
  const what = key === "status" ? "invalid value for state" : "invalid value for health";
  throw fail(
    "invalidParameter",
    `invalid filter '${key}=${value}': ${what} (${value}): must be one of ${list}`,
  );
}
