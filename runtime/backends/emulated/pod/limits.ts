/** `--ulimit` to the kernel's limits; -1 is unlimited, as in Docker. */
import { Rlimit, UNLIMITED } from "../../../kernel/task/limits.ts";
import type { Limit } from "../../../kernel/task/limits.ts";
import type { ProcessSpec } from "../../backend.ts";

export function limitsOf(rlimits: ProcessSpec["rlimits"]): (Limit | undefined)[] {
  const limits: (Limit | undefined)[] = [];
  for (const { name, soft, hard } of rlimits) {
    const resource = Object.entries(Rlimit).find(([known]) => known === name)?.[1];
    if (resource !== undefined) limits[resource] = { soft: soft < 0 ? UNLIMITED : soft, hard: hard < 0 ? UNLIMITED : hard };
  }
  return limits;
}
