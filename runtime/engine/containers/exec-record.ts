/** A further process in a running container, from its creation to what is left of it after its end. */
import type { ConsoleSize, Process, ProcessSpec } from "../../backends/backend.ts";
import type { StandardStreams } from "./standard-streams.ts";

export interface ExecRequest {
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly user: string;
  readonly workingDir: string;
  readonly hasTerminal: boolean;
  readonly isPrivileged: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detachKeys: string;
}

export interface Exec {
  readonly id: string;
  readonly containerID: string;
  readonly request: ExecRequest;
  readonly spec: ProcessSpec;
  readonly streams: StandardStreams;
  process: Process | undefined;
  /** Given before there was a process to give it to: clients tell their terminal's size while it starts. */
  wantedSize: ConsoleSize | undefined;
  state: "created" | "running" | "exited";
  exitCode: number | undefined;
}
