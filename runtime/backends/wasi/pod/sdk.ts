/**
 * The only file that knows @wasmer/sdk (pinned exactly: half of what is used here is undocumented).
 * It turns the SDK into what a pod needs: compile a module once, run it with pipes, kill it, and learn
 * how it ended. A trap rejects the SDK's `wait`; here it is one more way to end.
 *
 * The SDK starts its own workers by URL. It is given GUEST_WORKER_URL, which is no address: the pod's
 * entry file recognises it and starts the guest worker that was built with the site.
 */
import type { Package, Process as SdkProcess, Sandbox, Wasmer } from "@wasmer/sdk/browser";
import { messageOf } from "../../../../layers/base/errors.ts";
import type { HostMount } from "./host-mounts.ts";

export const GUEST_WORKER_URL = "slipway:guest-worker";
const COMMAND = "main";
/** One guest at a time is what a container runs; the SDK adds workers for more by itself. */
const PARALLELISM = 1;

export interface SdkFiles {
  /** Folder with the SDK's `dist` and `pkg`, ending in a slash. */
  readonly baseUrl: string;
  /** The SDK's WebAssembly, compiled where the host can share that between workers. */
  loadWasm(): Promise<WebAssembly.Module | Uint8Array>;
}

export type Compiled = Package;

export type Ending =
  | { readonly kind: "exited"; readonly exitCode: number }
  | { readonly kind: "killed" }
  /** The module trapped, or could not even be started. `text` is the engine's, stack included. */
  | { readonly kind: "failed"; readonly text: string };

export interface Running {
  writeStdin(bytes: Uint8Array): Promise<void>;
  closeStdin(): Promise<void>;
  readonly stdout: AsyncIterable<Uint8Array>;
  readonly stderr: AsyncIterable<Uint8Array>;
  /** Settles when the process has ended, in whatever way. */
  readonly ended: Promise<Ending>;
  kill(): void;
}

export interface RunOptions {
  readonly hasStdin: boolean;
  /** For guests whose file functions are the SDK's; the others are served without. */
  readonly mounts: readonly HostMount[];
  /** For those guests as well: what the SDK's own args and environment are. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
}

interface Core {
  sandbox(): { mountHost(path: string, id: number, isReadOnly: boolean): void };
}
interface Glue {
  setWorkerUrl(url: string): void;
}
/** The client's class, with the half-private step at which its core can be got at. */
interface WasmerClass {
  new (options: unknown): Wasmer;
  initializeCore(options: unknown): Promise<Core>;
}
interface SdkModule {
  readonly Wasmer: WasmerClass;
}

export class Sdk {
  readonly #client: Wasmer;
  readonly #setMounts: (mounts: readonly HostMount[]) => void;

  private constructor(client: Wasmer, setMounts: (mounts: readonly HostMount[]) => void) {
    this.#client = client;
    this.#setMounts = setMounts;
  }

  static async start(files: SdkFiles): Promise<Sdk> {
    const [module, glue, wasm] = await Promise.all([
      import(/* @vite-ignore */ `${files.baseUrl}dist/index.js`) as Promise<SdkModule>,
      import(/* @vite-ignore */ `${files.baseUrl}pkg/wasmer_sdk_js.js`) as Promise<Glue>,
      files.loadWasm(),
    ]);
    let mounts: readonly HostMount[] = [];
    class HostedWasmer extends module.Wasmer {
      static override async initializeCore(options: unknown): Promise<Core> {
        const core = await super.initializeCore(options);
        glue.setWorkerUrl(GUEST_WORKER_URL);
        const makeBuilder = core.sandbox.bind(core);
        core.sandbox = () => {
          const builder = makeBuilder();
          for (const mount of mounts) builder.mountHost(mount.path, mount.id, false);
          return builder;
        };
        return core;
      }
    }
    const client = new HostedWasmer({ cache: false, parallelism: PARALLELISM, wasm });
    await client.ready();
    return new Sdk(client, (next) => (mounts = next));
  }

  /** Compiles. @throws Error when the bytes are no valid module or have no `_start`. */
  compile(bytes: Uint8Array): Promise<Compiled> {
    return this.#client.packages.create({ modules: { main: bytes }, commands: { [COMMAND]: { module: "main" } } });
  }

  async run(compiled: Compiled, options: RunOptions): Promise<Running> {
    this.#setMounts(options.mounts);
    const sandbox = await this.#client.sandboxes.create({ packages: [compiled] });
    const cwd = options.mounts.length > 0 ? { cwd: options.workingDirectory } : {};
    const command = sandbox.command(compiled, [...options.args], { env: options.env, ...cwd });
    const process = await command.spawn({
      stdin: options.hasStdin ? "pipe" : "closed", stdout: "pipe", stderr: "pipe", outputBytes: 0,
    });
    return running(process, sandbox);
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

function running(process: SdkProcess, sandbox: Sandbox): Running {
  const { stdin, stdout, stderr } = process;
  if (stdout === null || stderr === null) throw new Error("the SDK gave no pipes");
  const ended = process.wait().then(
    (output): Ending => output.reason === "exited" ? { kind: "exited", exitCode: output.exitCode & 0xff } : { kind: "killed" },
    (thrown: unknown): Ending => ({ kind: "failed", text: messageOf(thrown) }),
  );
  void ended.then(() => sandbox.close()).catch(() => undefined); // A sandbox of a dead client has nothing to close.
  return {
    writeStdin: async (bytes) => stdin?.write(bytes),
    closeStdin: async () => stdin?.close(),
    stdout,
    stderr,
    ended,
    kill: () => void process.kill(),
  };
}
