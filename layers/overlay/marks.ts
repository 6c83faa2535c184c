/**
 * How a layer says "gone" and "not merged", as the kernel's overlayfs does on disk: a whiteout is a
 * character device 0:0, an opaque directory has the extended attribute trusted.overlay.opaque = "y".
 * The attributes under trusted.overlay. belong to the overlay; the container's own of that name (it
 * may run an overlay itself) are kept one level down, as the kernel does since 6.7
 * (Documentation/filesystems/overlayfs.rst, "Nesting overlayfs mounts").
 */
import { encodeUtf8, equalBytes } from "../base/bytes.ts";
import type { Filesystem, NodeId, NodeInit } from "../fs/filesystem.ts";

const OWN_PREFIX = "trusted.overlay.";
const ESCAPED_PREFIX = "trusted.overlay.overlay.";
const OPAQUE_XATTR = "trusted.overlay.opaque";
const OPAQUE_VALUE = encodeUtf8("y");

export const WHITEOUT: NodeInit = {
  type: "character",
  mode: 0,
  uid: 0,
  gid: 0,
  rdev: { major: 0, minor: 0 },
};

/**
 * Name under which a node is prepared in the upper layer before it is renamed into place, so that a
 * crash never shows half a copy. It begins as the names that layer tars reserve (".wh..wh."), and is
 * never seen through the overlay; what a crash leaves behind is removed when the name is next needed.
 */
export const TEMPORARY_NAME = ".wh..wh.slipway";

export function isWhiteout(filesystem: Filesystem, node: NodeId): boolean {
  const { type, rdev } = filesystem.attributes(node);
  return type === "character" && rdev.major === 0 && rdev.minor === 0;
}

export function isOpaque(filesystem: Filesystem, directory: NodeId): boolean {
  const value = filesystem.getXattr(directory, OPAQUE_XATTR);
  return value !== undefined && equalBytes(value, OPAQUE_VALUE);
}

export function setOpaque(filesystem: Filesystem, directory: NodeId): void {
  filesystem.setXattr(directory, OPAQUE_XATTR, OPAQUE_VALUE, "either");
}

/** Whether the overlay, not the container, owns this attribute of a layer. */
export function isOwnXattr(stored: string): boolean {
  return stored.startsWith(OWN_PREFIX) && !stored.startsWith(ESCAPED_PREFIX);
}

/** What a layer calls the attribute that the container calls `name`. */
export function storedXattr(name: string): string {
  return name.startsWith(OWN_PREFIX) ? ESCAPED_PREFIX + name.slice(OWN_PREFIX.length) : name;
}

/** What the container calls the attribute that a layer calls `stored`. */
export function shownXattr(stored: string): string {
  return stored.startsWith(ESCAPED_PREFIX) ? OWN_PREFIX + stored.slice(ESCAPED_PREFIX.length) : stored;
}
