/**
 * The pod: a worker that owns one SDK client and one container at a time, and answers the engine. It
 * also answers its guests' file calls, on the same thread: a guest sleeps while it is answered, and
 * the pod never waits for a guest synchronously, so neither can hold up the other.
 */
import type { Clock } from "../../../../layers/base/clock.ts";
import { fail } from "../../../../layers/base/errors.ts";
import type { CallReply, IncomingCall } from "../../../../layers/base/peer.ts";
import { Peer } from "../../../../layers/base/peer.ts";
import type { Port } from "../../../../layers/base/port.ts";
import { piecesOf } from "../../../../layers/base/streams.ts";
import { FsError } from "../../../../layers/fs/errors.ts";
import type { Snapshotter } from "../../../../layers/snapshots/snapshotter.ts";
import { GuestAnswerer } from "../guest/bridge.ts";
import type { GuestMessage } from "../guest/bridge.ts";
import type { PodCalls, PodMethod } from "../protocol.ts";
import { CompiledModules } from "./compiled-modules.ts";
import { Container } from "./container.ts";
import { filesOf } from "./container-files.ts";
import type { SdkFiles } from "./sdk.ts";
import { Sdk } from "./sdk.ts";
import { WARM_UP_MODULE } from "./warm-up.ts";

export interface PodOptions {
  readonly port: Port;
  readonly sdk: SdkFiles;
  readonly openSnapshotter: () => Promise<Snapshotter>;
  readonly clock: Clock;
}

type Handlers = {
  readonly [M in PodMethod]: (
    params: PodCalls[M]["params"], call: IncomingCall,
  ) => Promise<CallReply & { readonly result?: PodCalls[M]["result"] }>;
};

export class PodServer {
  readonly #options: PodOptions;
  readonly #modules = new CompiledModules();
  readonly #answerer = new GuestAnswerer((method, args, worker) => {
    // The warm-up module is no container's.
    if (this.#container === undefined) throw new FsError("ENOSYS");
    return this.#container.answer(method, args, worker);
  });
  #sdk: Promise<Sdk> | undefined;
  #snapshotter: Promise<Snapshotter> | undefined;
  #container: Container | undefined;

  constructor(options: PodOptions) {
    this.#options = options;
    const handlers = this.#handlers();
    new Peer(options.port, (call) => {
      const handler = handlers[call.method as PodMethod] as Handlers[PodMethod] | undefined;
      if (handler === undefined) throw fail("notImplemented", `no such call: ${call.method}`);
      // The engine's end is typed by the same interface.
      return (handler as (params: unknown, call: IncomingCall) => Promise<CallReply>)(call.params, call);
    });
  }

  /** A message of a guest's worker. */
  answerGuest(message: GuestMessage): void {
    this.#answerer.answer(message);
  }

  /** The SDK's host-mount call on the pod's own thread. */
  hostCall(mount: number, method: string, args: readonly unknown[]): unknown {
    return this.#current().answer("host", [mount, method, args], "pod");
  }

  #handlers(): Handlers {
    return {
      warm: async () => {
        await Promise.all([this.#warm(), this.#storage()]);
        return { result: null };
      },
      create: async (spec) => {
        if (this.#container !== undefined) throw fail("conflict", "the pod has a container already");
        this.#container = await Container.open(spec, await this.#storage(), this.#options.clock);
        return { result: null };
      },
      exec: async (spec) => ({ result: { process: this.#current().exec(spec) } }),
      start: async ({ process }) => {
        const pid = await this.#current().start(process, await this.#startSdk(), this.#modules);
        return { result: { pid } };
      },
      ...this.#streamHandlers(),
      wait: async ({ process }) => ({ result: await this.#current().process(process).exited }),
      resize: async ({ process, size }) => {
        this.#current().process(process).resize(size);
        return { result: null };
      },
      kill: async ({ process, signal }) => {
        this.#current().process(process).kill(signal);
        return { result: null };
      },
      top: async () => ({ result: this.#current().top() }),
      statistics: async () => ({ result: this.#current().statistics() }),
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

  #streamHandlers(): Pick<Handlers, "stdin" | "stdout" | "stderr"> {
    return {
      stdin: async ({ process: number }, { body }) => {
        const process = this.#current().process(number);
        for await (const bytes of piecesOf(body)) await process.input(bytes);
        process.closeInput();
        return { result: null };
      },
      stdout: async ({ process }) => ({ result: null, body: this.#current().process(process).stdout }),
      stderr: async ({ process }) => ({ result: null, body: this.#current().process(process).stderr }),
    };
  }

  #fileHandlers(): Pick<
    Handlers,
    "filesStat" | "filesRead" | "filesWrite" | "filesChanges" | "filesExport" | "filesExportDiff" | "filesSize"
  > {
    const files = (): ReturnType<typeof filesOf> => filesOf(this.#current());
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

  #current(): Container {
    if (this.#container === undefined) throw fail("conflict", "the pod has no container");
    return this.#container;
  }

  #startSdk(): Promise<Sdk> {
    this.#sdk ??= Sdk.start(this.#options.sdk);
    return this.#sdk;
  }

  #storage(): Promise<Snapshotter> {
    this.#snapshotter ??= this.#options.openSnapshotter();
    return this.#snapshotter;
  }

  /** Runs a module that does nothing: the SDK starts its workers at the first run, 0.1-0.3 s. */
  async #warm(): Promise<void> {
    const sdk = await this.#startSdk();
    const compiled = await sdk.compile(WARM_UP_MODULE);
    const running = await sdk.run(compiled, { hasStdin: false, mounts: [], args: [], env: {}, workingDirectory: "/" });
    await running.ended;
  }
}
