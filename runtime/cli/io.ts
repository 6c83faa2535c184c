/**
 * What the docker command needs of the outside: streams, a terminal, signals, its configuration and an
 * engine. The page's worker, the shell and Node tests each provide one; the CLI has no other authority.
 */
import type { Clock } from "../../layers/base/clock.ts";
import type { Disposable } from "../../layers/base/disposable.ts";
import type { ByteStream } from "../../layers/base/streams.ts";
import type { DockerConfigStore } from "../client/docker-config.ts";
import type { EngineClient } from "../client/engine-client.ts";

/** A `WritableStreamDefaultWriter` is one. Resolves when more may be written. */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<void>;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** The terminal that some of the standard streams are connected to. */
export interface Terminal {
  size(): TerminalSize;
  onResize(listener: () => void): Disposable;
  /** Raw: every byte goes to the command, nothing is echoed, ^C is a byte and no signal. */
  setRaw(isRaw: boolean): void;
  /** Whether what is typed is shown; off while a password is asked for. */
  setEcho(isEcho: boolean): void;
}

/** Files that `--env-file`, `--cidfile` and the like name. */
export interface Files {
  read(path: string): Promise<Uint8Array>;
  write(path: string, bytes: Uint8Array): Promise<void>;
}

export interface DockerIo {
  readonly stdin: ByteStream;
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  /** Which of the standard streams are the terminal. */
  readonly isTerminal: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  /** Present when any of them is. */
  readonly terminal?: Terminal;
  /** SIGINT, SIGTERM, …, by name, sent to the command. */
  onSignal(listener: (name: string) => void): Disposable;
  readonly env: Readonly<Record<string, string>>;
  readonly config: DockerConfigStore;
  readonly client: EngineClient;
  readonly clock: Clock;
  readonly files?: Files;
}
