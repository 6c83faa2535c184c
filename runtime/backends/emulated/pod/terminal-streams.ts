/** Which streams a process gets: a terminal for -t, else three pipes. */
import type { Kernel } from "../../../kernel/kernel.ts";
import type { ProcessSpec } from "../../backend.ts";
import type { StandardStreams } from "./streams.ts";
import { pipeStreams } from "./streams.ts";

export function openStreams(kernel: Kernel, spec: ProcessSpec): StandardStreams {
  return pipeStreams(kernel, spec.hasStdin);
}
