/**
 * From a process's arguments to the module that runs: args[0] looked up as runc does (Go's
 * exec.LookPath inside the container), `#!` lines followed as the kernel does. Failures carry Docker's
 * exit codes: 127 when there is nothing, 126 when it is there and cannot run.
 */
import { isFsError } from "../../../../layers/fs/errors.ts";
import { decodeName } from "../../../../layers/fs/names.ts";
import { readWholeNode } from "../../../../layers/fs/walk.ts";
import { cannotStart } from "../../pod/start-failure.ts";
import { kindOf } from "./module-bytes.ts";
import type { Entry, Tree } from "./tree.ts";
import { pathOf } from "./tree.ts";

/** V8 and SpiderMonkey refuse modules over 1 GiB; with a copy in the SDK half of that is what fits. */
const MODULE_BYTES_MAX = 512 * 1024 * 1024;
/** BINPRM_BUF_SIZE and the depth binfmt allows (linux/binfmts.h, fs/exec.c). */
const SCRIPT_LINE_BYTES = 256;
const SCRIPT_DEPTH_MAX = 4;
/** What execvp uses without PATH; Docker always sets PATH, other clients need not. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface Program {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** As given, or with the interpreter of a script put before. */
  readonly args: readonly string[];
  /** Where the module is in the container. */
  readonly path: string;
}

/** @throws SlipwayError invalidParameter with StartFailure. */
export function findProgram(
  tree: Tree,
  args: readonly string[],
  env: readonly string[],
  workingDirectory: string,
  depth = 0,
): Program {
  const name = args[0] ?? "";
  const entry = lookUp(tree, name, env, workingDirectory);
  const bytes = readWholeNode(entry.filesystem, entry.node, MODULE_BYTES_MAX);
  if (bytes[0] === 0x23 && bytes[1] === 0x21 && depth < SCRIPT_DEPTH_MAX) {
    const script = name.includes("/") ? name : pathOf(entry);
    return findProgram(
      tree,
      [...interpreterOf(bytes), script, ...args.slice(1)],
      env,
      workingDirectory,
      depth + 1,
    );
  }
  const kind = kindOf(bytes);
  if (kind === "module") return { bytes, args, path: pathOf(entry) };
  const why =
    kind === "component"
      ? "exec format error (a WebAssembly component; only core modules run here)"
      : "exec format error";
  throw cannotStart(126, `exec ${name.includes("/") ? name : pathOf(entry)}: ${why}`);
}

function lookUp(tree: Tree, name: string, env: readonly string[], workingDirectory: string): Entry {
  const quoted = JSON.stringify(name);
  if (name.includes("/")) {
    const path = name.startsWith("/") ? name : `${workingDirectory}/${name}`;
    const entry = entryAt(tree, path);
    if (entry === undefined)
      throw cannotStart(127, `exec: ${quoted}: stat ${name}: no such file or directory`);
    const type = tree.attributes(entry).type;
    if (type === "directory") throw cannotStart(126, `exec: ${quoted}: is a directory`);
    if (type !== "file") throw cannotStart(126, `exec: ${quoted}: permission denied`);
    return entry;
  }
  const path =
    env.find((variable) => variable.startsWith("PATH="))?.slice("PATH=".length) ?? DEFAULT_PATH;
  for (const folder of path.split(":")) {
    const absolute = folder.startsWith("/") ? folder : `${workingDirectory}/${folder}`;
    const entry = name === "" ? undefined : entryAt(tree, `${absolute}/${name}`);
    // Modules copied into an image often lack the execute bit, and nothing here executes them.
    if (entry !== undefined && tree.attributes(entry).type === "file") return entry;
  }
  throw cannotStart(127, `exec: ${quoted}: executable file not found in $PATH`);
}

function entryAt(tree: Tree, path: string): Entry | undefined {
  try {
    return tree.resolve(path);
  } catch (thrown) {
    if (isFsError(thrown)) return undefined;
    throw thrown;
  }
}

/** "#!/bin/ruby -w" as ["/bin/ruby", "-w"]: the kernel passes at most one argument. */
function interpreterOf(bytes: Uint8Array): string[] {
  const head = bytes.subarray(2, SCRIPT_LINE_BYTES);
  const end = head.indexOf(0x0a);
  const line = decodeName(end === -1 ? head : head.subarray(0, end)).trim();
  const space = line.search(/[ \t]/);
  if (space === -1) return [line];
  return [line.slice(0, space), line.slice(space).trim()];
}
