/** "Up 3 minutes", "Exited (0) 2 hours ago": Docker's words for a state (moby container/state.go, go-units). */
import type { Container } from "../engine/containers/container.ts";
import { timeNs } from "../engine/time.ts";

export function statusText(container: Container, nowNs: bigint): string {
  const { state } = container.record;
  if (state.isRunning) {
    const up = humanDuration(nowNs - timeNs(state.startedAt));
    if (state.isPaused) return `Up ${up} (Paused)`;
    if (state.isRestarting) {
      return `Restarting (${state.exitCode}) ${humanDuration(nowNs - timeNs(state.finishedAt))} ago`;
    }
    const { health } = state;
    if (health === undefined) return `Up ${up}`;
    return `Up ${up} (${health.status === "starting" ? "health: starting" : health.status})`;
  }
  switch (container.status) {
    case "removing":
      return "Removal In Progress";
    case "dead":
      return "Dead";
    case "created":
      return "Created";
    default:
      if (timeNs(state.finishedAt) === 0n) return "Created";
      return `Exited (${state.exitCode}) ${humanDuration(nowNs - timeNs(state.finishedAt))} ago`;
  }
}

/** go-units HumanDuration: the docker command's own words for a span. */
export function humanDuration(ns: bigint): string {
  const seconds = Math.floor(Number(ns) / 1e9);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(seconds / 3600);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(hours / 24 / 365)} years`;
}
