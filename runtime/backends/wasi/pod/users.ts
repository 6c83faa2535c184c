/**
 * `--user` against the container's own passwd and group, as moby's user package reads them. WASI has
 * no users, so all that follows from one is who owns the files a guest makes, and HOME.
 */
import { decodeUtf8 } from "../../../../layers/base/bytes.ts";
import { fail } from "../../../../layers/base/errors.ts";
import { isFsError } from "../../../../layers/fs/errors.ts";
import { readWholeNode } from "../../../../layers/fs/walk.ts";
import type { Tree } from "./tree.ts";

/** No passwd file of any image comes near this. */
const DATABASE_BYTES_MAX = 4 * 1024 * 1024;

export interface User {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** @throws SlipwayError invalidParameter in Docker's words for a name that is not there. */
export function resolveUser(tree: Tree, spec: string): User {
  const [userName = "", groupName] = spec.split(":");
  const wanted = userName === "" ? "0" : userName;
  const accounts = rowsOf(tree, "/etc/passwd");
  const account = accounts.find((row) => row[0] === wanted) ?? accounts.find((row) => row[2] === wanted);
  if (account === undefined && !isNumber(wanted)) {
    throw fail("invalidParameter", `unable to find user ${wanted}: no matching entries in passwd file`);
  }
  const uid = Number(account?.[2] ?? wanted);
  const home = account?.[5] ?? "";
  let gid = Number(account?.[3] ?? 0);
  if (groupName !== undefined && groupName !== "") {
    const groups = rowsOf(tree, "/etc/group");
    const group = groups.find((row) => row[0] === groupName)?.[2] ?? groupName;
    if (!isNumber(group)) {
      throw fail("invalidParameter", `unable to find group ${groupName}: no matching entries in group file`);
    }
    gid = Number(group);
  }
  return { uid, gid, home: home === "" ? "/" : home };
}

function rowsOf(tree: Tree, path: string): string[][] {
  try {
    const entry = tree.resolve(path);
    const text = decodeUtf8(readWholeNode(entry.filesystem, entry.node, DATABASE_BYTES_MAX));
    return text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.split(":"));
  } catch (thrown) {
    if (isFsError(thrown)) return []; // An image from scratch has none.
    throw thrown;
  }
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}
