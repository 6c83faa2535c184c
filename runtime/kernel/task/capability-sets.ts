/** capset(2) and the capability options of prctl(2), as functions from credentials to credentials (security/commoncap.c). */
import * as abi from "../abi/capability.ts";
import { Errno } from "../abi/errno.ts";
import { ALL_CAPABILITIES, Capability, hasOwnCapability } from "./credentials.ts";
import type { Credentials } from "./credentials.ts";

export interface CapabilitySets {
  readonly permitted: bigint;
  readonly effective: bigint;
  readonly inheritable: bigint;
}

/** cap_capset: nobody gains what is not permitted; what is inheritable is bounded. */
export function setCapabilities(old: Credentials, wanted: CapabilitySets): Credentials | number {
  const permitted = wanted.permitted & ALL_CAPABILITIES;
  const effective = wanted.effective & ALL_CAPABILITIES;
  const inheritable = wanted.inheritable & ALL_CAPABILITIES;
  const isCapped = !hasOwnCapability(old, Capability.CAP_SETPCAP);
  if (isCapped && !isSubset(inheritable, old.inheritable | old.permitted)) return -Errno.EPERM;
  if (!isSubset(inheritable, old.inheritable | old.bounding)) return -Errno.EPERM;
  if (!isSubset(permitted, old.permitted) || !isSubset(effective, permitted)) return -Errno.EPERM;
  return { ...old, permitted, effective, inheritable, ambient: old.ambient & permitted & inheritable };
}

/** PR_CAPBSET_DROP. */
export function dropFromBounding(old: Credentials, capability: number): Credentials | number {
  if (!hasOwnCapability(old, Capability.CAP_SETPCAP)) return -Errno.EPERM;
  if (!isCapability(capability)) return -Errno.EINVAL;
  return { ...old, bounding: old.bounding & ~(1n << BigInt(capability)) };
}

/** PR_SET_SECUREBITS: locked bits stay, locks stay locked. */
export function setSecureBits(old: Credentials, bits: number): Credentials | number {
  const locked = (old.secureBits & abi.SECURE_ALL_LOCKS) >> 1;
  const isRefused =
    (locked & (old.secureBits ^ bits)) !== 0 ||
    (old.secureBits & abi.SECURE_ALL_LOCKS & ~bits) !== 0 ||
    (bits & ~(abi.SECURE_ALL_BITS | abi.SECURE_ALL_LOCKS)) !== 0 ||
    !hasOwnCapability(old, Capability.CAP_SETPCAP);
  return isRefused ? -Errno.EPERM : { ...old, secureBits: bits };
}

/** PR_SET_KEEPCAPS. */
export function setKeepCapabilities(old: Credentials, value: number): Credentials | number {
  if (value !== 0 && value !== 1) return -Errno.EINVAL;
  if ((old.secureBits & abi.SECBIT_KEEP_CAPS_LOCKED) !== 0) return -Errno.EPERM;
  const others = old.secureBits & ~abi.SECBIT_KEEP_CAPS;
  return { ...old, secureBits: value === 1 ? others | abi.SECBIT_KEEP_CAPS : others };
}

/** PR_CAP_AMBIENT: 0 or 1 for IS_SET, changed credentials, or -errno. */
export function changeAmbient(old: Credentials, what: number, capability: number): Credentials | number {
  if (what === abi.PR_CAP_AMBIENT_CLEAR_ALL) return capability !== 0 ? -Errno.EINVAL : { ...old, ambient: 0n };
  if (!isCapability(capability)) return -Errno.EINVAL;
  const bit = 1n << BigInt(capability);
  switch (what) {
    case abi.PR_CAP_AMBIENT_IS_SET:
      return (old.ambient & bit) === 0n ? 0 : 1;
    case abi.PR_CAP_AMBIENT_RAISE: {
      const isHeld = (old.permitted & old.inheritable & bit) !== 0n;
      if (!isHeld || (old.secureBits & abi.SECBIT_NO_CAP_AMBIENT_RAISE) !== 0) return -Errno.EPERM;
      return { ...old, ambient: old.ambient | bit };
    }
    case abi.PR_CAP_AMBIENT_LOWER:
      return { ...old, ambient: old.ambient & ~bit };
    default:
      return -Errno.EINVAL;
  }
}

export function isCapability(number: number): boolean {
  return number >= 0 && number <= abi.CAP_LAST_CAP;
}

export function isSubset(set: bigint, of: bigint): boolean {
  return (set & ~of) === 0n;
}
