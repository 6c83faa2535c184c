/** Container names: which are valid, and holding one while a container is made. */
import { fail } from "../../../layers/base/errors.ts";
import type { EngineContext } from "../context.ts";
import { generateName } from "./name-generator.ts";

const VALID = /^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Reserves `asked`, or a generated name, for container `id`; the name without its slash. */
export function reserveName(context: EngineContext, asked: string, id: string): string {
  const { containers, rng } = context;
  const name = asked === "" ? generateName(rng, (taken) => containers.isNameTaken(taken)) : requireName(asked);
  containers.reserveName(name, id);
  return name;
}

export function requireName(text: string): string {
  if (!VALID.test(text)) {
    throw fail("invalidParameter", `Invalid container name (${text}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  }
  return text.startsWith("/") ? text.slice(1) : text;
}
