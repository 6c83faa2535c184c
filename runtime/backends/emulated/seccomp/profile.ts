/**
 * A seccomp profile in Docker's JSON (docs.docker.com, "Seccomp security profiles for Docker"; the fields are
 * the OCI runtime specification's). One hard idea: rules are included or excluded by capabilities, machine
 * and kernel version before anything is compiled.
 */
import { fail } from "../../../../layers/base/errors.ts";

export interface ProfileArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: string;
}

/** When a rule counts at all. */
export interface ProfileCondition {
  readonly caps?: readonly string[] | null;
  readonly arches?: readonly string[] | null;
  readonly minKernel?: string | null;
}

export interface ProfileRule {
  readonly name?: string;
  readonly names?: readonly string[] | null;
  readonly action: string;
  readonly errnoRet?: number | null;
  readonly args?: readonly ProfileArgument[] | null;
  readonly includes?: ProfileCondition | null;
  readonly excludes?: ProfileCondition | null;
}

export interface SeccompProfile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number | null;
  readonly architectures?: readonly string[] | null;
  readonly archMap?: readonly unknown[] | null;
  readonly syscalls?: readonly ProfileRule[] | null;
}

const ARCHITECTURE = "amd64";
/** The release the kernel tells in uname(2), as far as profiles ask. */
const KERNEL = [6, 12] as const;

/** @throws SlipwayError invalidParameter in moby's words. */
export function parseProfile(profile: unknown): SeccompProfile {
  if (typeof profile !== "object" || profile === null) throw invalid("Decoding seccomp profile failed");
  // A client's JSON: every field is looked at before it is used, here or in compile.ts.
  const { syscalls, ...rest } = profile as SeccompProfile;
  if (typeof rest.defaultAction !== "string")
    throw invalid("Decoding seccomp profile failed: no defaultAction");
  if ((rest.architectures?.length ?? 0) > 0 && (rest.archMap?.length ?? 0) > 0) {
    throw invalid(
      "both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'",
    );
  }
  for (const rule of syscalls ?? []) {
    if (rule.name !== undefined && rule.name !== "" && (rule.names?.length ?? 0) > 0) {
      throw invalid(
        "both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'",
      );
    }
  }
  return { ...rest, syscalls: syscalls ?? [] };
}

export function namesOf({ name, names }: ProfileRule): readonly string[] {
  return name !== undefined && name !== "" ? [name] : (names ?? []);
}

/** Whether `rule` counts for a container with these capabilities. */
export function isIncluded({ includes, excludes }: ProfileRule, capabilities: readonly string[]): boolean {
  if ((excludes?.arches ?? []).includes(ARCHITECTURE)) return false;
  if ((excludes?.caps ?? []).some((capability) => capabilities.includes(capability))) return false;
  if (excludes?.minKernel && hasKernel(excludes.minKernel)) return false;
  const arches = includes?.arches ?? [];
  if (arches.length > 0 && !arches.includes(ARCHITECTURE)) return false;
  if (!(includes?.caps ?? []).every((capability) => capabilities.includes(capability))) return false;
  return !includes?.minKernel || hasKernel(includes.minKernel);
}

function hasKernel(wanted: string): boolean {
  const [major = 0, minor = 0] = wanted.split(".").map(Number);
  return KERNEL[0] > major || (KERNEL[0] === major && KERNEL[1] >= minor);
}

export function invalid(message: string): Error {
  return fail("invalidParameter", message);
}
