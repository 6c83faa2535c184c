/**
 * Whiteouts, in the two ways they are written: as names in a layer tar (OCI image spec, layer.md,
 * "Whiteouts") and as nodes in an unpacked layer (the kernel's overlayfs: a character device 0:0 in
 * place of a removed name, an extended attribute on an opaque directory).
 */
import type { Device, NodeType } from "../fs/filesystem.ts";

export const WHITEOUT_PREFIX = ".wh.";

/** In a directory: everything below it in lower layers is hidden. */
export const WHITEOUT_OPAQUE = ".wh..wh..opq";

/** AUFS's own files, which old `docker save` archives hold at their top. */
const WHITEOUT_META_PREFIX = ".wh..wh.";

/** Of a whiteout in an unpacked layer: Documentation/filesystems/overlayfs.rst. */
export const WHITEOUT_DEVICE: Device = { major: 0, minor: 0 };

export const OPAQUE_XATTR = "trusted.overlay.opaque";
export const OPAQUE_VALUE: Uint8Array = Uint8Array.of(0x79); // "y"

/** Attributes that belong to the overlay and mean nothing in an archive. */
export const OVERLAY_XATTR_PREFIX = "trusted.overlay.";

export type Whiteout =
  | { readonly kind: "opaque" }
  | { readonly kind: "removed"; readonly name: string }
  /** AUFS bookkeeping, to be skipped. */
  | { readonly kind: "meta" };

/** What the last name of an entry's path says about lower layers, if anything. */
export function whiteoutOf(lastName: string): Whiteout | undefined {
  if (!lastName.startsWith(WHITEOUT_PREFIX)) return undefined;
  if (lastName === WHITEOUT_OPAQUE) return { kind: "opaque" };
  if (lastName.startsWith(WHITEOUT_META_PREFIX)) return { kind: "meta" };
  return { kind: "removed", name: lastName.slice(WHITEOUT_PREFIX.length) };
}

/** Whether a node of an unpacked layer is a whiteout. */
export function isWhiteoutNode(node: { readonly type: NodeType; readonly rdev: Device }): boolean {
  return node.type === "character" && node.rdev.major === 0 && node.rdev.minor === 0;
}
