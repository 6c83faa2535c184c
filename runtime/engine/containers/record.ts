/**
 * What the engine remembers of a container, as one record in the storage: enough to find everything
 * again after a crash. Instants are text (RFC 3339), because records must survive any storage.
 */
import type { Diagnostics } from "../../backends/backend.ts";
import type { ContainerConfig } from "./config.ts";
import type { HealthState } from "./health.ts";
import type { HostConfig } from "./host-config.ts";

export interface ContainerState {
  readonly isRunning: boolean;
  readonly isPaused: boolean;
  readonly isRestarting: boolean;
  readonly isOomKilled: boolean;
  /** Half removed: its removal is finished at the next opening. */
  readonly isDead: boolean;
  readonly pid: number;
  readonly exitCode: number;
  readonly error: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Only with a health check, and once it has run. */
  readonly health?: HealthState | undefined;
  /** Of the last run, where the machine lacked something. */
  readonly diagnostics?: Diagnostics | undefined;
}

export interface ContainerRecord {
  readonly id: string;
  /** Without Docker's leading slash. */
  readonly name: string;
  readonly created: string;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly imageID: string;
  /** "linux/amd64": which backend runs it. */
  readonly platform: string;
  /** diffIDs of the image at creation: the container keeps them alive. */
  readonly layers: readonly string[];
  readonly path: string;
  readonly args: readonly string[];
  readonly state: ContainerState;
  readonly restartCount: number;
  readonly hasBeenManuallyStopped: boolean;
  readonly hasBeenStartedBefore: boolean;
}

/** Prefix of the keys of container records. */
export const CONTAINER_KEY = "engine/containers/";

/** Docker's word for a state: `docker ps --filter status=`. */
export type StatusWord = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";

export function statusWord(record: ContainerRecord, isRemovalInProgress: boolean): StatusWord {
  const { state } = record;
  if (state.isRunning) {
    if (state.isPaused) return "paused";
    return state.isRestarting ? "restarting" : "running";
  }
  if (isRemovalInProgress) return "removing";
  if (state.isDead) return "dead";
  return record.hasBeenStartedBefore || state.finishedAt !== ZERO || state.startedAt !== ZERO ? "exited" : "created";
}

const ZERO = "0001-01-01T00:00:00Z";

export const CREATED_STATE: ContainerState = {
  isRunning: false,
  isPaused: false,
  isRestarting: false,
  isOomKilled: false,
  isDead: false,
  pid: 0,
  exitCode: 0,
  error: "",
  startedAt: ZERO,
  finishedAt: ZERO,
};
