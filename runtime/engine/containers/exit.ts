/**
 * The end of a run: output written to the last byte, the root filesystem closed, the state recorded,
 * events and waiters told, then a restart or the automatic removal (moby daemon/monitor.go).
 */
import { SlipwayError, messageOf } from "../../../layers/base/errors.ts";
import type { ExitStatus, Task } from "../../backends/backend.ts";
import type { EngineContext } from "../context.ts";
import { formatTime, timeNs } from "../time.ts";
import type { Container } from "./container.ts";
import { containerEvent } from "./container-events.ts";
import { discardContainer } from "./discard.ts";
import { unwatchHealth } from "./health-monitor.ts";

/** How long the end of a run waits for clients that do not read (moby: StreamConfig.Wait). */
const SLOW_CLIENT_MS = 2_000;
/** The machine under the program failed without an exit code of its own (moby: exitUnknown). */
const EXIT_MACHINE_FAILED = 128;

/** Starts the container again; the lock is held. */
type Restart = () => Promise<void>;

/** Joins `task` to the container's streams and log; `arm` handles its end from then on. */
export function watchExit(
  context: EngineContext,
  container: Container,
  task: Task,
  restart: Restart,
): { arm(): void } {
  const writer = container.log?.writer((error) => noteLogFailure(context, container, error));
  const listening = writer === undefined ? undefined : container.streams.listen(writer);
  const copied = container.streams.connect(task);
  const finished = async (): Promise<ExitStatus> => {
    const status = await task.exited;
    await settleWithin(context, copied, SLOW_CLIENT_MS, () => container.streams.releaseSlowClients());
    listening?.dispose();
    await writer?.finish();
    await task.closed();
    return status;
  };
  return {
    arm(): void {
      const ended = finished().catch((thrown: unknown): ExitStatus => ({
        exitCode: EXIT_MACHINE_FAILED,
        isOomKilled: false,
        error: SlipwayError.from(thrown).message,
      }));
      // Not among the background work: a container may run for ever; closing the engine ends it.
      void ended.then((status) =>
        context.background.run(handleExit(context, container, { task, status, restart })),
      );
    },
  };
}

async function settleWithin(
  context: EngineContext,
  work: Promise<void>,
  limitMs: number,
  onLate: () => void,
): Promise<void> {
  const timer = context.clock.after(limitMs, onLate);
  // The streams of a machine that failed fail too; its exit status tells why.
  await work.catch(() => undefined);
  timer.dispose();
}

function noteLogFailure(context: EngineContext, container: Container, error: SlipwayError): void {
  containerEvent(context, container, "log_failure", { error: error.message });
}

interface FinishedTask {
  readonly task: Task;
  readonly status: ExitStatus;
  readonly restart: Restart;
}

async function handleExit(
  context: EngineContext,
  container: Container,
  finished: FinishedTask,
): Promise<void> {
  await container.lock.run(async () => {
    const delayMs = await recordExit(context, container, finished);
    if (delayMs !== undefined)
      context.background.run(restartLater(context, container, delayMs, finished.restart));
    else if (container.record.hostConfig.AutoRemove && !container.isBeingRestarted) {
      await discardContainer(context, container);
    }
  });
}

/** Writes down the end; the delay before a restart when the policy wants one. */
async function recordExit(
  context: EngineContext,
  container: Container,
  { task, status }: FinishedTask,
): Promise<number | undefined> {
  const { record } = container;
  const nowNs = context.clock.nowNs();
  const durationNs = nowNs - timeNs(record.state.startedAt);
  const { exitCode } = status;
  const delayMs =
    container.isBeingRestarted || context.closing.aborted
      ? undefined
      : container.restarts.next(record.hostConfig.RestartPolicy, {
          exitCode,
          wasManuallyStopped: record.hasBeenManuallyStopped,
          durationMs: Number(durationNs / 1_000_000n),
        });
  container.task = undefined;
  task.dispose();
  if (status.isOomKilled) containerEvent(context, container, "oom");
  const willRestart = delayMs !== undefined;
  const saved = context.containers.update(container, {
    restartCount: record.restartCount + (willRestart ? 1 : 0),
    state: {
      ...container.record.state,
      // A container between two runs counts as running, as in moby: it can be stopped.
      isRunning: willRestart,
      isRestarting: willRestart,
      isPaused: false,
      isOomKilled: status.isOomKilled,
      pid: 0,
      exitCode,
      error: status.error ?? "",
      finishedAt: formatTime(nowNs),
      health: unwatchHealth(container),
      diagnostics: status.diagnostics,
    },
  });
  // A full disk must not leave clients waiting: what is in memory is true, the record is behind.
  await saved.catch((thrown: unknown) =>
    containerEvent(context, container, "save_failure", { error: messageOf(thrown) }),
  );
  container.streams.disconnect();
  containerEvent(context, container, "die", {
    exitCode: String(exitCode),
    execDuration: String(durationNs / 1_000_000_000n),
  });
  container.notifyExit();
  return delayMs;
}

async function restartLater(
  context: EngineContext,
  container: Container,
  delayMs: number,
  restart: Restart,
): Promise<void> {
  const isDue = await container.restarts.pause(delayMs);
  await container.lock.run(async () => {
    const { state } = container.record;
    if (!state.isRestarting || state.isDead) return; // Stopped or removed meanwhile.
    if (isDue && !context.closing.aborted) {
      try {
        await restart();
        return;
      } catch {
        // The start has written the reason into the state; the policy is not asked again.
      }
    }
    await context.containers.updateState(container, { isRunning: false, isRestarting: false });
    container.notifyExit();
  });
}
