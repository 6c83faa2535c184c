/**
 * Locks between the threads and processes that share a data root. Node offers no flock, so a lock is
 * a file that exists, made whole in one step by link(2).
 *
 * The hard idea is telling a living owner from a dead one. The owner keeps the lock file open and
 * writes its pid and file descriptor into it; on Linux anybody can then look whether
 * /proc/PID/fd/FD still is that very file. That survives reuse of pids, and notices a worker thread
 * that was terminated, because Node closes the descriptors of a thread when it ends. Elsewhere only
 * the pid is asked.
 */
import { randomUUID } from "node:crypto";
import { closeSync, fstatSync, linkSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { unlinkSync, writeSync } from "node:fs";
import type { Disposable } from "../../base/disposable.ts";
import { disposable } from "../../base/disposable.ts";
import { errnoOf } from "./node-errors.ts";

/** Attempts to take over from dead owners; more than one only when several contend. */
const ATTEMPTS_MAX = 5;

/** Takes the lock at `path`, or returns undefined while a living owner has it. */
export function tryLock(path: string): Disposable | undefined {
  const draft = `${path}.${randomUUID()}`;
  const descriptor = openSync(draft, "wx");
  let isTaken = false;
  try {
    writeSync(descriptor, JSON.stringify({ pid: process.pid, descriptor }));
    for (let attempt = 0; attempt < ATTEMPTS_MAX && !isTaken; attempt++) {
      isTaken = tryLink(draft, path);
      if (!isTaken && !buryDeadOwner(path)) break;
    }
  } finally {
    unlinkSync(draft);
    if (!isTaken) closeSync(descriptor);
  }
  if (!isTaken) return undefined;
  return disposable(() => {
    removeIfSame(path, fstatSync(descriptor).ino);
    closeSync(descriptor);
  });
}

function tryLink(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (thrown) {
    if (errnoOf(thrown) === "EEXIST") return false;
    throw thrown;
  }
}

/** Removes the lock of an owner that is gone; false when the owner lives. */
function buryDeadOwner(path: string): boolean {
  // Held open, so that its inode number cannot come back as that of a newer lock while we look.
  const descriptor = openIfThere(path);
  if (descriptor === undefined) return true; // Released meanwhile.
  try {
    const inode = fstatSync(descriptor).ino;
    if (isOwnerAlive(descriptor, inode)) return false;
    removeIfSame(path, inode);
    return true;
  } finally {
    closeSync(descriptor);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return undefined;
    throw thrown;
  }
}

/**
 * Removes the lock at `path` if it still is the one with `inode`. Two threads may bury the same dead
 * owner while a third already locked again: the lock is moved aside first and looked at there; a
 * living one that was caught is put back by link, which fails rather than replace a newer lock.
 */
function removeIfSame(path: string, inode: number): void {
  if (inodeOf(path) !== inode) return;
  const grave = `${path}.${randomUUID()}`;
  try {
    renameSync(path, grave);
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return;
    throw thrown;
  }
  if (inodeOf(grave) !== inode) tryLink(grave, path);
  unlinkSync(grave);
}

function isOwnerAlive(descriptor: number, inode: number): boolean {
  const owner = ownerOf(descriptor);
  if (owner === undefined) return false;
  if (process.platform !== "linux") return isProcessAlive(owner.pid);
  try {
    return statSync(`/proc/${owner.pid}/fd/${owner.descriptor}`).ino === inode;
  } catch (thrown) {
    // Another user's process cannot be looked into, but it is there.
    return errnoOf(thrown) === "EACCES" && isProcessAlive(owner.pid);
  }
}

interface Owner {
  readonly pid: number;
  readonly descriptor: number;
}

/** What the lock says; undefined when it says nothing a lock would say. */
function ownerOf(descriptorOfLock: number): Owner | undefined {
  try {
    const owner: unknown = JSON.parse(readFileSync(descriptorOfLock, "utf8"));
    if (typeof owner !== "object" || owner === null) return undefined;
    const { pid, descriptor } = owner as Partial<Owner>; // Checked in the next line.
    return typeof pid === "number" && typeof descriptor === "number" ? { pid, descriptor } : undefined;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return errnoOf(thrown) === "EPERM";
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
