/** The errors of node:fs as SlipwayErrors by kind. */
import { SlipwayError, fail } from "../../base/errors.ts";

/** The errno name of what node:fs threw, or undefined. */
export function errnoOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string"
    ? thrown.code
    : undefined;
}

/** What a caller of Storage is told when an operation on `name` failed. */
export function storageError(thrown: unknown, name: string): SlipwayError {
  switch (errnoOf(thrown)) {
    case "ENOENT":
      return fail("notFound", `${name}: no such file in storage`, { cause: thrown });
    case "ENOSPC":
    case "EDQUOT":
      return fail("resourceExhausted", "no space left on device", { cause: thrown });
    case "EEXIST":
    case "EISDIR":
    case "ENOTDIR":
      return fail("invalidParameter", `${name}: a name cannot be both a file and a folder`, { cause: thrown });
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return fail("forbidden", `${name}: permission denied by the host`, { cause: thrown });
    default:
      return SlipwayError.from(thrown);
  }
}
