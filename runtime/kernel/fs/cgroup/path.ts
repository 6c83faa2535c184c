/** A cgroup's path as somebody in a cgroup namespace sees it (cgroup_namespaces(7)). */
import type { Cgroup } from "../../cgroup.ts";
import type { Task } from "../../task/task.ts";

function chainOf(group: Cgroup): readonly Cgroup[] {
  const chain: Cgroup[] = [];
  for (let at: Cgroup | undefined = group; at !== undefined; at = at.parent) chain.unshift(at);
  return chain;
}

/** "/" is the root of the reader's namespace; what lies beside or above it is "/..". */
export function cgroupPath(group: Cgroup, reader: Task): string {
  const own = chainOf(group);
  const { root } = reader.namespaces.cgroup;
  const base = root === undefined ? own.slice(0, 1) : chainOf(root);
  let common = 0;
  while (common < base.length && own[common] === base[common]) common += 1;
  const names = [...base.slice(common).map(() => ".."), ...own.slice(common).map(({ name }) => name)];
  return `/${names.join("/")}`;
}
