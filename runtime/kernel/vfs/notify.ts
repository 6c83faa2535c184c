/**
 * Telling watchers what happened to files (fs/notify/fsnotify.c). One hard idea: an event at an open file or
 * its attributes goes to those who watch the node and, with its name, to those who watch the directory it
 * was reached through; an event at a name goes to the directory alone. A filesystem without watchers costs
 * one comparison.
 */
import {
  IN_ATTRIB, IN_CREATE, IN_DELETE, IN_DELETE_SELF, IN_ISDIR, IN_MOVE_SELF, IN_MOVED_FROM, IN_MOVED_TO,
} from "../abi/inotify.ts";
import type { Attributes, NodeId } from "../../../layers/fs/filesystem.ts";
import type { Dentry, Superblock } from "./mount.ts";

/** Somebody who watches a node. */
export interface Watcher {
  /** `name` is "" for the node itself; `isUnlinked`: reached through a name that is gone. */
  event(mask: number, cookie: number, name: string, isUnlinked: boolean): void;
  /** The node is gone: no more events. */
  end(): void;
}

let lastCookie = 0;

/** Something happened to the file at `dentry`: opened, read, written, closed, its attributes changed. */
export function notify(dentry: Dentry, mask: number, isDirectory: boolean): void {
  const { superblock, parent } = dentry;
  if (superblock.watches === 0) return;
  const bits = isDirectory ? (mask | IN_ISDIR) >>> 0 : mask;
  if (parent !== undefined) send(superblock, parent.node, bits, 0, dentry.name, dentry.isUnlinked);
  send(superblock, dentry.node, bits, 0, "", false);
}

/** Something happened to the name `name` of `directory`: IN_CREATE or IN_DELETE. */
export function notifyEntry(directory: Dentry, name: string, mask: number, type: Attributes["type"]): void {
  const { superblock } = directory;
  if (superblock.watches === 0) return;
  send(superblock, directory.node, type === "directory" ? (mask | IN_ISDIR) >>> 0 : mask, 0, name, false);
}

export function notifyCreated(directory: Dentry, name: string, type: Attributes["type"]): void {
  notifyEntry(directory, name, IN_CREATE, type);
}

/** A node has one name more: its own watchers hear of it, not those of the directory. */
export function notifyLinked({ superblock, node }: Dentry): void {
  if (superblock.watches > 0) send(superblock, node, IN_ATTRIB, 0, "", false);
}

/** `name` was removed; `attributes` are those of its node before. */
export function notifyRemoved(directory: Dentry, name: string, { ino, type, nlink }: Attributes): void {
  const { superblock } = directory;
  const isLast = type === "directory" || nlink <= 1;
  if (superblock.watches > 0 && type !== "directory") send(superblock, ino, IN_ATTRIB, 0, "", false);
  if (isLast) superblock.nodeGone(ino);
  notifyEntry(directory, name, IN_DELETE, type);
}

export interface Renaming {
  readonly from: Dentry;
  readonly fromName: string;
  readonly to: Dentry;
  readonly toName: string;
  readonly attributes: Attributes;
}

export function notifyRenamed({ from, fromName, to, toName, attributes }: Renaming): void {
  const { superblock } = from;
  if (superblock.watches === 0) return;
  lastCookie = (lastCookie + 1) >>> 0;
  const isDirectory = attributes.type === "directory";
  const bits = (mask: number): number => (isDirectory ? (mask | IN_ISDIR) >>> 0 : mask);
  send(superblock, from.node, bits(IN_MOVED_FROM), lastCookie, fromName, false);
  send(superblock, to.node, bits(IN_MOVED_TO), lastCookie, toName, false);
  send(superblock, attributes.ino, IN_MOVE_SELF, 0, "", false);
}

/** The node's last name and last opener are gone. */
export function notifyEnded(superblock: Superblock, node: NodeId): void {
  const inode = superblock.knownInode(node);
  if (inode === undefined) return;
  for (const watcher of [...inode.watchers]) {
    watcher.event(IN_DELETE_SELF, 0, "", false);
    watcher.end();
  }
}

function send(
  superblock: Superblock, node: NodeId, mask: number, cookie: number, name: string, isUnlinked: boolean,
): void {
  const watchers = superblock.knownInode(node)?.watchers;
  if (watchers === undefined || watchers.size === 0) return;
  for (const watcher of [...watchers]) watcher.event(mask, cookie, name, isUnlinked);
}
