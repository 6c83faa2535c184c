/**
 * What a page gets from `connect()` (connect.ts): the whole of Slipway as web/ and embedders see it.
 */
import type { Disposable } from "../../layers/base/disposable.ts";
import type { SlipwayError } from "../../layers/base/errors.ts";
import type { Duplex } from "../../layers/base/streams.ts";
import type { DockerConfigStore } from "./docker-config.ts";
import type { EngineClient } from "./engine-client.ts";
import type { EngineSettings } from "./settings.ts";

export interface DockerOptions {
  readonly stdin?: string | Uint8Array;
  readonly signal?: AbortSignal;
}

export interface DockerResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A shell session in a worker of its own: line editing, history, completion, the docker command. */
export interface TerminalSession extends Disposable {
  /** Raw terminal bytes, as a pty's master side. */
  readonly connection: Duplex;
  resize(size: { readonly columns: number; readonly rows: number }): void;
  /** Settles when the user ends the session. */
  readonly closed: Promise<void>;
}

/**
 * "owner": the engine runs in this tab; "guest": in another tab; "starting": neither is settled yet;
 * "failed": no engine can be started, and `failure` says why.
 */
export type EngineRole = "starting" | "owner" | "guest" | "failed";

export interface Slipway extends Disposable {
  readonly engine: EngineClient;
  /** One docker command, without a terminal: what tests and embedders use. */
  docker(args: readonly string[], options?: DockerOptions): Promise<DockerResult>;
  openTerminal(size: { readonly columns: number; readonly rows: number }): Promise<TerminalSession>;
  readonly role: EngineRole;
  /** Why the role is "failed". */
  readonly failure: SlipwayError | undefined;
  onRoleChange(listener: (role: EngineRole) => void): Disposable;
  /** Tries again to start an engine that failed to. */
  retry(): void;
  /** Where images come from; the engine's own record, shared by all tabs. */
  readonly settings: EngineSettings;
  /** Registry credentials: what `docker login` writes. They stay with the client. */
  readonly credentials: DockerConfigStore;
}
