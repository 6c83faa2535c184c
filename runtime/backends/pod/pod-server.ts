/**
 * The pod's end of the line: answers the engine's calls for whatever machine runs in this worker. One
 * container at a time; the machine is a `PodHost`, the container a `PodContainer`.
 */
import { fail } from "../../../layers/base/errors.ts";
import type { CallReply, IncomingCall } from "../../../layers/base/peer.ts";
import { INTERACTIVE_WINDOW_BYTES, Peer } from "../../../layers/base/peer.ts";
import type { Port } from "../../../layers/base/port.ts";
import type { ByteStream } from "../../../layers/base/streams.ts";
import { piecesOf } from "../../../layers/base/streams.ts";
import type {
  ConsoleSize, ContainerFiles, ExitStatus, ProcessSpec, ProcessTable, ResourceLimits, TaskSpec, TaskStatistics,
} from "../backend.ts";
import type { PodCalls, PodMethod } from "./protocol.ts";

/** A process of the container, numbered by the pod; 0 is the first. */
export interface PodContainerProcess {
  readonly stdout: ByteStream;
  readonly stderr: ByteStream;
  /** Settles when it has ended. */
  readonly exited: Promise<ExitStatus>;
  /** Takes bytes of stdin; settles when there is room for more. */
  input(bytes: Uint8Array): Promise<void>;
  closeInput(): void;
  resize(size: ConsoleSize): void;
  kill(signal: number): void;
}

export interface PodContainer {
  readonly files: ContainerFiles;
  process(number: number): PodContainerProcess;
  /** Prepares one more process; its number. */
  exec(spec: ProcessSpec): number;
  /** Lets a prepared process run; its pid. @throws SlipwayError with StartFailure. */
  start(number: number): Promise<number>;
  pause(): void;
  resume(): void;
  update(resources: ResourceLimits): void;
  top(psArguments: readonly string[]): ProcessTable | Promise<ProcessTable>;
  statistics(): TaskStatistics;
  /** Ends everything, makes the files durable. Whether the pod is as good as new. */
  close(): Promise<boolean>;
}

export interface PodHost {
  warm(): Promise<void>;
  open(spec: TaskSpec): Promise<PodContainer>;
}

type Handlers = {
  readonly [M in PodMethod]: (
    params: PodCalls[M]["params"], call: IncomingCall,
  ) => Promise<CallReply & { readonly result?: PodCalls[M]["result"] }>;
};

export class PodServer {
  readonly #host: PodHost;
  #container: PodContainer | undefined;

  constructor(port: Port, host: PodHost) {
    this.#host = host;
    const handlers = this.#handlers();
    new Peer(port, (call) => {
      const handler = handlers[call.method as PodMethod] as Handlers[PodMethod] | undefined;
      if (handler === undefined) throw fail("notImplemented", `no such call: ${call.method}`);
      // The engine's end is typed by the same interface.
      return (handler as (params: unknown, call: IncomingCall) => Promise<CallReply>)(call.params, call);
    });
  }

  #handlers(): Handlers {
    return {
      warm: async () => {
        await this.#host.warm();
        return { result: null };
      },
      create: async (spec) => {
        if (this.#container !== undefined) throw fail("conflict", "the pod has a container already");
        this.#container = await this.#host.open(spec);
        return { result: null };
      },
      exec: async (spec) => ({ result: { process: this.#current().exec(spec) } }),
      start: async ({ process }) => ({ result: { pid: await this.#current().start(process) } }),
      ...this.#processHandlers(),
      ...this.#containerHandlers(),
      ...this.#fileHandlers(),
      close: async () => {
        const container = this.#container;
        if (container === undefined) return { result: { isReusable: true } };
        const isReusable = await container.close();
        this.#container = undefined;
        return { result: { isReusable } };
      },
    };
  }

  #processHandlers(): Pick<Handlers, "stdin" | "stdout" | "stderr" | "wait" | "resize" | "kill"> {
    return {
      stdin: async ({ process: number }, { body }) => {
        const process = this.#current().process(number);
        for await (const bytes of piecesOf(body)) await process.input(bytes);
        process.closeInput();
        return { result: null };
      },
      stdout: async ({ process, hasTerminal }) => ({
        result: null,
        body: this.#current().process(process).stdout,
        ...(hasTerminal ? { windowBytes: INTERACTIVE_WINDOW_BYTES } : {}),
      }),
      stderr: async ({ process }) => ({ result: null, body: this.#current().process(process).stderr }),
      wait: async ({ process }) => ({ result: await this.#current().process(process).exited }),
      resize: async ({ process, size }) => {
        this.#current().process(process).resize(size);
        return { result: null };
      },
      kill: async ({ process, signal }) => {
        this.#current().process(process).kill(signal);
        return { result: null };
      },
    };
  }

  #containerHandlers(): Pick<Handlers, "pause" | "resume" | "update" | "top" | "statistics"> {
    return {
      pause: async () => {
        this.#current().pause();
        return { result: null };
      },
      resume: async () => {
        this.#current().resume();
        return { result: null };
      },
      update: async (resources) => {
        this.#current().update(resources);
        return { result: null };
      },
      top: async ({ psArguments }) => ({ result: await this.#current().top(psArguments) }),
      statistics: async () => ({ result: this.#current().statistics() }),
    };
  }

  #fileHandlers(): Pick<
    Handlers,
    "filesStat" | "filesRead" | "filesWrite" | "filesChanges" | "filesExport" | "filesExportDiff" | "filesSize"
  > {
    const files = (): ContainerFiles => this.#current().files;
    return {
      filesStat: async ({ path }) => ({ result: await files().stat(path) }),
      filesRead: async ({ path }) => ({ result: null, body: await files().readArchive(path) }),
      filesWrite: async ({ path, noOverwriteDirNonDir }, { body }) => {
        await files().writeArchive(path, body, { noOverwriteDirNonDir });
        return { result: null };
      },
      filesChanges: async () => ({ result: await files().changes() }),
      filesExport: async () => ({ result: null, body: await files().export() }),
      filesExportDiff: async () => ({ result: null, body: await files().exportDiff() }),
      filesSize: async () => ({ result: await files().writableSizeBytes() }),
    };
  }

  #current(): PodContainer {
    if (this.#container === undefined) throw fail("conflict", "the pod has no container");
    return this.#container;
  }
}
