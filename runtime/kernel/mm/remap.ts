/**
 * mremap(2) (mm/mremap.c): shrinks in place, grows in place where there is room, else moves. Moving copies
 * bytes: there are no page tables to rewrite.
 */
import { SPACE_END, SPACE_START } from "../../cpu/machine.ts";
import { Errno } from "../abi/errno.ts";
import { MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE } from "../abi/mman.ts";
import type { AddressSpace } from "./address-space.ts";
import { PAGE_BYTES, pageCeil } from "./region.ts";
import { sharedOf } from "./shared-mappings.ts";

export interface RemapRequest {
  readonly address: number;
  readonly oldBytes: number;
  readonly newBytes: number;
  readonly flags: number;
  readonly wanted: number;
  /** Bytes more than RLIMIT_AS lets it have. */
  readonly growthMax: number;
}

/** The new address, or -errno. */
export function remap(space: AddressSpace, request: RemapRequest): number {
  const { address, flags, wanted } = request;
  const isFixed = (flags & MREMAP_FIXED) !== 0;
  const keepsOld = (flags & MREMAP_DONTUNMAP) !== 0;
  if ((flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0) return -Errno.EINVAL;
  if ((isFixed || keepsOld) && (flags & MREMAP_MAYMOVE) === 0) return -Errno.EINVAL;
  if (keepsOld && request.oldBytes !== request.newBytes) return -Errno.EINVAL;
  if (address % PAGE_BYTES !== 0) return -Errno.EINVAL;
  const [oldBytes, newBytes] = [pageCeil(request.oldBytes), pageCeil(request.newBytes)];
  if (newBytes <= 0 || oldBytes < 0) return -Errno.EINVAL;
  const [end, newEnd] = [address + oldBytes, address + newBytes];
  if (isFixed || keepsOld) {
    if (wanted % PAGE_BYTES !== 0 || wanted < 0) return -Errno.EINVAL;
    if (isFixed && wanted < end && address < wanted + newBytes) return -Errno.EINVAL;
  }
  const region = space.regionAt(address);
  if (region === undefined) return -Errno.EFAULT;
  if (oldBytes === 0) return duplicate(space, request, newBytes);
  if (newBytes < oldBytes && !isFixed) {
    space.unmap(newEnd, end);
    return address;
  }
  const keptEnd = Math.min(end, newEnd);
  if (newBytes > oldBytes && region.end < end) return -Errno.EFAULT;
  if (space.coveredEnd(address, keptEnd) < keptEnd) return -Errno.EFAULT;
  if (newBytes === oldBytes && !isFixed && !keepsOld) return address;
  if (address > SPACE_END) return -Errno.ENOMEM;
  if (newBytes - oldBytes > request.growthMax) return -Errno.ENOMEM;
  if (!isFixed && !keepsOld && region.end === end && space.isFree(end, newEnd)) {
    space.extend(address, end, newEnd);
    return address;
  }
  if ((flags & MREMAP_MAYMOVE) === 0) return -Errno.ENOMEM;
  return moveTo(space, request, keptEnd, newBytes);
}

function moveTo(
  space: AddressSpace,
  { address, flags, wanted, oldBytes }: RemapRequest,
  keptEnd: number,
  newBytes: number,
): number {
  const isFixed = (flags & MREMAP_FIXED) !== 0;
  const target = isFixed ? wanted : space.freePlace(newBytes);
  if (target < 0) return target;
  if (isFixed) {
    if (target < SPACE_START || target + newBytes > SPACE_END) return -Errno.EINVAL;
    space.unmap(target, target + newBytes);
  }
  const kept = keptEnd - address;
  if (!space.move(address, keptEnd, target, (flags & MREMAP_DONTUNMAP) !== 0)) return -Errno.ENOMEM;
  if (newBytes > kept) space.extend(target, target + kept, target + newBytes);
  else if (pageCeil(oldBytes) > kept) space.unmap(keptEnd, address + pageCeil(oldBytes));
  return target;
}

/** An old size of 0: a second mapping of the same shared pages. */
function duplicate(space: AddressSpace, { address, flags, wanted }: RemapRequest, sizeBytes: number): number {
  const region = space.regionAt(address);
  if (region === undefined || sharedOf(region) === undefined) return -Errno.EINVAL;
  if ((flags & MREMAP_MAYMOVE) === 0) return -Errno.ENOMEM;
  const { protection, backing, name } = region;
  const isFixed = (flags & MREMAP_FIXED) !== 0;
  const position = region.position + (address - region.start);
  return space.map({
    address: wanted,
    sizeBytes,
    isFixed,
    protection,
    flags: region.flags,
    backing,
    position,
    name,
  });
}
