/**
 * After a crash or a restart: containers that ran are exited (255, as dockerd says when it cannot know
 * better), half removed ones and automatic ones are removed, and restart policies bring back the rest.
 */
import type { EngineContext } from "../context.ts";
import { formatTime } from "../time.ts";
import type { Container } from "./container.ts";
import { discardContainer } from "./discard.ts";
import { startLocked } from "./start.ts";

/** moby daemon/daemon.go, restore. */
const EXIT_UNKNOWN_AFTER_CRASH = 255;

export async function restoreContainers(context: EngineContext): Promise<void> {
  const toStart: Container[] = [];
  for (const container of context.containers.all()) {
    const { state, hostConfig } = container.record;
    const wasRunning = state.isRunning;
    if (state.isDead || hostConfig.AutoRemove) {
      await discardContainer(context, container);
      continue;
    }
    if (wasRunning) await markEnded(context, container);
    if (shouldStart(container)) toStart.push(container);
  }
  await removeOrphans(context);
  for (const container of toStart) {
    context.background.run(container.lock.run(() => startLocked(context, container)));
  }
}

async function markEnded(context: EngineContext, container: Container): Promise<void> {
  const wasRestarting = container.record.state.isRestarting;
  await context.containers.updateState(container, {
    isRunning: false,
    isPaused: false,
    isRestarting: false,
    pid: 0,
    exitCode: wasRestarting ? container.record.state.exitCode : EXIT_UNKNOWN_AFTER_CRASH,
    finishedAt: formatTime(context.clock.nowNs()),
  });
}

function shouldStart(container: Container): boolean {
  const { hostConfig, hasBeenManuallyStopped, hasBeenStartedBefore, state, restartCount } = container.record;
  if (!hasBeenStartedBefore) return false;
  const { Name: policy, MaximumRetryCount: retriesMax } = hostConfig.RestartPolicy;
  if (policy === "always") return true;
  if (policy === "unless-stopped") return !hasBeenManuallyStopped;
  if (policy !== "on-failure" || hasBeenManuallyStopped || state.exitCode === 0) return false;
  return retriesMax === 0 || restartCount < retriesMax;
}

/** Writable layers whose container is gone: a crash between two steps of a removal. */
async function removeOrphans(context: EngineContext): Promise<void> {
  for (const { key } of await context.snapshots.writables()) {
    if (context.containers.byId(key) === undefined) await context.snapshots.removeWritable(key);
  }
}
