/**
 * What changed in the upper layer, as `docker diff` prints it. Docker compares two mounted trees
 * (moby, pkg/archive/changes.go); here only what the upper layer holds is compared, with the same
 * outcome: a name that was copied up but is as before is no change, directories count as changed by
 * owner and mode only, and every directory above a change is listed as modified.
 */
import { equalBytes } from "../base/bytes.ts";
import type { Attributes, Filesystem, NodeId } from "../fs/filesystem.ts";
import { TEMPORARY_NAME, isOpaque, isWhiteout } from "./marks.ts";
import { OverlayFilesystem } from "./overlay.ts";

export const MODIFIED = 0;
export const ADDED = 1;
export const DELETED = 2;

export interface PathChange {
  readonly kind: 0 | 1 | 2;
  /** Absolute. */
  readonly path: string;
}

/** The only attribute that Docker compares: file capabilities. */
const COMPARED_XATTR = "security.capability";
const NS_PER_SECOND = 1_000_000_000n;

interface Pair {
  readonly path: string;
  readonly upper: NodeId;
  /** The directory it covers, or undefined when everything in `upper` is new. */
  readonly before: NodeId | undefined;
  /** It lies in an opaque directory: nothing of `before` shows through it. */
  readonly isWithinOpaque: boolean;
}

/** Changes of `upper` against `lowers` (topmost first), sorted by path. */
export function overlayChanges(upper: Filesystem, lowers: readonly Filesystem[]): readonly PathChange[] {
  const changes = new Map<string, 0 | 1 | 2>();
  const before = lowers.length === 0 ? undefined : new OverlayFilesystem(undefined, lowers);
  const pending: Pair[] = [{ path: "", upper: upper.root, before: before?.root, isWithinOpaque: false }];
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const isHiding = pair.isWithinOpaque || isOpaque(upper, pair.upper);
    if (isHiding && before !== undefined && pair.before !== undefined) {
      findHidden(upper, pair, before, pair.before, changes);
    }
    for (const { name, ino, type } of upper.readDirectory(pair.upper)) {
      if (name === TEMPORARY_NAME) continue;
      const path = `${pair.path}/${name}`;
      const covered = pair.before === undefined ? undefined : before?.lookup(pair.before, name);
      if (type === "character" && isWhiteout(upper, ino)) {
        if (covered !== undefined) record(changes, path, DELETED);
        continue;
      }
      if (before === undefined || covered === undefined) record(changes, path, ADDED);
      else if (isDifferent(upper, ino, before, covered)) record(changes, path, MODIFIED);
      if (type !== "directory") continue;
      const isMerging = covered !== undefined && before?.attributes(covered).type === "directory";
      pending.push({ path, upper: ino, before: isMerging ? covered : undefined, isWithinOpaque: isHiding });
    }
  }
  return [...changes]
    .map(([path, kind]) => ({ kind, path }))
    .sort((left, right) => (left.path < right.path ? -1 : 1));
}

/** What an opaque directory hides and does not hold itself was deleted. */
function findHidden(
  upper: Filesystem,
  pair: Pair,
  before: Filesystem,
  hidden: NodeId,
  changes: Map<string, 0 | 1 | 2>,
): void {
  for (const { name } of before.readDirectory(hidden)) {
    if (upper.lookup(pair.upper, name) === undefined) record(changes, `${pair.path}/${name}`, DELETED);
  }
}

/** Notes a change, and that the directories above it are modified unless something is known of them. */
function record(changes: Map<string, 0 | 1 | 2>, path: string, kind: 0 | 1 | 2): void {
  changes.set(path, kind);
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    const above = path.slice(0, end);
    if (changes.has(above)) return;
    changes.set(above, MODIFIED);
  }
}

function isDifferent(upper: Filesystem, now: NodeId, before: Filesystem, then: NodeId): boolean {
  const left = upper.attributes(now);
  const right = before.attributes(then);
  if (left.type !== right.type || left.mode !== right.mode || left.uid !== right.uid || left.gid !== right.gid)
    return true;
  if (left.rdev.major !== right.rdev.major || left.rdev.minor !== right.rdev.minor) return true;
  if (left.type !== "directory" && (left.sizeBytes !== right.sizeBytes || !isSameTime(left, right))) return true;
  const capability = upper.getXattr(now, COMPARED_XATTR);
  const earlier = before.getXattr(then, COMPARED_XATTR);
  if (capability === undefined || earlier === undefined) return capability !== earlier;
  return !equalBytes(capability, earlier);
}

/** As moby's sameFsTime: a time that a tar rounded to seconds equals the exact one. */
function isSameTime({ mtimeNs: left }: Attributes, { mtimeNs: right }: Attributes): boolean {
  if (left === right) return true;
  const isRounded = left % NS_PER_SECOND === 0n || right % NS_PER_SECOND === 0n;
  return isRounded && left / NS_PER_SECOND === right / NS_PER_SECOND;
}
