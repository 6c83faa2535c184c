/**
 * A node of the overlay: one identity for what may lie in several layers and may move from a lower
 * layer to the upper one (copy-up) without its number changing.
 */
import type { Filesystem, NodeId, NodeType } from "../fs/filesystem.ts";

/** A directory in one lower layer. */
export interface LowerDirectory {
  /** Index into the overlay's lowers. */
  readonly layer: number;
  readonly filesystem: Filesystem;
  readonly node: NodeId;
}

export class OverlayNode {
  readonly ino: NodeId;
  readonly type: NodeType;
  /** Where its attributes and contents are now: the upper layer, or else the topmost lower one. */
  filesystem: Filesystem;
  real: NodeId;
  isUpper: boolean;
  /** Of nodes that began in a lower layer: which. */
  readonly layer: number;
  /** Of directories: the lower directories merged into it, topmost first. */
  readonly lowers: readonly LowerDirectory[];
  /** Of directories: what is known of their names; null for a name known to be missing. */
  readonly children: Map<string, OverlayNode | null> | undefined;
  /** How many of `children` are null. */
  missing = 0;
  /**
   * Of directories, where they are. Of others, one place where they were found: while they are in a
   * lower layer and have one link, it is the place.
   */
  parent: OverlayNode | undefined;
  name: string;
  /** Names that were whited out while the node was in a lower layer. */
  lostLinks = 0;
  /** The last name is gone: only holders know the node. */
  isRemoved = false;
  /** Calls of `acquire` not yet undone. */
  references = 0;

  constructor(
    ino: NodeId,
    type: NodeType,
    place: { filesystem: Filesystem; real: NodeId; isUpper: boolean; layer: number },
    lowers: readonly LowerDirectory[],
    parent: OverlayNode | undefined,
    name: string,
  ) {
    this.ino = ino;
    this.type = type;
    this.filesystem = place.filesystem;
    this.real = place.real;
    this.isUpper = place.isUpper;
    this.layer = place.layer;
    this.lowers = lowers;
    this.children = type === "directory" ? new Map() : undefined;
    this.parent = parent;
    this.name = name;
  }

  /** Whether entries come from more than one layer. */
  get isMerged(): boolean {
    return this.isUpper ? this.lowers.length > 0 : this.lowers.length > 1;
  }

  /** Whether no lower layer has a part in this directory: the only ones that may be renamed. */
  get isPureUpper(): boolean {
    return this.isUpper && this.lowers.length === 0;
  }

  /** Whether this directory is `other` or lies above it. */
  holds(other: OverlayNode): boolean {
    for (let at: OverlayNode | undefined = other; at !== undefined; at = at.parent) if (at === this) return true;
    return false;
  }
}
