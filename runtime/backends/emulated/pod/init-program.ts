/** `docker run --init`: the program that Docker mounts into the container and puts in front of the person's. */
import type { ProcessSpec } from "../../backend.ts";
import { DOCKER_INIT_ELF } from "../docker-init/docker-init.ts";

export const DOCKER_INIT_PATH = "/sbin/docker-init";

export function dockerInit(): Uint8Array {
  return Uint8Array.from(atob(DOCKER_INIT_ELF), (character) => character.charCodeAt(0));
}

export function underInit(process: ProcessSpec): ProcessSpec {
  return { ...process, args: [DOCKER_INIT_PATH, "--", ...process.args] };
}
