/** The DOMExceptions of OPFS and IndexedDB as SlipwayErrors by kind. */
import { SlipwayError, fail } from "../base/errors.ts";

/** The name of a DOMException (or of the QuotaExceededError that newer browsers made a class). */
export function nameOf(thrown: unknown): string | undefined {
  return thrown instanceof Error || thrown instanceof DOMException ? thrown.name : undefined;
}

/** What a caller of Storage is told when an operation on `name` failed. */
export function storageError(thrown: unknown, name: string): SlipwayError {
  switch (nameOf(thrown)) {
    case "NotFoundError":
      return fail("notFound", `${name}: no such file in storage`, { cause: thrown });
    case "NoModificationAllowedError":
      return fail("conflict", `${name} is open elsewhere`, { cause: thrown });
    case "QuotaExceededError":
      return fail("resourceExhausted", "no space left on device", { cause: thrown });
    case "TypeMismatchError":
    case "InvalidModificationError":
      return fail("invalidParameter", `${name}: a name cannot be both a file and a folder`, { cause: thrown });
    case "SecurityError":
    case "NotAllowedError":
      return fail("forbidden", `${name}: the browser denies this page its storage`, { cause: thrown });
    case "NotReadableError":
      return fail("dataLoss", `${name}: vanished from the browser's storage`, { cause: thrown });
    default:
      return SlipwayError.from(thrown);
  }
}
