/**
 * Which file names a Storage accepts: those that every host accepts unchanged. One place decides, so
 * that a name that works in memory cannot fail in OPFS.
 */
import { fail } from "../base/errors.ts";

/** ext4's and OPFS's limit for one component of a path. */
const COMPONENT_LENGTH_MAX = 255;

/** Short enough to leave a host's data root its share of PATH_MAX (4096). */
const NAME_LENGTH_MAX = 1024;

const COMPONENT = /^[A-Za-z0-9._-]+$/;

/**
 * The components of a file name.
 * @throws SlipwayError `invalidParameter` for a name that some host would not take.
 */
export function componentsOf(name: string): readonly string[] {
  const components = name.split("/");
  const isFit = name.length <= NAME_LENGTH_MAX && components.every(isFitComponent);
  if (!isFit) throw fail("invalidParameter", `invalid file name ${JSON.stringify(name.slice(0, 80))}`);
  return components;
}

function isFitComponent(component: string): boolean {
  if (component === "." || component === "..") return false;
  return component.length <= COMPONENT_LENGTH_MAX && COMPONENT.test(component);
}
