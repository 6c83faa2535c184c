/** The files and numbers of containers, of the Engine API: cp, diff, export, stats, update, commit. */
import { decodeUtf8 } from "../../layers/base/bytes.ts";
import { fail } from "../../layers/base/errors.ts";
import type { ByteStream } from "../../layers/base/streams.ts";
import type { ApiCaller } from "./api-caller.ts";
import { segment } from "./api-caller.ts";
import { jsonLines } from "./json-lines.ts";

/** X-Docker-Container-Path-Stat. */
export interface PathStat {
  readonly name: string;
  readonly size: number;
  /** Go's os.FileMode. */
  readonly mode: number;
  readonly linkTarget: string;
}

export interface Change {
  readonly Path: string;
  /** 0 modified, 1 added, 2 deleted. */
  readonly Kind: number;
}

/** What `docker stats` reads of a sample (the API's ContainerStatsResponse). */
export interface StatsSample {
  readonly id?: string;
  readonly name?: string;
  readonly cpu_stats?: CpuStats;
  readonly precpu_stats?: CpuStats;
  readonly memory_stats?: {
    readonly usage?: number;
    readonly limit?: number;
    readonly stats?: Readonly<Record<string, number>>;
  };
  readonly pids_stats?: { readonly current?: number };
  readonly networks?: Readonly<Record<string, { readonly rx_bytes?: number; readonly tx_bytes?: number }>>;
  readonly blkio_stats?: {
    readonly io_service_bytes_recursive?: readonly { readonly op?: string; readonly value?: number }[] | null;
  };
}

interface CpuStats {
  readonly cpu_usage?: { readonly total_usage?: number; readonly percpu_usage?: readonly number[] | null };
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
}

export interface CommitOptions {
  readonly reference: { readonly repo: string; readonly tag: string };
  readonly comment: string;
  readonly author: string;
  readonly changes: readonly string[];
  readonly pause: boolean;
}

export class ContainerArchivesApi {
  readonly #caller: ApiCaller;

  constructor(caller: ApiCaller) {
    this.#caller = caller;
  }

  async containerArchiveInfo(id: string, path: string, signal?: AbortSignal): Promise<PathStat> {
    const target = `/containers/${segment(id)}/archive`;
    const { headers } = await this.#caller.call("HEAD", target, { query: { path }, signal });
    return pathStat(headers);
  }

  /** The tar of `path`, and what it is. */
  async containerArchive(
    id: string,
    path: string,
    signal?: AbortSignal,
  ): Promise<{ readonly stat: PathStat; readonly archive: ByteStream }> {
    const target = `/containers/${segment(id)}/archive`;
    const { headers, body } = await this.#caller.call("GET", target, { query: { path }, signal });
    return { stat: pathStat(headers), archive: body };
  }

  /** Unpacks a tar into the directory `path`. */
  async putContainerArchive(
    id: string,
    path: string,
    archive: ByteStream,
    options: { readonly copyUidGid: boolean },
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#caller.run("PUT", `/containers/${segment(id)}/archive`, {
      query: { path, noOverwriteDirNonDir: "true", copyUIDGID: options.copyUidGid ? "true" : undefined },
      headers: { "content-type": "application/x-tar" },
      body: archive,
      signal,
    });
  }

  async containerChanges(id: string, signal?: AbortSignal): Promise<readonly Change[]> {
    const path = `/containers/${segment(id)}/changes`;
    return (await this.#caller.json<readonly Change[] | null>("GET", path, { signal })) ?? [];
  }

  async containerExport(id: string, signal?: AbortSignal): Promise<ByteStream> {
    return (await this.#caller.call("GET", `/containers/${segment(id)}/export`, { signal })).body;
  }

  /** Samples about once a second, or two in a row as one when `isOnce`. */
  async containerStats(
    id: string,
    isOnce: boolean,
    signal?: AbortSignal,
  ): Promise<AsyncIterable<StatsSample>> {
    const query = { stream: isOnce ? "0" : "1" };
    const { body } = await this.#caller.call("GET", `/containers/${segment(id)}/stats`, { query, signal });
    return jsonLines<StatsSample>(body, signal);
  }

  async containerUpdate(
    id: string,
    changes: object,
    signal?: AbortSignal,
  ): Promise<{ readonly Warnings: readonly string[] | null }> {
    return this.#caller.json("POST", `/containers/${segment(id)}/update`, { json: changes, signal });
  }

  /** The id of the image that was made. */
  async imageCommit(container: string, options: CommitOptions, signal?: AbortSignal): Promise<string> {
    const { reference, comment, author, changes, pause } = options;
    const query = { container, ...reference, comment, author, changes, pause: pause ? undefined : "0" };
    const { Id: id } = await this.#caller.json<{ Id: string }>("POST", "/commit", { query, signal });
    return id;
  }
}

function pathStat(headers: Readonly<Record<string, string>>): PathStat {
  const encoded = headers["x-docker-container-path-stat"];
  if (encoded === undefined) throw fail("system", "the daemon did not say what the path is");
  const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  return JSON.parse(decodeUtf8(bytes)) as PathStat; // The daemon's word is taken for its shape.
}
