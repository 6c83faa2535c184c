/**
 * Which user namespace a namespace belongs to (user_namespaces(7), "Interaction of user namespaces and other types of
 * namespaces"): capabilities over it count there. What nobody made in a user namespace belongs to the first.
 */
import { hasCapabilityIn } from "../task/credentials.ts";
import type { Credentials } from "../task/credentials.ts";
import type { Task } from "../task/task.ts";
import type { UserNamespace } from "./user-namespace.ts";

interface Owned {
  readonly inode: number;
}

const owners = new WeakMap<Owned, UserNamespace>();

/** Undefined is the first user namespace. */
export function ownerOf(namespace: Owned): UserNamespace | undefined {
  return owners.get(namespace);
}

/** Notes who made `namespace`. */
export function ownedBy<Namespace extends Owned>(namespace: Namespace, owner: UserNamespace | undefined): Namespace {
  if (owner !== undefined) owners.set(namespace, owner);
  return namespace;
}

/** ns_capable over the owner of `namespace`. */
export function hasCapabilityOverNamespace(who: Credentials, capability: number, namespace: Owned): boolean {
  return hasCapabilityIn(who, capability, ownerOf(namespace));
}

/** Over the caller's network: CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE. */
export function hasNetworkCapability({ credentials, namespaces }: Task, capability: number): boolean {
  return hasCapabilityOverNamespace(credentials, capability, namespaces.network);
}
