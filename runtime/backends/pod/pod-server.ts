/**
 * The pod's end of the line: answers the engine's calls for whatever machine runs in this worker, each for the
 * container it names; several at a time are those that share namespaces. The machine is a `PodHost`, the container
 * a `PodContainer`.
 */
import { fail } from "../../../layers/base/errors.ts";
import type { CallReply, IncomingCall } from "../../../layers/base/peer.ts";
import { INTERACTIVE_WINDOW_BYTES, Peer } from "../../../layers/base/peer.ts";
import type { Port } from "../../../layers/base/port.ts";
import type { ByteStream } from "../../../layers/base/streams.ts";
import { piecesOf } from "../../../layers/base/streams.ts";
import type {
  ConsoleSize, ContainerFiles, Diagnostics, ExitStatus, ProcessSpec, ProcessTable, ResourceLimits, TaskSpec, TaskStatistics,
} from "../backend.ts";
import type { AddressedParams, PodCalls, PodMethod } from "./protocol.ts";

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
  diagnostics(): Diagnostics | undefined;
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
  /** By id; undefined while it is being opened. */
  readonly #containers = new Map<string, PodContainer | undefined>();

  constructor(port: Port, host: PodHost) {
    this.#host = host;
    new Peer(port, (call) => {
      const { container, params } = call.params as AddressedParams;
      const handler = this.#handlers(container)[call.method as PodMethod] as Handlers[PodMethod] | undefined;
      if (handler === undefined) throw fail("notImplemented", `no such call: ${call.method}`);
      // The engine's end is typed by the same interface.
      return (handler as (params: unknown, call: IncomingCall) => Promise<CallReply>)(params, call);
    });
  }

  #handlers(id: string): Handlers {
    const current = (): PodContainer => this.#current(id);
    return {
      warm: async () => {
        await this.#host.warm();
        return { result: null };
      },
      create: async (spec) => {
        if (this.#containers.has(id)) throw fail("conflict", "the pod has that container already");
        this.#containers.set(id, undefined);
        try {
          this.#containers.set(id, await this.#host.open(spec));
        } catch (thrown) {
          this.#containers.delete(id);
          throw thrown;
        }
        return { result: null };
      },
      exec: async (spec) => ({ result: { process: current().exec(spec) } }),
      start: async ({ process }) => ({ result: { pid: await current().start(process) } }),
      ...processHandlers(current),
      ...containerHandlers(current),
      ...fileHandlers(current),
      close: async () => {
        const container = this.#containers.get(id);
        const isReusable = container === undefined || (await container.close());
        this.#containers.delete(id);
        return { result: { isReusable } };
      },
    };
  }

  #current(id: string): PodContainer {
    const container = this.#containers.get(id);
    if (container === undefined) throw fail("conflict", "the pod has no such container");
    return container;
  }
}

type Current = () => PodContainer;

function processHandlers(current: Current): Pick<Handlers, "stdin" | "stdout" | "stderr" | "wait" | "resize" | "kill"> {
    return {
      stdin: async ({ process: number }, { body }) => {
        const process = current().process(number);
        for await (const bytes of piecesOf(body)) await process.input(bytes);
        process.closeInput();
        return { result: null };
      },
      stdout: async ({ process, hasTerminal }) => ({
        result: null,
        body: current().process(process).stdout,
        ...(hasTerminal ? { windowBytes: INTERACTIVE_WINDOW_BYTES } : {}),
      }),
      stderr: async ({ process }) => ({ result: null, body: current().process(process).stderr }),
      wait: async ({ process }) => ({ result: await current().process(process).exited }),
      resize: async ({ process, size }) => {
        current().process(process).resize(size);
        return { result: null };
      },
      kill: async ({ process, signal }) => {
        current().process(process).kill(signal);
        return { result: null };
      },
    };
  }

function containerHandlers(
  current: Current,
): Pick<Handlers, "pause" | "resume" | "update" | "top" | "statistics" | "diagnostics"> {
    return {
      pause: async () => {
        current().pause();
        return { result: null };
      },
      resume: async () => {
        current().resume();
        return { result: null };
      },
      update: async (resources) => {
        current().update(resources);
        return { result: null };
      },
      top: async ({ psArguments }) => ({ result: await current().top(psArguments) }),
      statistics: async () => ({ result: current().statistics() }),
      diagnostics: async () => ({ result: current().diagnostics() }),
    };
  }

function fileHandlers(current: Current): Pick<
    Handlers,
    "filesStat" | "filesRead" | "filesWrite" | "filesChanges" | "filesExport" | "filesExportDiff" | "filesSize"
  > {
    const files = (): ContainerFiles => current().files;
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
