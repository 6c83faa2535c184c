/**
 * What names and values of extended attributes any filesystem takes. Who may set which (user.* only
 * on files and directories, trusted.* only with CAP_SYS_ADMIN) is for the caller, as in Linux.
 */
import { FsError } from "./errors.ts";
import { nameSizeBytes } from "./names.ts";

/** XATTR_NAME_MAX and XATTR_SIZE_MAX (linux/limits.h). */
const XATTR_NAME_BYTES_MAX = 255;
export const XATTR_VALUE_BYTES_MAX = 65_536;

const NAMESPACES = ["user.", "trusted.", "security.", "system."];

/** Throws ERANGE for a bad name, EOPNOTSUPP for an unknown namespace, ENOSPC for too large a value. */
export function checkXattr(name: string, value: Uint8Array): void {
  if (name === "" || nameSizeBytes(name) > XATTR_NAME_BYTES_MAX) throw new FsError("ERANGE");
  if (!NAMESPACES.some((namespace) => name.startsWith(namespace))) throw new FsError("EOPNOTSUPP");
  if (value.length > XATTR_VALUE_BYTES_MAX) throw new FsError("ENOSPC");
}
