/**
 * Compaction: what something still leads to is copied into a new journal, which takes the old one's
 * place in one step. A crash before that step leaves the old one, and a leftover that is removed when
 * the layer is next opened.
 */
import type { Clock } from "../base/clock.ts";
import type { Storage } from "../content/storage.ts";
import { isFsError } from "../fs/errors.ts";
import type { Attributes, Filesystem, NodeId } from "../fs/filesystem.ts";
import { DATA_BYTES_MAX } from "./journal.ts";
import { WritableFilesystem } from "./writable-filesystem.ts";

/** Where the new journal grows. */
export function compactingName(name: string): string {
  return `${name}.compacting`;
}

/** Writes what `from`, the layer in the file `name`, holds to a new file, closes both and swaps them. */
export async function compact(
  storage: Storage,
  name: string,
  from: WritableFilesystem,
  clock: Pick<Clock, "nowNs" | "after">,
): Promise<void> {
  const file = await storage.files.openWritable(compactingName(name));
  try {
    file.truncate(0);
    const to = new WritableFilesystem(file, { clock });
    copyTree(from, to);
    to.close();
  } catch (thrown) {
    file.close();
    await storage.files.remove(compactingName(name));
    throw thrown;
  }
  from.close();
  await storage.files.rename(compactingName(name), name);
}

/** Makes the empty filesystem `to` the same as `from`: hard links, holes, attributes, all times. */
export function copyTree(from: Filesystem, to: Filesystem): void {
  const copied = new Map<NodeId, NodeId>();
  const pending: (readonly [source: NodeId, target: NodeId])[] = [[from.root, to.root]];
  const directories: (readonly [source: NodeId, target: NodeId])[] = [];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [source, target] = next;
    directories.push(next);
    for (const { name, ino } of from.readDirectory(source)) {
      const known = copied.get(ino);
      if (known !== undefined) {
        to.link(known, target, name);
        continue;
      }
      const attributes = from.attributes(ino);
      const link = attributes.type === "symlink" ? { target: from.readLink(ino) } : {};
      const { type, mode, uid, gid, rdev } = attributes;
      const copy = to.create(target, name, { type, mode, uid, gid, rdev, ...link });
      if (type === "directory") pending.push([ino, copy]);
      else copied.set(ino, copy);
      if (type === "file") copyContents(from, ino, to, copy, attributes.sizeBytes);
      copyXattrs(from, ino, to, copy);
    }
  }
  copyXattrs(from, from.root, to, to.root);
  // Times last: links changed ctime, and every new entry its directory's.
  for (const [source, target] of [...copied, ...directories]) {
    to.setAttributes(target, settable(from.attributes(source)));
  }
}

function settable({ mode, uid, gid, atimeNs, mtimeNs, ctimeNs }: Attributes): Partial<Attributes> {
  return { mode, uid, gid, atimeNs, mtimeNs, ctimeNs };
}

function copyXattrs(from: Filesystem, source: NodeId, to: Filesystem, target: NodeId): void {
  for (const name of from.listXattrs(source)) {
    const value = from.getXattr(source, name);
    if (value !== undefined) to.setXattr(target, name, value, "either");
  }
}

function copyContents(from: Filesystem, source: NodeId, to: Filesystem, target: NodeId, sizeBytes: number): void {
  const buffer = new Uint8Array(Math.min(DATA_BYTES_MAX, sizeBytes));
  let position = dataFrom(from, source, 0, sizeBytes);
  while (position < sizeBytes) {
    const end = Math.min(sizeBytes, from.seek(source, position, "hole"));
    while (position < end) {
      const count = from.read(source, position, buffer.subarray(0, end - position));
      to.write(target, position, buffer.subarray(0, count));
      position += count;
    }
    position = dataFrom(from, source, end, sizeBytes);
  }
  if (to.attributes(target).sizeBytes !== sizeBytes) to.setAttributes(target, { sizeBytes });
}

function dataFrom(filesystem: Filesystem, file: NodeId, position: number, end: number): number {
  if (position >= end) return end;
  try {
    return filesystem.seek(file, position, "data");
  } catch (thrown) {
    if (isFsError(thrown, "ENXIO")) return end;
    throw thrown;
  }
}
