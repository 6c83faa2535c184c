/**
 * What a guest's worker asks the pod about files: one interface, implemented in the pod on the
 * container's tree and called synchronously from the guest through the bridge. Arguments must survive
 * structured clone, results must survive JSON (or be a Uint8Array), so times and sizes that may pass
 * 2^53 travel as decimal strings. Errors are errno names.
 *
 * A *handle* is a node the process holds open; 1 is always the container's root directory.
 */
import type { NodeType } from "../../../../layers/fs/filesystem.ts";

export const ROOT_HANDLE = 1;

export interface OpenOptions {
  readonly isLastFollowed: boolean;
  readonly isCreating: boolean;
  readonly isExclusive: boolean;
  readonly isTruncating: boolean;
  readonly isDirectory: boolean;
  readonly isWriting: boolean;
}

export interface Opened {
  readonly handle: number;
  readonly type: NodeType;
  /** The device is one of the process's own standard streams: /dev/stdout and its like. */
  readonly stdio: number | undefined;
}

export interface FileStatus {
  readonly device: number;
  readonly ino: number;
  readonly type: NodeType;
  readonly nlink: number;
  readonly sizeBytes: number;
  readonly atimeNs: string;
  readonly mtimeNs: string;
  readonly ctimeNs: string;
}

/** "now" or nanoseconds in decimal; undefined leaves a time as it is. */
export interface TimeChanges {
  readonly atime: string | undefined;
  readonly mtime: string | undefined;
}

export interface ListedName {
  readonly name: string;
  readonly ino: number;
  readonly type: NodeType;
}

export interface FileCalls {
  open(directory: number, path: string, options: OpenOptions): Opened;
  close(handle: number): null;
  read(handle: number, position: number, sizeBytes: number): Uint8Array;
  /** Writes all; a position of -1 appends. Answers the position after the last byte. */
  write(handle: number, position: number, bytes: Uint8Array): number;
  status(handle: number): FileStatus;
  statusAt(directory: number, path: string, isLastFollowed: boolean): FileStatus;
  setSize(handle: number, sizeBytes: number): null;
  /** Extends the file to `sizeBytes` when it is shorter. */
  allocate(handle: number, sizeBytes: number): null;
  setTimes(handle: number, times: TimeChanges): null;
  setTimesAt(directory: number, path: string, isLastFollowed: boolean, times: TimeChanges): null;
  list(handle: number): readonly ListedName[];
  makeDirectory(directory: number, path: string): null;
  removeDirectory(directory: number, path: string): null;
  unlink(directory: number, path: string): null;
  rename(fromDirectory: number, fromPath: string, toDirectory: number, toPath: string): null;
  link(fromDirectory: number, fromPath: string, isFollowed: boolean, toDirectory: number, toPath: string): null;
  symlink(target: string, directory: number, path: string): null;
  readLink(directory: number, path: string): string;
  sync(handle: number): null;
}

/** What a guest is told when its module is about to be instantiated. */
export interface Greeting {
  readonly process: number;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly hasTerminal: boolean;
}

export interface ControlCalls {
  /** Which process this module is; the gauges are shared from then on. */
  hello(gauges: SharedArrayBuffer): Greeting;
  /** The SDK's own host-mount protocol, for guests whose files it serves itself (WASIX). */
  host(mount: number, method: string, args: readonly unknown[]): unknown;
}

export type GuestCalls = FileCalls & ControlCalls;
