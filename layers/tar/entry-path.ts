/**
 * Where an entry of a hostile archive may go: names are taken relative to the root whatever they begin
 * with, and one that climbs out of it is refused in the words of Docker's pkg/archive.
 */
import type { SlipwayError} from "../base/errors.ts";
import { fail } from "../base/errors.ts";

/** The components of `name` after cleaning. @throws SlipwayError `invalidParameter` when it climbs out. */
export function entryComponents(name: string, root: string): readonly string[] {
  const components: string[] = [];
  for (const component of name.split("/")) {
    if (component === "" || component === ".") continue;
    if (component !== "..") components.push(component);
    else if (components.pop() === undefined && !name.startsWith("/")) {
      throw breakout(`"${name}" is outside of "${root}"`);
    }
  }
  return components;
}

/** The same for the target of a hard link, which is a name in the archive too. */
export function hardlinkComponents(linkName: string, name: string): readonly string[] {
  const climbsOut = (): SlipwayError => breakout(`invalid hardlink "${name}" -> "${linkName}"`);
  const components: string[] = [];
  for (const component of linkName.split("/")) {
    if (component === "" || component === ".") continue;
    if (component !== "..") components.push(component);
    else if (components.pop() === undefined && !linkName.startsWith("/")) throw climbsOut();
  }
  if (components.length === 0) throw climbsOut();
  return components;
}

function breakout(message: string): SlipwayError {
  return fail("invalidParameter", message);
}
