/**
 * cgroup2 as files (Documentation/admin-guide/cgroup-v2.rst). One hard idea: the mount of a container shows
 * its own group as the root, with the limits its parent gave it; docker mounts it read-only, and where it is
 * writable, groups can be made, moved into, frozen and killed.
 */
import { FsError } from "../../../../layers/fs/errors.ts";
import { Errno } from "../../abi/errno.ts";
import { Signal } from "../../abi/signal.ts";
import { Cgroup } from "../../cgroup.ts";
import type { Kernel } from "../../kernel.ts";
import type { Process } from "../../task/process.ts";
import { endProcess } from "../../task/send-signal.ts";
import { SyscallError } from "../../task/syscall-error.ts";
import type { Task } from "../../task/task.ts";
import { GeneratedFilesystem } from "../generated.ts";
import type { GeneratedDirectory, GeneratedNode, GeneratedText, Owner } from "../generated.ts";
import { parseNumber } from "../nodes.ts";
import { limitFiles } from "./limit-files.ts";

/** Controllers there are. */
export const CONTROLLERS = ["cpuset", "cpu", "io", "memory", "pids"];
const ROOT_OWNER: Owner = { uid: 0, gid: 0 };

export function cgroupFilesystem(kernel: Kernel, root: Cgroup): GeneratedFilesystem {
  return new GeneratedFilesystem(kernel, "cgroup2", new GroupTree(kernel).directory(root, ROOT_OWNER));
}

/** Holds the directories of groups, so that each is the same node as long as the group exists. */
class GroupTree {
  readonly #kernel: Kernel;
  readonly #directories = new WeakMap<Cgroup, GeneratedDirectory>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  directory(group: Cgroup, owner: Owner): GeneratedDirectory {
    const known = this.#directories.get(group);
    if (known !== undefined) return known;
    const all = new Map(Object.entries(this.#files(group, owner)));
    // Files of a controller come and go with the parent's cgroup.subtree_control.
    const isShown = (name: string): boolean => {
      const [controller = ""] = name.split(".");
      return controller === "cgroup" || name === "cpu.stat" || this.#controllersOf(group).includes(controller);
    };
    const isGone = (): boolean => group.parent !== undefined && !group.parent.children.has(group);
    const child = (name: string): Cgroup | undefined => [...group.children].find((one) => one.name === name);
    const node: GeneratedDirectory = {
      type: "directory",
      mode: 0o755,
      owner: () => owner,
      isGone,
      links: () => 2 + group.children.size,
      names: () => [...[...all.keys()].filter(isShown), ...[...group.children].map(({ name }) => name)],
      lookup: (name) => {
        const file = all.get(name);
        if (file !== undefined) return isGone() || !isShown(name) ? undefined : file;
        const below = child(name);
        return below === undefined ? undefined : this.directory(below, owner);
      },
      make: (name, _mode, maker) => this.directory(new Cgroup(name, group), maker),
      remove: (name) => {
        const below = child(name);
        if (below === undefined) throw new FsError(all.has(name) ? "ENOTDIR" : "ENOENT");
        if (below.children.size > 0 || below.pids > 0) throw new FsError("EBUSY");
        below.detach();
      },
    };
    this.#directories.set(group, node);
    return node;
  }

  /** What the parent hands down. */
  #controllersOf({ parent }: Cgroup): readonly string[] {
    if (parent === undefined) return [];
    return parent === this.#kernel.rootCgroup ? CONTROLLERS : CONTROLLERS.filter((one) => parent.childControllers.has(one));
  }

  #files(group: Cgroup, owner: Owner): Readonly<Record<string, GeneratedNode>> {
    const files: Record<string, GeneratedText> = {
      ...this.#coreFiles(group),
      ...limitFiles(this.#kernel, group),
    };
    return Object.fromEntries(
      Object.entries(files).map(([name, file]) => [name, { ...file, owner: () => owner }]),
    );
  }

  #coreFiles(group: Cgroup): Readonly<Record<string, GeneratedText>> {
    const available = (): readonly string[] => (group.parent === undefined ? CONTROLLERS : this.#controllersOf(group));
    const files: Record<string, GeneratedText> = {
      "cgroup.procs": file(
        (reader) =>
          pidsOf(
            this.#processes(group).map(({ leader }) => leader),
            reader,
          ),
        (written, writer) => {
          const process = this.#process(written, writer);
          for (const task of process.tasks) this.#move(task, group);
        },
      ),
      "cgroup.threads": file(
        (reader) => pidsOf(this.#tasks(group), reader),
        () => {
          throw new SyscallError(Errno.EOPNOTSUPP);
        },
      ),
      "cgroup.controllers": file(() => `${available().join(" ")}\n`),
      "cgroup.subtree_control": file(
        () => `${[...group.childControllers].sort().join(" ")}\n`,
        (written) => {
          this.#setControllers(group, available(), written);
        },
      ),
      "cgroup.max.depth": file(() => "max\n"),
      "cgroup.max.descendants": file(() => "max\n"),
      "cgroup.stat": file(() => `nr_descendants ${descendants(group)}\nnr_dying_descendants 0\n`),
    };
    if (group.parent === undefined) return files;
    return {
      ...files,
      "cgroup.type": file(() => "domain\n"),
      "cgroup.events": file(() => `populated ${group.pids > 0 ? 1 : 0}\nfrozen ${group.isFrozen ? 1 : 0}\n`),
      "cgroup.freeze": file(
        () => `${group.isOwnFrozen ? 1 : 0}\n`,
        (written) => {
          setFrozen(this.#kernel, group, parseNumber(written, 0, 1) === 1);
        },
      ),
      "cgroup.kill": { type: "file", mode: 0o200, write: (written) => this.#kill(group, written) },
    };
  }

  #kill(group: Cgroup, written: string): void {
    if (parseNumber(written, 0, 1) !== 1) throw new SyscallError(Errno.ERANGE);
    for (const task of this.#kernel.rootPids.tasks())
      if (isBelow(task.cgroup, group)) endProcess(task.process, Signal.SIGKILL);
  }

  /** "+cpu -io": all or nothing; not while processes sit in the group itself. */
  #setControllers(group: Cgroup, available: readonly string[], written: string): void {
    const changes = written
      .split(/\s+/)
      .filter((word) => word !== "")
      .map((word) => ({ sign: word[0], name: word.slice(1) }));
    for (const { sign, name } of changes) {
      if ((sign !== "+" && sign !== "-") || !CONTROLLERS.includes(name)) throw new SyscallError(Errno.EINVAL);
      if (sign === "+" && !available.includes(name)) throw new SyscallError(Errno.ENOENT);
      if (sign === "+" && group.parent !== undefined && this.#tasks(group).length > 0)
        throw new SyscallError(Errno.EBUSY);
    }
    for (const { sign, name } of changes) {
      if (sign === "+") group.childControllers.add(name);
      else group.childControllers.delete(name);
    }
  }

  #tasks(group: Cgroup): readonly Task[] {
    return this.#kernel.rootPids.tasks().filter((task) => task.cgroup === group && task.state !== "dead");
  }

  #processes(group: Cgroup): readonly Process[] {
    return [...new Set(this.#tasks(group).map(({ process }) => process))];
  }

  #process(written: string, writer: Task): Process {
    const pid = parseNumber(written, 0, Number.MAX_SAFE_INTEGER);
    const task = pid === 0 ? writer : writer.pidNamespace.task(pid);
    if (task === undefined || task.state === "dead") throw new SyscallError(Errno.ESRCH);
    return task.process;
  }

  #move(task: Task, group: Cgroup): void {
    if (group.childControllers.size > 0 && group.parent !== undefined) throw new SyscallError(Errno.EBUSY);
    this.#kernel.scheduler.remove(task);
    group.takeTask(task.cgroup);
    task.cgroup = group;
    this.#kernel.makeReady(task);
  }
}

/** docker pause and cgroup.freeze. */
export function setFrozen(kernel: Kernel, group: Cgroup, isFrozen: boolean): void {
  group.isFrozen = isFrozen;
  if (isFrozen) return;
  for (const task of kernel.rootPids.tasks()) if (isBelow(task.cgroup, group)) kernel.makeReady(task);
}

function isBelow(group: Cgroup, ancestor: Cgroup): boolean {
  for (let at: Cgroup | undefined = group; at !== undefined; at = at.parent) if (at === ancestor) return true;
  return false;
}

function descendants(group: Cgroup): number {
  return [...group.children].reduce((sum, child) => sum + 1 + descendants(child), 0);
}

function pidsOf(tasks: readonly Task[], reader: Task): string {
  return tasks.map((task) => `${task.tidIn(reader.pidNamespace)}\n`).join("");
}

function file(
  text: (reader: Task) => string,
  write?: (written: string, writer: Task) => void,
): GeneratedText {
  return {
    type: "file",
    mode: write === undefined ? 0o444 : 0o644,
    text,
    ...(write === undefined ? {} : { write }),
  };
}
