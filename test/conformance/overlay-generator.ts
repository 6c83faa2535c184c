/**
 * Random operations from a seed. They are chosen while they run, so that most of them meet something:
 * few names, the same in every layer, and places that exist.
 */
import type { Filesystem, NodeType } from "../../layers/fs/filesystem.ts";
import { pathsOf } from "./overlay-operations.ts";
import type { Operation, Runner } from "./overlay-operations.ts";

/** Lone surrogate: the byte 0xff. */
const NAMES = ["a", "b", "c", "d", "ü", "x\udcff"];
const HANDLES = 3;
/** Paths grow no deeper than that. */
const DEPTH_MAX = 4;
const OPAQUE = { name: "trusted.overlay.opaque", value: "79", mode: "either" } as const;

/** mulberry32: small, seeded, good enough to choose with. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)];
    if (choice === undefined) throw new Error("nothing to pick from");
    return choice;
  }
}

export interface GeneratorOptions {
  /** A raw layer: whiteouts and opaque directories are made, no handles are held. */
  readonly isLayer: boolean;
  readonly hasLinks: boolean;
}

export interface Performed {
  readonly operation: Operation;
  readonly answer: string;
}

interface Known {
  readonly path: string;
  readonly type: NodeType;
}

/** Runs about `count` random operations on `fs`. */
export function performRandomly(
  random: Random,
  fs: Filesystem,
  runner: Runner,
  count: number,
  options: GeneratorOptions,
): Performed[] {
  const performed: Performed[] = [];
  while (performed.length < count) {
    const operations = random.below(20) === 0 ? replaceTree(random, fs) : [generate(random, fs, runner, options)];
    for (const operation of operations) performed.push({ operation, answer: runner.run(operation) });
  }
  return performed;
}

function generate(random: Random, fs: Filesystem, runner: Runner, options: GeneratorOptions): Operation {
  const known = pathsOf(fs).map(([path, node]): Known => ({ path, type: fs.attributes(node).type }));
  const fresh = (): string => newPath(random, known);
  const present = (...types: NodeType[]): string => oldPath(random, known, types);
  const below = (...types: NodeType[]): string => notRoot(random, present(...types));
  const [uid, gid] = [random.below(3) * 1000, random.below(3) * 100];
  const mode = random.pick([0o755, 0o644, 0o4755, 0o2755, 0o1777, 0o600, 0, 0o6711]);
  const choice = random.below(options.isLayer ? 100 : 130);
  if (choice < 16) return { op: "create", path: fresh(), mode, uid, gid };
  if (choice < 30) return { op: "mkdir", path: fresh(), mode, uid, gid };
  if (choice < 35)
    return { op: "symlink", path: fresh(), target: random.pick(["a", "../b", "/c/d", "nowhere", "ü"]) };
  if (choice < 40) return specialNode(random, fresh(), mode);
  if (choice < 52) {
    return {
      op: "write",
      path: present("file"),
      position: position(random),
      size: 1 + random.below(9000),
      fill: random.below(256),
    };
  }
  if (choice < 55) return { op: "truncate", path: present("file"), size: position(random) };
  if (choice < 57)
    return { op: "punch", path: present("file"), position: position(random), size: 1 + random.below(20_000) };
  if (options.isLayer && choice < 60) return { op: "extents", path: present("file") };
  if (choice < (options.isLayer ? 67 : 63)) {
    if (!options.hasLinks) return { op: "read", path: present("file"), position: position(random), size: 5000 };
    return { op: "link", path: below("file", "file", "symlink", "character"), to: fresh() };
  }
  if (choice < 69) return { op: "unlink", path: below("file", "symlink", "fifo", "character") };
  if (choice < 74) return { op: "rmdir", path: below("directory") };
  if (choice < 77) return { op: "chmod", path: present(), mode };
  if (choice < 80) return { op: "chown", path: present(), uid, gid };
  if (choice < 82)
    return {
      op: "utimes",
      path: present(),
      mtime: `${random.below(1_000_000_000)}${123456789 + random.below(1000)}`,
    };
  if (choice < 87) return setXattr(random, present());
  if (choice < 89) return { op: "removexattr", path: present(), name: xattrName(random) };
  if (choice < 96) return rename(random, known);
  if (options.isLayer) {
    if (choice < 98) return { op: "mknod", path: fresh(), type: "character", mode: 0, major: 0, minor: 0 };
    return { op: "setxattr", path: present("directory"), ...OPAQUE };
  }
  return generateOnMounted(random, runner, choice, present, known);
}

/** Removes a node with all below it, and mostly puts something else in its place. */
function replaceTree(random: Random, fs: Filesystem): Operation[] {
  const known = pathsOf(fs).map(([path, node]): Known => ({ path, type: fs.attributes(node).type }));
  const { path } = random.pick(known);
  if (path === "") return [];
  const below = known.filter((other) => other.path === path || other.path.startsWith(`${path}/`)).reverse();
  const removals = below.map((other): Operation => ({
    op: other.type === "directory" ? "rmdir" : "unlink",
    path: other.path,
  }));
  const made = { path, mode: 0o711, uid: 1, gid: 2 };
  const choice = random.below(4);
  if (choice === 0) return removals;
  if (choice === 1) return [...removals, { op: "create", ...made }];
  return [...removals, { op: "mkdir", ...made }, ...(choice === 2 ? [] : [rename(random, known)])];
}

function generateOnMounted(
  random: Random,
  runner: Runner,
  choice: number,
  present: (...types: NodeType[]) => string,
  known: readonly Known[],
): Operation {
  const handle = random.below(HANDLES);
  if (choice < 98)
    return { op: "mknod", path: newPath(random, known), type: "character", mode: 0, major: 0, minor: 0 };
  if (choice < 102) return rename(random, known);
  if (choice < 105) return { op: "list", path: present("directory") };
  if (choice < 108) return { op: "stat", path: present() };
  if (choice < 110) return { op: "readlink", path: present("symlink") };
  if (choice < 113) return { op: "getxattr", path: present(), name: xattrName(random) };
  if (choice < 117) return { op: "rmdir", path: notRoot(random, present("directory")) };
  if (!runner.has(handle)) return { op: "open", path: present("file"), handle };
  if (choice < 121)
    return {
      op: "handleWrite",
      handle,
      position: position(random),
      size: 1 + random.below(5000),
      fill: random.below(256),
    };
  if (choice < 124) return { op: "handleRead", handle };
  if (choice < 127) return { op: "handleStat", handle };
  return { op: "handleClose", handle };
}

function specialNode(random: Random, path: string, mode: number): Operation {
  const type = random.pick(["character", "block", "fifo", "socket"] as const);
  const isDevice = type === "character" || type === "block";
  return {
    op: "mknod",
    path,
    type,
    mode,
    major: isDevice ? 1 + random.below(300) : 0,
    minor: isDevice ? random.below(300) : 0,
  };
}

function setXattr(random: Random, path: string): Operation {
  const value = random.pick(["", "00ff", "616263"]);
  return {
    op: "setxattr",
    path,
    name: xattrName(random),
    value,
    mode: random.pick(["either", "either", "create", "replace"] as const),
  };
}

function xattrName(random: Random): string {
  return random.pick(["user.colour", "user.x", "trusted.y", "security.capability2"]);
}

function rename(random: Random, known: readonly Known[]): Operation {
  const path = oldPath(random, known, random.below(3) === 0 ? ["directory"] : []);
  const to = random.below(2) === 0 ? oldPath(random, known, []) : newPath(random, known);
  const mode = random.pick(["replace", "replace", "replace", "noReplace", "exchange"] as const);
  return { op: "rename", path: notRoot(random, path), to: notRoot(random, to), mode };
}

/** Mostly a free name in a directory that is there. */
function newPath(random: Random, known: readonly Known[]): string {
  const kind = random.below(20);
  if (kind === 0) return `/${random.pick(NAMES)}/${random.pick(NAMES)}/${random.pick(NAMES)}`;
  if (kind === 1 && random.below(5) === 0) return `/${"n".repeat(254 + random.below(3))}`;
  const parents = known.filter(({ path, type }) => type === "directory" && path.split("/").length <= DEPTH_MAX);
  const parent = kind === 2 ? random.pick(known) : random.pick(parents);
  return `${parent.path}/${random.pick(NAMES)}`;
}

/** Mostly a path that is there, and mostly of the wanted types. Never the root where it cannot be. */
function oldPath(random: Random, known: readonly Known[], types: readonly NodeType[]): string {
  if (random.below(25) === 0) return newPath(random, known);
  const wanted =
    random.below(15) === 0 || types.length === 0 ? known : known.filter(({ type }) => types.includes(type));
  return wanted.length === 0 ? newPath(random, known) : random.pick(wanted).path;
}

function notRoot(random: Random, path: string): string {
  return path === "" ? `/${random.pick(NAMES)}` : path;
}

function position(random: Random): number {
  return random.pick([
    0,
    0,
    0,
    random.below(100),
    random.below(10_000),
    4096 * random.below(30),
    random.below(200_000),
  ]);
}
