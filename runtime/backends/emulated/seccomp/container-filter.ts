/** The seccomp filter of a container, compiled once for its capabilities; exec goes through the same one. */
import type { SeccompFilter } from "../../../kernel/task/seccomp.ts";
import type { TaskSpec } from "../../backend.ts";
import { compileSeccompProfile } from "./compile.ts";
import { defaultProfile } from "./default-profile.ts";

/** @throws SlipwayError invalidParameter. */
export function seccompFilterOf({ seccomp, process }: TaskSpec): SeccompFilter | undefined {
  if (seccomp === undefined) return undefined;
  return compileSeccompProfile(seccomp === "builtin" ? defaultProfile() : seccomp, process.capabilities);
}
