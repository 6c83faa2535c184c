/**
 * What the engine and a pod say to each other over a Peer: method names with their parameters and
 * results. Streams travel as bodies: stdin as the body of the call "stdin", the rest as bodies of
 * replies. Every call names the container it is about, because containers that share namespaces share a pod;
 * a container's processes are numbered, 0 is the first.
 */
import type {
  ConsoleSize, Diagnostics, ExitStatus, PathChange, PathInfo, ProcessSpec, ProcessTable, ResourceLimits, TaskSpec,
  TaskStatistics,
} from "../backend.ts";

export interface PodCalls {
  /** Gets what takes long to start ready, ahead of need. */
  warm: { params: null; result: null };
  create: { params: TaskSpec; result: null };
  exec: { params: ProcessSpec; result: { process: number } };
  start: { params: { process: number }; result: { pid: number } };
  /** Body: stdin until its end. */
  stdin: { params: { process: number }; result: null };
  /** Reply body: the stream; of a terminal in small portions. */
  stdout: { params: { process: number; hasTerminal: boolean }; result: null };
  stderr: { params: { process: number }; result: null };
  wait: { params: { process: number }; result: ExitStatus };
  resize: { params: { process: number; size: ConsoleSize }; result: null };
  kill: { params: { process: number; signal: number }; result: null };
  pause: { params: null; result: null };
  resume: { params: null; result: null };
  update: { params: ResourceLimits; result: null };
  /** Options as for ps(1). */
  top: { params: { psArguments: readonly string[] }; result: ProcessTable };
  statistics: { params: null; result: TaskStatistics };
  diagnostics: { params: null; result: Diagnostics | undefined };
  filesStat: { params: { path: string }; result: PathInfo };
  /** Reply body: the tar. */
  filesRead: { params: { path: string }; result: null };
  /** Body: the tar. */
  filesWrite: { params: { path: string; noOverwriteDirNonDir: boolean }; result: null };
  filesChanges: { params: null; result: readonly PathChange[] };
  filesExport: { params: null; result: null };
  filesExportDiff: { params: null; result: null };
  filesSize: { params: null; result: number };
  /** Ends everything and makes the writable layer durable. `isReusable`: the pod may serve another container. */
  close: { params: null; result: { isReusable: boolean } };
}

export type PodMethod = keyof PodCalls;

/** What travels: the parameters, and the id of the container they are for ("" for "warm"). */
export interface AddressedParams {
  readonly container: string;
  readonly params: unknown;
}
