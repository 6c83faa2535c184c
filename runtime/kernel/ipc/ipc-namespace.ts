/**
 * ipc_namespaces(7): the objects of one namespace, found by its identity, and the limits of /proc/sys/kernel.
 */
import type { PlainNamespace } from "../ns/namespaces.ts";
import { setting } from "../fs/proc/sysctl.ts";
import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { IpcIds } from "./ipc-ids.ts";
import type { MessageQueue } from "./message-queue.ts";
import type { SemaphoreSet } from "./semaphore-set.ts";
import type { SharedSegment } from "./shared-segment.ts";

export class IpcObjects {
  readonly segments = new IpcIds<SharedSegment>();
  readonly semaphores = new IpcIds<SemaphoreSet>();
  readonly messages = new IpcIds<MessageQueue>();
}

const objectsByNamespace = new WeakMap<PlainNamespace, IpcObjects>();

/** The objects `task` sees. */
export function ipcOf({ namespaces }: Task): IpcObjects {
  let objects = objectsByNamespace.get(namespaces.ipc);
  if (objects === undefined) objectsByNamespace.set(namespaces.ipc, (objects = new IpcObjects()));
  return objects;
}

/** shmmax and shmall are longs: all of their bits count. */
export function longLimit(kernel: Kernel, name: "shmmax" | "shmall"): bigint {
  const text = setting(kernel, `kernel/${name}`);
  return /^\d+$/.test(text) ? BigInt(text) : 0n;
}

export function limit(kernel: Kernel, name: "shmmni" | "msgmax" | "msgmnb" | "msgmni"): number {
  return Number(setting(kernel, `kernel/${name}`));
}

/** /proc/sys/kernel/sem: SEMMSL, SEMMNS, SEMOPM, SEMMNI. */
export function semaphoreLimits(kernel: Kernel): readonly [number, number, number, number] {
  const [perSet = 0, all = 0, operations = 0, sets = 0] = setting(kernel, "kernel/sem")
    .split(/\s+/)
    .map(Number);
  return [perSet, all, operations, sets];
}
