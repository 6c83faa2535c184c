/**
 * What connect.ts and the two workers of a tab say to each other. Everything with an answer or a
 * stream is a call over a Peer; only what hands over a MessagePort is a bare message, because a
 * Peer's frames cannot carry one.
 */
import type { ErrorData } from "../../layers/base/errors.ts";

/** Where the page came from and what it knows; the same for the engine's worker and the shells. */
export interface WorkerEnvironment {
  /** Tabs with one name share one engine and one storage. */
  readonly name: string;
  /** The page's own address. */
  readonly baseUrl: string;
  /** Folder of the Wasmer SDK's files. */
  readonly wasmerSdkUrl: string;
  /** The processor of linux/amd64 containers. */
  readonly interpreterUrl: string;
  /** Where images come from until the user says otherwise: the server's slipway.json. */
  readonly defaults: EngineDefaults;
}

/** Absolute addresses; "" is no proxy. */
export interface EngineDefaults {
  readonly mirrors: readonly string[];
  readonly proxy: string;
}

/** Page to engine worker. */
export type EngineWorkerMessage =
  | {
      readonly kind: "start";
      readonly environment: WorkerEnvironment;
      readonly control: MessagePort;
      readonly aliveLock: string;
    }
  /** One more client of the engine: a shell. */
  | { readonly kind: "client"; readonly port: MessagePort };

/** Page to shell worker. */
export type ShellWorkerMessage =
  | {
      readonly kind: "start";
      readonly environment: WorkerEnvironment;
      readonly control: MessagePort;
      readonly engine: MessagePort;
    }
  /** The engine's worker died and this leads to its successor. */
  | { readonly kind: "engine"; readonly engine: MessagePort };

/** What a worker asks of the page, which starts and ends workers for it (worker-starter.ts). */
export type StarterRequest =
  | {
      readonly kind: "startWorker";
      readonly id: number;
      readonly script: StartedScript;
      /** The started worker's end of the line to whoever asked. */
      readonly line: MessagePort;
    }
  | { readonly kind: "endWorker"; readonly id: number };

export type StartedScript = "pod" | "guest" | "emulatedPod";

/** Page to the worker that asked. */
export interface WorkerFailed {
  readonly kind: "workerFailed";
  readonly id: number;
  readonly message: string;
}

/** Page to the worker it started: the only message it ever gets from the page. */
export interface LineMessage {
  readonly line: MessagePort;
}

/** Calls of the engine worker at the page. */
export const STATE_CALL = "state";
/** Calls of the page at the engine worker, besides "http". */
export const RETRY_CALL = "retry";

export type EngineWorkerState =
  | { readonly kind: "starting" | "owner" | "guest" }
  | { readonly kind: "failed"; readonly error: ErrorData };

/** Calls of the page at a shell worker. */
export const TERMINAL_CALL = "terminal";
export const RESIZE_CALL = "resize";
export const DOCKER_CALL = "docker";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Parameters of RESIZE_CALL are a Size. The call's bodies are the terminal's bytes. */
export interface TerminalParameters {
  readonly size: Size;
}

export interface DockerParameters {
  readonly args: readonly string[];
}
