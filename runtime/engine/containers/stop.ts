/** `docker stop`, `kill` and `restart`: signals, patience, and the order of events people rely on. */
import { SlipwayError, fail } from "../../../layers/base/errors.ts";
import type { EngineContext } from "../context.ts";
import { SIGKILL, SIGTERM, isValidSignal, parseSignal } from "../signals.ts";
import type { Container } from "./container.ts";
import { containerEvent } from "./container-events.ts";
import { startLocked } from "./start.ts";

/** Seconds between the stop signal and SIGKILL (moby container.DefaultStopTimeout). */
const STOP_TIMEOUT_S = 10;
/** How long a killed task may take to close its files before we give up waiting for it. */
const KILL_TIMEOUT_MS = 10_000;
/** After this long, clients that do not read are let go, so that they cannot keep the task alive. */
const SLOW_CLIENT_MS = 2_000;

export interface StopOptions {
  /** Name or number; the container's own when empty. */
  readonly signal: string;
  /** Undefined: the container's own; negative: for ever. */
  readonly timeoutS: number | undefined;
}

export async function stopContainer(
  context: EngineContext,
  nameOrId: string,
  options: StopOptions,
): Promise<void> {
  const container = context.containers.get(nameOrId);
  if (!container.isRunning) throw fail("notModified", "container is already stopped");
  await stopAndWait(context, container, options);
}

/** Stops `container` if it runs, waits for its end, and announces it. */
export async function stopAndWait(
  context: EngineContext,
  container: Container,
  options: StopOptions,
): Promise<void> {
  if (!container.isRunning) return;
  const signal = options.signal === "" ? stopSignalOf(container) : parseSignal(options.signal);
  const timeoutS = options.timeoutS ?? container.record.config.StopTimeout ?? STOP_TIMEOUT_S;
  const ended = container.wait("not-running");
  await signalContainer(context, container, signal, true);
  if (!(await endsWithin(context, ended, timeoutS < 0 ? undefined : timeoutS * 1000))) {
    await killAndWait(context, container, ended);
  }
  containerEvent(context, container, "stop");
}

export async function killContainer(
  context: EngineContext,
  nameOrId: string,
  signalText: string,
): Promise<void> {
  const signal = signalText === "" ? SIGKILL : parseSignal(signalText);
  if (!isValidSignal(signal))
    throw fail("invalidParameter", `the linux daemon does not support signal ${signal}`);
  const container = context.containers.get(nameOrId);
  requireRunning(container);
  if (signal === SIGKILL) await killAndWait(context, container, container.wait("not-running"));
  else await signalContainer(context, container, signal, signal === stopSignalOf(container));
}

export async function restartContainer(
  context: EngineContext,
  nameOrId: string,
  options: StopOptions,
): Promise<void> {
  const container = context.containers.get(nameOrId);
  container.isBeingRestarted = true;
  try {
    await stopAndWait(context, container, options);
    await container.lock.run(async () => {
      container.restarts.reset();
      await context.containers.update(container, { restartCount: 0, hasBeenManuallyStopped: false });
      await startLocked(context, container);
    });
  } catch (thrown) {
    const error = SlipwayError.from(thrown);
    throw new SlipwayError(error.kind, `Cannot restart container ${nameOrId}: ${error.message}`, {
      cause: thrown,
    });
  } finally {
    container.isBeingRestarted = false;
  }
  containerEvent(context, container, "restart");
}

/** SIGKILL, and the end of the run. */
export async function killAndWait(
  context: EngineContext,
  container: Container,
  ended: Promise<unknown>,
): Promise<void> {
  const slow = context.clock.after(SLOW_CLIENT_MS, () => container.streams.releaseSlowClients());
  try {
    await signalContainer(context, container, SIGKILL, true);
    if (!(await endsWithin(context, ended, KILL_TIMEOUT_MS))) {
      throw fail("system", `tried to kill container, but did not receive an exit event`);
    }
  } finally {
    slow.dispose();
  }
}

function requireRunning(container: Container): void {
  if (!container.isRunning) throw fail("conflict", `container ${container.id} is not running`);
}

export function stopSignalOf(container: Container): number {
  const text = container.record.config.StopSignal;
  return text === "" ? SIGTERM : parseSignal(text);
}

/** `isFinal`: the container is meant to end by this; no restart policy brings it back. */
async function signalContainer(
  context: EngineContext,
  container: Container,
  signal: number,
  isFinal: boolean,
): Promise<void> {
  if (isFinal) container.restarts.cancel();
  if (!context.closing.aborted && !container.isBeingRestarted) {
    await context.containers.update(container, { hasBeenManuallyStopped: true });
  }
  const { task } = container;
  // Between two runs there is no process: cancelling the restart is all there is to do.
  if (task !== undefined) {
    try {
      await task.kill(signal);
      if (container.record.state.isPaused && isFinal) await task.resume();
    } catch (thrown) {
      // It ended by itself in this very moment.
      if (!(thrown instanceof SlipwayError) || thrown.kind !== "conflict") throw thrown;
    }
  }
  containerEvent(context, container, "kill", { signal: String(signal) });
}

/** Whether `ended` settles in time; undefined waits for ever. */
async function endsWithin(
  context: EngineContext,
  ended: Promise<unknown>,
  limitMs: number | undefined,
): Promise<boolean> {
  const isOver = ended.then(() => true);
  if (limitMs === undefined) return isOver;
  let settle = (_isOver: boolean): void => undefined;
  const late = new Promise<boolean>((resolve) => (settle = resolve));
  const timer = context.clock.after(limitMs, () => settle(false));
  const result = await Promise.race([isOver, late]);
  timer.dispose();
  return result;
}
