/**
 * args[0] to a path, as runc does it (Go's exec.LookPath inside the container) and in its words. Scripts
 * and formats are the kernel's business: its errno becomes runc's sentence here.
 */
import { isFsError } from "../../../../layers/fs/errors.ts";
import { Errno, errnoName } from "../../../kernel/abi/errno.ts";
import { X_OK } from "../../../kernel/abi/fcntl.ts";
import type { Credentials } from "../../../kernel/task/credentials.ts";
import { SyscallError } from "../../../kernel/task/syscall-error.ts";
import type { Location } from "../../../kernel/vfs/mount.ts";
import { checkAccess } from "../../../kernel/vfs/permission.ts";
import { walk } from "../../../kernel/vfs/walk.ts";
import type { SlipwayError } from "../../../../layers/base/errors.ts";
import { fail } from "../../../../layers/base/errors.ts";
import { cannotStart } from "../../pod/start-failure.ts";

/** What execvp uses without PATH; Docker always sets PATH, other clients need not. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface Place {
  readonly root: Location;
  readonly workingDirectory: Location;
  readonly who: Credentials;
}

/** @throws SlipwayError invalidParameter with StartFailure. */
export function findProgram(place: Place, args: readonly string[], env: readonly string[]): string {
  const name = args[0] ?? "";
  const quoted = JSON.stringify(name);
  if (name.includes("/")) {
    const found = examine(place, name);
    if (found === "missing") throw cannotStart(127, `exec: ${quoted}: stat ${name}: no such file or directory`);
    if (found === "directory") throw cannotStart(126, `exec: ${quoted}: is a directory`);
    if (found !== "executable") throw cannotStart(126, `exec: ${quoted}: permission denied`);
    return name;
  }
  const path = env.find((variable) => variable.startsWith("PATH="))?.slice("PATH=".length) ?? DEFAULT_PATH;
  for (const folder of path.split(":")) {
    const candidate = `${folder === "" ? "." : folder}/${name}`;
    if (name !== "" && examine(place, candidate) === "executable") return candidate;
  }
  throw cannotStart(127, `exec: ${quoted}: executable file not found in $PATH`);
}

/** What the kernel's refusal to exec is in runc's words. */
export function execFailure(path: string, thrown: SyscallError): SlipwayError {
  switch (thrown.errno) {
    case Errno.ENOEXEC:
      return cannotStart(126, `exec ${path}: exec format error`);
    case Errno.ENOENT: // The interpreter of a script or program.
      return cannotStart(127, `exec ${path}: no such file or directory`);
    case Errno.EACCES:
      return cannotStart(126, `exec ${path}: permission denied`);
    case Errno.ENOMEM: // Not the program's fault: --memory is too little, or the browser gives no more processes.
      return fail("system", `unable to start container process: exec ${path}: cannot allocate memory`);
    case Errno.E2BIG:
      return cannotStart(126, `exec ${path}: argument list too long`);
    default:
      return cannotStart(126, `exec ${path}: ${errnoName(thrown.errno)}`);
  }
}

type Finding = "missing" | "directory" | "executable" | "refused";

function examine({ root, workingDirectory, who }: Place, path: string): Finding {
  try {
    const { location } = walk(path, { start: workingDirectory, root, who, isLastFollowed: true });
    if (location === undefined) return "missing";
    const attributes = location.dentry.superblock.filesystem.attributes(location.dentry.node);
    if (attributes.type === "directory") return "directory";
    return attributes.type === "file" && checkAccess(attributes, X_OK, who) === 0 ? "executable" : "refused";
  } catch (thrown) {
    if (thrown instanceof SyscallError) return thrown.errno === Errno.EACCES ? "refused" : "missing";
    if (isFsError(thrown)) return "missing";
    throw thrown;
  }
}
