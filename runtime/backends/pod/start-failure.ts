/** Why a first process cannot start, with Docker's exit code: 127 not found, 126 found but not runnable. */
import type { SlipwayError } from "../../../layers/base/errors.ts";
import { fail } from "../../../layers/base/errors.ts";
import type { StartFailure } from "../backend.ts";

export function cannotStart(exitCode: StartFailure["exitCode"], message: string): SlipwayError {
  return fail("invalidParameter", message, { data: { exitCode } satisfies StartFailure });
}
