/**
 * What is known of a container's health, and how each probe changes it (moby daemon/health.go). Pure:
 * when probes run, and how, is in health-monitor.ts.
 */
import type { HealthConfig } from "./config.ts";
import { timeNs } from "../time.ts";

export interface ProbeResult {
  /** RFC 3339. */
  readonly start: string;
  readonly end: string;
  /** 0 is healthy; -1: the probe could not run or took too long. */
  readonly exitCode: number;
  readonly output: string;
}

export type HealthStatus = "starting" | "healthy" | "unhealthy";

export interface HealthState {
  readonly status: HealthStatus;
  readonly failingStreak: number;
  /** The last five, oldest first. */
  readonly log: readonly ProbeResult[];
}

/** A probe as the container's configuration asks for it, defaults filled in. */
export interface Probe {
  readonly command: readonly string[];
  readonly intervalNs: number;
  readonly timeoutNs: number;
  readonly startPeriodNs: number;
  readonly startIntervalNs: number;
  readonly retries: number;
}

const NS_PER_S = 1_000_000_000;
const DEFAULTS = {
  intervalNs: 30 * NS_PER_S,
  timeoutNs: 30 * NS_PER_S,
  startIntervalNs: 5 * NS_PER_S,
  retries: 3,
} as const;
const LOG_ENTRIES_MAX = 5;

/** Undefined when nothing is to be probed. */
export function probeOf(health: HealthConfig | null, shell: readonly string[] | null): Probe | undefined {
  const [kind, ...rest] = health?.Test ?? [];
  if (health === null || (kind !== "CMD" && kind !== "CMD-SHELL")) return undefined;
  const shellOf = shell === null || shell.length === 0 ? ["/bin/sh", "-c"] : shell;
  return {
    command: kind === "CMD" ? rest : [...shellOf, ...rest],
    intervalNs: health.Interval || DEFAULTS.intervalNs,
    timeoutNs: health.Timeout || DEFAULTS.timeoutNs,
    startPeriodNs: health.StartPeriod ?? 0,
    startIntervalNs: health.StartInterval || DEFAULTS.startIntervalNs,
    retries: health.Retries || DEFAULTS.retries,
  };
}

/** At each start; the results of earlier runs stay in the log. */
export function startingHealth(previous: HealthState | undefined): HealthState {
  return { status: "starting", failingStreak: 0, log: previous?.log ?? [] };
}

/** Nothing watches any more: Docker calls that unhealthy. */
export function unwatchedHealth(health: HealthState): HealthState {
  return { ...health, status: "unhealthy" };
}

export function healthAfter(health: HealthState, probe: Probe, result: ProbeResult, startedAt: string): HealthState {
  const log = [...health.log, result].slice(-LOG_ENTRIES_MAX);
  if (result.exitCode === 0) return { status: "healthy", failingStreak: 0, log };
  // A container that has never been healthy may fail for as long as its start may take.
  const sinceStartNs = Number(timeNs(result.start) - timeNs(startedAt));
  if (health.status === "starting" && sinceStartNs < probe.startPeriodNs) return { ...health, log };
  const failingStreak = health.failingStreak + 1;
  return { status: failingStreak >= probe.retries ? "unhealthy" : health.status, failingStreak, log };
}

/** How long to wait before the next probe. */
export function probeDelayNs(health: HealthState, probe: Probe, startedAt: string, nowNs: bigint): number {
  const isStarting = health.status === "starting" && Number(nowNs - timeNs(startedAt)) < probe.startPeriodNs;
  return isStarting ? probe.startIntervalNs : probe.intervalNs;
}
