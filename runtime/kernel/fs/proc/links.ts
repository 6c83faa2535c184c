/** The magic links of a process: cwd, root, exe, fd/*, ns/* (fs/proc/base.c, fs/proc/fd.c, fs/proc/namespaces.c). */
import { FsError } from "../../../../layers/fs/errors.ts";
import { Errno } from "../../abi/errno.ts";
import { O_CLOEXEC } from "../../abi/fcntl.ts";
import { namespaceAttributes, NamespaceFile } from "../../ns/namespace-file.ts";
import type { NamespaceKind } from "../../ns/namespaces.ts";
import { mayLookInto } from "../../task/ptrace-access.ts";
import type { Task } from "../../task/task.ts";
import type { FileDescription } from "../../vfs/file-description.ts";
import type { Location } from "../../vfs/mount.ts";
import { pathOf } from "../../vfs/mount.ts";
import type { GeneratedDirectory, GeneratedLink, GeneratedNode } from "../generated.ts";
import { locationOfFile, magicLocation } from "../magic.ts";

/** st_size of a descriptor's link: room for a name, fixed (proc_fd_instantiate). */
const LINK_BYTES = 64;
const NSFS_DEVICE = 4;

/** A path as the reader sees it; what lies outside its root is shown from the top, as d_path does. */
export function shownPath(location: Location, reader: Task | undefined): string {
  const seen = reader === undefined ? undefined : pathOf(location, reader.filesystem.root);
  let top = location.mount;
  while (top.mountpoint !== undefined) top = top.mountpoint.mount;
  const path = seen ?? pathOf(location, { mount: top, dentry: top.root }) ?? "/";
  return location.dentry.isUnlinked ? `${path} (deleted)` : path;
}

function check(reader: Task | undefined, target: Task): void {
  if (reader !== undefined && !mayLookInto(reader, target)) throw new FsError("EACCES");
}

/** A link to a place; `find` answers undefined where there is none (a zombie's). */
export function placeLink(target: Task, find: () => Location | undefined): GeneratedLink {
  return {
    type: "symlink",
    mode: 0o777,
    target: (reader) => {
      check(reader, target);
      const location = find();
      if (location === undefined) throw new FsError("ENOENT");
      return shownPath(location, reader);
    },
    follow: (reader) => (mayLookInto(reader, target) ? (find() ?? -Errno.ENOENT) : -Errno.EACCES),
  };
}

function fileLink(target: Task, file: FileDescription): GeneratedLink {
  const mode = (file.isReadable ? 0o500 : 0) | (file.isWritable ? 0o300 : 0);
  return {
    type: "symlink",
    mode,
    sizeBytes: LINK_BYTES,
    target: (reader) => {
      check(reader, target);
      return file.location === undefined || file.label !== "" ? file.label : shownPath(file.location, reader);
    },
    follow: (reader) => (mayLookInto(reader, target) ? locationOfFile(target.kernel, file) : -Errno.EACCES),
  };
}

/** fd/ and fdinfo/: one entry for each open descriptor; the entry is another one when the file is. */
export function descriptorsDirectory(
  target: Task,
  mode: number,
  make: (fd: number, file: FileDescription) => GeneratedNode,
): GeneratedDirectory {
  const known = new Map<number, { readonly file: FileDescription; readonly node: GeneratedNode }>();
  return {
    type: "directory",
    mode,
    isOwn: (task) => task.process === target.process,
    names: (reader) => {
      check(reader, target);
      return target.state === "dead" ? [] : target.files.numbers().map(String);
    },
    lookup: (name) => {
      const fd = /^(0|[1-9]\d*)$/.test(name) ? Number(name) : -1;
      const file = target.state === "dead" ? undefined : target.files.get(fd);
      if (file === undefined) {
        known.delete(fd);
        return undefined;
      }
      const entry = known.get(fd);
      if (entry?.file === file) return entry.node;
      const node = make(fd, file);
      known.set(fd, { file, node });
      return node;
    },
  };
}

export function fdDirectory(target: Task): GeneratedDirectory {
  const sizeBytes = (): number => (target.state === "dead" ? 0 : target.files.numbers().length);
  return { ...descriptorsDirectory(target, 0o500, (_fd, file) => fileLink(target, file)), sizeBytes };
}

export function fdinfoDirectory(target: Task): GeneratedDirectory {
  return descriptorsDirectory(target, 0o555, (fd, file) => ({
    type: "file",
    mode: 0o444,
    check: (reader) => (mayLookInto(reader, target) ? 0 : -Errno.EACCES),
    text: () => {
      const position = file.seek(0, 1);
      const flags = file.statusFlags | (target.files.isClosedOnExec(fd) ? O_CLOEXEC : 0);
      const { attributes } = file.status();
      const mount = file.location?.mount.id ?? 0;
      return `pos:\t${Math.max(position, 0)}\nflags:\t0${flags.toString(8)}\nmnt_id:\t${mount}\nino:\t${attributes.ino}\n`;
    },
  }));
}

/** The namespaces of a task by the names of ns/. */
export function namespaceOf(
  task: Task,
  name: string,
): { readonly kind: NamespaceKind; readonly namespace: { readonly inode: number } } | undefined {
  const { namespaces, credentials } = task;
  switch (name) {
    case "cgroup":
      return { kind: "cgroup", namespace: namespaces.cgroup };
    case "ipc":
      return { kind: "ipc", namespace: namespaces.ipc };
    case "mnt":
      return { kind: "mnt", namespace: namespaces.mount };
    case "net":
      return { kind: "net", namespace: namespaces.network };
    case "pid":
      return { kind: "pid", namespace: task.pidNamespace };
    case "pid_for_children":
      return { kind: "pid", namespace: namespaces.pidForChildren };
    case "user":
      return { kind: "user", namespace: credentials.user ?? namespaces.user };
    case "uts":
      return { kind: "uts", namespace: namespaces.uts };
    default:
      return undefined;
  }
}

const NAMESPACE_NAMES = ["cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "user", "uts"];

export function nsDirectory(target: Task): GeneratedDirectory {
  const links = new Map(NAMESPACE_NAMES.map((name) => [name, namespaceLink(target, name)]));
  return { type: "directory", mode: 0o511, names: () => NAMESPACE_NAMES, lookup: (name) => links.get(name) };
}

function namespaceLink(target: Task, name: string): GeneratedLink {
  const { kernel } = target;
  return {
    type: "symlink",
    mode: 0o777,
    target: (reader) => {
      check(reader, target);
      const found = namespaceOf(target, name);
      return found === undefined ? "" : `${found.kind}:[${found.namespace.inode}]`;
    },
    follow: (reader) => {
      if (!mayLookInto(reader, target)) return -Errno.EACCES;
      const found = namespaceOf(target, name);
      if (found === undefined || target.state === "dead") return -Errno.ENOENT;
      const attributes = namespaceAttributes(found.namespace.inode, kernel.bootNs);
      return magicLocation(
        kernel,
        NSFS_DEVICE,
        () => attributes,
        () => new NamespaceFile(kernel, found.kind, found.namespace),
        "nsfs",
      );
    },
  };
}
