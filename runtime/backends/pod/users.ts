/**
 * `--user` against the container's own passwd and group, as moby's user package reads them.
 */
import { fail } from "../../../layers/base/errors.ts";

export interface User {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  /** Supplementary groups the account is a member of. */
  readonly additionalGids: readonly number[];
}

/** The text of a file of the container, or undefined when there is none. */
export type ReadText = (path: string) => string | undefined;

/** @throws SlipwayError invalidParameter in Docker's words for a name that is not there. */
export function resolveUser(readText: ReadText, spec: string): User {
  const [userName = "", groupName] = spec.split(":");
  const wanted = userName === "" ? "0" : userName;
  const accounts = rowsOf(readText("/etc/passwd"));
  const account = accounts.find((row) => row[0] === wanted) ?? accounts.find((row) => row[2] === wanted);
  if (account === undefined && !isNumber(wanted)) {
    throw fail("invalidParameter", `unable to find user ${wanted}: no matching entries in passwd file`);
  }
  const uid = Number(account?.[2] ?? wanted);
  const home = account?.[5] ?? "";
  const groups = rowsOf(readText("/etc/group"));
  const hasGroup = groupName !== undefined && groupName !== "";
  const gid = hasGroup ? resolveGroup(groups, groupName) : Number(account?.[3] ?? 0);
  // A group that was asked for comes alone; else the account's others come with it.
  const name = account?.[0];
  const additional =
    hasGroup || name === undefined ? [] : groups.filter((row) => row[3]?.split(",").includes(name) === true);
  return {
    uid,
    gid,
    home: home === "" ? "/" : home,
    additionalGids: additional.map((row) => Number(row[2])),
  };
}

/** A group by name or number: `--user` and `--group-add`. */
export function resolveGroupNamed(readText: ReadText, name: string): number {
  return resolveGroup(rowsOf(readText("/etc/group")), name);
}

function resolveGroup(groups: readonly string[][], name: string): number {
  const group = groups.find((row) => row[0] === name)?.[2] ?? name;
  if (!isNumber(group)) {
    throw fail("invalidParameter", `unable to find group ${name}: no matching entries in group file`);
  }
  return Number(group);
}

function rowsOf(text: string | undefined): string[][] {
  const lines = (text ?? "").split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => line.split(":"));
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}
