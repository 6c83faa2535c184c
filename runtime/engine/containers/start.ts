/**
 * `docker start`: from a record to a running task. Under the container's lock from the check of its
 * state to the moment its process runs; what happens when it ends is in exit.ts.
 */
import { SlipwayError, fail, messageOf } from "../../../layers/base/errors.ts";
import type { StartFailure, Task } from "../../backends/backend.ts";
import type { EngineContext } from "../context.ts";
import { formatTime } from "../time.ts";
import type { Container } from "./container.ts";
import { containerEvent } from "./container-events.ts";
import { discardContainer } from "./discard.ts";
import { watchExit } from "./exit.ts";
import { initialHealth, watchHealth } from "./health-monitor.ts";
import { backendFor } from "./platforms.ts";
import type { Sharing } from "./sharing.ts";
import { sharingOf } from "./sharing.ts";
import { taskSpecOf } from "./task-spec.ts";

/** What State.ExitCode says when a start failed for a reason of its own (moby: exitUnknown). */
const EXIT_UNKNOWN = 128;

export async function startContainer(context: EngineContext, nameOrId: string): Promise<void> {
  const container = context.containers.get(nameOrId);
  await container.lock.run(async () => {
    requireStartable(container);
    container.restarts.reset();
    await context.containers.update(container, { restartCount: 0, hasBeenManuallyStopped: false });
    await startLocked(context, container);
  });
}

function requireStartable(container: Container): void {
  const { state } = container.record;
  if (state.isPaused) throw fail("conflict", "cannot start a paused container, try unpause instead");
  if (state.isRunning) throw fail("notModified", "container is already running");
  if (container.isRemovalInProgress || state.isDead) {
    throw fail("conflict", "container is marked for removal and cannot be started");
  }
}

/** Preconditions: the caller holds the container's lock and has checked its state. */
export async function startLocked(context: EngineContext, container: Container): Promise<void> {
  let task: Task | undefined;
  try {
    requireKnownNetwork(container);
    container.execs.clear();
    const backend = backendFor(context.backends, container.record.platform);
    const sharing = sharingOf(context, container.record);
    takeNames(container, sharing);
    task = await backend.create(taskSpecOf(container.record, sharing));
    container.task = task;
    // Clients and the log listen before the first instruction, so that nothing is missed.
    const watch = watchExit(context, container, task, () => startLocked(context, container));
    await task.start();
    await context.containers.update(container, {
      hasBeenStartedBefore: true,
      state: {
        ...container.record.state,
        isRunning: true,
        isPaused: false,
        isRestarting: false,
        isOomKilled: false,
        pid: task.pid,
        exitCode: 0,
        error: "",
        startedAt: formatTime(context.clock.nowNs()),
        health: initialHealth(container),
        diagnostics: undefined,
      },
    });
    watchHealth(context, container);
    containerEvent(context, container, "start");
    watch.arm();
  } catch (thrown) {
    throw await giveUp(context, container, task, thrown);
  }
}

/** Until networks exist, these modes are all there is. */
function requireKnownNetwork(container: Container): void {
  const mode = container.record.hostConfig.NetworkMode;
  if (["bridge", "default", "none", "host", ""].includes(mode) || mode.startsWith("container:")) return;
  throw fail("notFound", `failed to set up container networking: network ${mode} not found`);
}

/** In another's network a container has the other's name (moby: initializeNetworking); saved with its start. */
function takeNames(container: Container, { network }: Sharing): void {
  if (network === undefined) return;
  const { Hostname, Domainname } = network.config;
  container.record = { ...container.record, config: { ...container.record.config, Hostname, Domainname } };
}

/** Leaves the container stopped with the reason in its state; the error to throw. */
async function giveUp(
  context: EngineContext,
  container: Container,
  task: Task | undefined,
  thrown: unknown,
): Promise<SlipwayError> {
  const { error, exitCode } = startError(thrown);
  if (task !== undefined) {
    container.task = undefined;
    task.dispose();
    await task.closed().catch(() => undefined); // The start's own error is the one to tell.
  }
  container.streams.disconnect();
  // Who waits for an exit goes on waiting: nothing ran. A failed restart is told by exit.ts.
  await context.containers.updateState(container, {
    isRunning: false,
    isRestarting: false,
    pid: 0,
    error: error.message,
    exitCode,
  });
  if (container.record.hostConfig.AutoRemove) await discardContainer(context, container);
  return error;
}

function startError(thrown: unknown): { readonly error: SlipwayError; readonly exitCode: number } {
  const exitCode =
    thrown instanceof SlipwayError ? (thrown.data as Partial<StartFailure> | undefined)?.exitCode : undefined;
  if (exitCode === undefined) return { error: SlipwayError.from(thrown), exitCode: EXIT_UNKNOWN };
  // The docker command reads 126 out of the words "permission denied" (moby: setExitCodeFromError).
  const reason = messageOf(thrown);
  const hasWords = exitCode === 127 || /permission denied/i.test(reason);
  const message =
    "failed to create task for container: failed to create shim task: OCI runtime create failed: " +
    `unable to start container process: ${reason}${hasWords ? "" : ": permission denied"}: unknown`;
  return {
    error: new SlipwayError("invalidParameter", message, { cause: thrown, data: { exitCode } }),
    exitCode,
  };
}
