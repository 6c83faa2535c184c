/**
 * The SDK's own door to the container's tree, for guests whose file functions are the SDK's (WASIX
 * and wasi_unstable): its undocumented host mounts, one per top-level directory. The SDK calls with a
 * mount number, a method and paths relative to the mount; errors are errno names.
 *
 * What this door cannot show (links, times, "/" itself) is in the room's Quirks.
 */
import { FsError } from "../../../../layers/fs/errors.ts";
import type { OpenOptions } from "../guest/file-calls.ts";
import { ROOT_HANDLE } from "../guest/file-calls.ts";
import type { GuestFiles } from "./guest-files.ts";
import type { Tree } from "./tree.ts";

export interface HostMount {
  readonly path: string;
  readonly id: number;
}

/** The SDK reserves these for itself. */
const RESERVED = new Set(["/", "/workspace", "/.app", "/.private"]);

export class HostMounts {
  readonly mounts: readonly HostMount[];
  readonly #files: GuestFiles;

  constructor(tree: Tree, files: GuestFiles) {
    this.#files = files;
    const directories = tree.readDirectory(tree.root).map((entry) => `/${entry.name}`).filter((path) => {
      return !RESERVED.has(path) && leadsToDirectory(tree, path);
    });
    this.mounts = directories.map((path, index) => ({ path, id: index + 1 }));
  }

  /** One call of the SDK. @throws FsError */
  call(mount: number, method: string, args: readonly unknown[]): unknown {
    const files = this.#files;
    const path = (index: number): string => this.#pathOf(mount, String(args[index]));
    const number = (index: number): number => Number(args[index]);
    switch (method) {
      case "stat":
        return this.#status(path(0));
      case "readDir":
        return this.#list(path(0));
      case "open":
        return files.open(ROOT_HANDLE, path(0), openOptions(args)).handle;
      case "read":
        return files.read(number(0), number(1), number(2));
      case "write":
        return files.write(number(0), number(1), args[2] as Uint8Array) - number(1); // As the SDK sends it.
      case "setLen":
        return files.setSize(number(0), number(1));
      case "flush":
        return null;
      case "close":
        return files.close(number(0));
      case "mkdir":
        return files.makeDirectory(ROOT_HANDLE, path(0));
      case "remove":
        return this.#remove(path(0));
      case "rename":
        return files.rename(ROOT_HANDLE, path(0), ROOT_HANDLE, path(1));
      default:
        throw new FsError("ENOSYS", method);
    }
  }

  #pathOf(mount: number, relative: string): string {
    const found = this.mounts.find((candidate) => candidate.id === mount);
    if (found === undefined) throw new FsError("ENOENT", `mount ${mount}`);
    return relative === "" ? found.path : `${found.path}/${relative}`;
  }

  #status(path: string): unknown {
    const status = this.#files.statusAt(ROOT_HANDLE, path, true);
    return sdkStatus(status.type === "directory", status.sizeBytes);
  }

  #list(path: string): unknown {
    const { handle } = this.#files.open(ROOT_HANDLE, path, openOptions([]));
    const names = this.#files.list(handle).filter(({ name }) => name !== "." && name !== "..");
    this.#files.close(handle);
    return names.map(({ name, type }) => ({ name, ...sdkStatus(type === "directory", 0) }));
  }

  #remove(path: string): null {
    const { type } = this.#files.statusAt(ROOT_HANDLE, path, false);
    return type === "directory" ? this.#files.removeDirectory(ROOT_HANDLE, path) : this.#files.unlink(ROOT_HANDLE, path);
  }
}

function sdkStatus(isDirectory: boolean, size: number): Record<string, unknown> {
  const kind = isDirectory ? "directory" : "file";
  return { kind, type: kind, size };
}

/**
 * (path, read, write, create, truncate, createNew …). The SDK asks for `write` even to read, so
 * writing is decided by the write call itself.
 */
function openOptions(args: readonly unknown[]): OpenOptions {
  return {
    isLastFollowed: true, isDirectory: false, isWriting: false,
    isCreating: args[3] === true, isTruncating: args[4] === true, isExclusive: args[5] === true,
  };
}

function leadsToDirectory(tree: Tree, path: string): boolean {
  const place = tree.walk(path);
  return place.entry !== undefined && tree.attributes(place.entry).type === "directory";
}
