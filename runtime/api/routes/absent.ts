/**
 * Things nothing here can make yet, asked for by name: the truth is that there is none. `docker inspect
 * NAME` asks all of them in turn and needs each to say "not found" (or "no swarm") to go on.
 */
import { fail } from "../../../layers/base/errors.ts";
import type { Route } from "../call.ts";
import { param } from "../call.ts";

export const networkInspect: Route = async (call) => {
  throw fail("notFound", `network ${param(call, "id")} not found`);
};

export const volumeInspect: Route = async (call) => {
  throw fail("notFound", `get ${param(call, "name")}: no such volume`);
};

export const pluginInspect: Route = async (call) => {
  throw fail("notFound", `plugin "${param(call, "name")}" not found`);
};

/** Services, tasks, nodes, secrets and configs. */
export const swarmInspect: Route = async () => {
  throw fail(
    "unavailable",
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
  );
};
