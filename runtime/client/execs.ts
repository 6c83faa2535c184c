/** Further processes in running containers, of the Engine API: one method per operation. */
import type { ApiCaller } from "./api-caller.ts";
import { segment } from "./api-caller.ts";
import type { Attachment } from "./containers.ts";
import { outputOf } from "./output-frames.ts";

/** The API's ExecConfig: what runs, as whom, joined to what. */
export interface ExecConfig {
  readonly Cmd: readonly string[];
  readonly User?: string;
  readonly Privileged?: boolean;
  readonly Tty?: boolean;
  readonly Detach?: boolean;
  readonly AttachStdin?: boolean;
  readonly AttachStdout?: boolean;
  readonly AttachStderr?: boolean;
  readonly DetachKeys?: string;
  readonly Env?: readonly string[];
  readonly WorkingDir?: string;
  readonly ConsoleSize?: readonly [rows: number, columns: number];
}

export interface ExecInspectResponse {
  readonly ID: string;
  readonly Running: boolean;
  /** Null while it runs. */
  readonly ExitCode: number | null;
}

type StartOptions = Pick<ExecConfig, "Tty" | "ConsoleSize">;

export class ExecsApi {
  readonly #caller: ApiCaller;

  constructor(caller: ApiCaller) {
    this.#caller = caller;
  }

  /** Its id. Nothing runs yet. */
  async containerExec(container: string, config: ExecConfig, signal?: AbortSignal): Promise<string> {
    const path = `/containers/${segment(container)}/exec`;
    const { Id: id } = await this.#caller.json<{ Id: string }>("POST", path, { json: config, signal });
    return id;
  }

  /** Starts it and leaves it alone. */
  async execStartDetached(id: string, options: StartOptions, signal?: AbortSignal): Promise<void> {
    const json = { Detach: true, ...options };
    await this.#caller.run("POST", `/exec/${segment(id)}/start`, { json, signal });
  }

  /** Starts it, joined to its streams. */
  async execStart(id: string, options: StartOptions, signal?: AbortSignal): Promise<Attachment> {
    const { connection } = await this.#caller.hijack(`/exec/${segment(id)}/start`, { json: options, signal });
    return {
      stdin: connection.writable,
      output: outputOf(connection.readable, options.Tty === true, signal),
    };
  }

  async execResize(
    id: string,
    size: { readonly columns: number; readonly rows: number },
    signal?: AbortSignal,
  ): Promise<void> {
    const query = { h: size.rows, w: size.columns };
    await this.#caller.run("POST", `/exec/${segment(id)}/resize`, { query, signal });
  }

  execInspect(id: string, signal?: AbortSignal): Promise<ExecInspectResponse> {
    return this.#caller.json("GET", `/exec/${segment(id)}/json`, { signal });
  }
}
