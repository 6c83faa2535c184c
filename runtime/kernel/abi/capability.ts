/**
 * Capabilities on the wire: capget(2), the security.capability attribute, securebits (linux/capability.h,
 * linux/securebits.h).
 */

export const LINUX_CAPABILITY_VERSION_1 = 0x1998_0330;
export const LINUX_CAPABILITY_VERSION_2 = 0x2007_1026;
export const LINUX_CAPABILITY_VERSION_3 = 0x2008_0522;

export const CAP_LAST_CAP = 40;

export const VFS_CAP_REVISION_MASK = 0xff00_0000;
export const VFS_CAP_FLAGS_EFFECTIVE = 1;
/** Revision in the first word, then its size: one pair of words, two pairs, two pairs and an owner. */
export const VFS_CAP_REVISION_1 = 0x0100_0000;
export const VFS_CAP_REVISION_2 = 0x0200_0000;
export const VFS_CAP_REVISION_3 = 0x0300_0000;
export const XATTR_NAME_CAPS = "security.capability";

/** Each bit has its lock in the next. */
export const SECBIT_NOROOT = 1;
export const SECBIT_NO_SETUID_FIXUP = 4;
export const SECBIT_KEEP_CAPS = 16;
export const SECBIT_KEEP_CAPS_LOCKED = 32;
export const SECBIT_NO_CAP_AMBIENT_RAISE = 64;
export const SECURE_ALL_BITS = 0x55;
export const SECURE_ALL_LOCKS = 0xaa;

/** prctl(2) options: linux/prctl.h. */
export const PR_GET_KEEPCAPS = 7;
export const PR_SET_KEEPCAPS = 8;
export const PR_CAPBSET_READ = 23;
export const PR_CAPBSET_DROP = 24;
export const PR_GET_SECUREBITS = 27;
export const PR_SET_SECUREBITS = 28;
export const PR_SET_NO_NEW_PRIVS = 38;
export const PR_GET_NO_NEW_PRIVS = 39;
export const PR_CAP_AMBIENT = 47;
export const PR_CAP_AMBIENT_IS_SET = 1;
export const PR_CAP_AMBIENT_RAISE = 2;
export const PR_CAP_AMBIENT_LOWER = 3;
export const PR_CAP_AMBIENT_CLEAR_ALL = 4;
